package ringfence.rules.ip_block_for_pods_test

import data.ringfence.model
import data.ringfence.rules.ip_block_for_pods.findings

_found(configured) := found if {
	found := findings with input as model.input_of({"pod_blocks": [{
		"object": 2,
		"path": ["spec", "ingress", 0, "from", 0, "ipBlock", "cidr"],
		"cidr": "10.244.0.0/16",
		"configured": configured,
	}]})
}

test_fires if {
	_found(true) == {{
		"object": 2,
		"path": ["spec", "ingress", 0, "from", 0, "ipBlock", "cidr"],
		"message": "no host outside of the cluster has an address in 10.244.0.0/16, and selectors match pods better",
		"related": [],
	}}
}

test_is_a_note_for_auditors_without_configuration if {
	{[f.severity, f.persona] | some f in _found(false)} == {["note", "auditor"]}
}

test_not_for_other_blocks if count(findings) == 0 with input as model.input_of({"policies": [model.policy({})]})
