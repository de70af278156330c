package ringfence.rules.metadata_service_reachable_test

import data.ringfence.model
import data.ringfence.rules.metadata_service_reachable.findings

_found(policy) := found if {
	found := findings with input as model.input_of({
		"policies": [model.policy(policy)],
		"metadata_blocks": [{
			"object": 2,
			"path": ["spec", "egress", 0, "to", 0, "ipBlock", "cidr"],
			"cidr": "0.0.0.0/0",
			"address": "169.254.169.254",
			"ports": "any port",
		}],
	})
}

test_fires if {
	_found({}) == {{
		"object": 2,
		"path": ["spec", "egress", 0, "to", 0, "ipBlock", "cidr"],
		"message": "NetworkPolicy \"cart\" allows calls to the metadata service of the cloud: 0.0.0.0/0 holds 169.254.169.254, on any port",
		"related": [],
		"severity": "medium",
	}}
}

test_is_a_note_where_the_policy_says_why if {f.severity | some f in _found({"explained": true})} == {"note"}

test_not_without_such_a_block if count(findings) == 0 with input as model.input_of({"policies": [model.policy({})]})
