package ringfence.rules.source_ip_lost_test

import data.ringfence.model
import data.ringfence.rules.source_ip_lost.findings

test_fires if {
	found := findings with input as model.input_of({"hidden_sources": [{
		"object": 2,
		"path": ["spec", "ingress", 0, "from", 0, "ipBlock", "cidr"],
		"cidr": "203.0.113.0/24",
		"service": 6,
		"service_path": ["spec", "type"],
		"service_title": "Service \"cart\"",
	}]})
	found == {{
		"object": 2,
		"path": ["spec", "ingress", 0, "from", 0, "ipBlock", "cidr"],
		"message": "clients in 203.0.113.0/24 come through Service \"cart\" with the address of a node",
		"related": [{"object": 6, "path": ["spec", "type"], "message": "externalTrafficPolicy is not Local"}],
	}}
}

test_not_without_one if count(findings) == 0 with input as model.input_of({"policies": [model.policy({})]})
