package ringfence.rules.excepted_then_allowed_test

import data.ringfence.model
import data.ringfence.rules.excepted_then_allowed.findings

test_fires if {
	found := findings with input as model.input_of({"policies": [model.policy({})], "cancelled_excepts": [{
		"object": 2,
		"path": ["spec", "egress", 0, "to", 0, "ipBlock", "except", 0],
		"except": "10.0.0.0/8",
		"by": [{"object": 3, "path": ["spec", "egress", 0]}],
	}]})
	found == {{
		"object": 2,
		"path": ["spec", "egress", 0, "to", 0, "ipBlock", "except", 0],
		"message": "excepting 10.0.0.0/8 has no effect: it is allowed on the same ports by another rule",
		"related": [{"object": 3, "path": ["spec", "egress", 0], "message": "it is allowed here"}],
		"severity": "medium",
	}}
}

test_explained_is_a_note if {
	found := findings with input as model.input_of({
		"policies": [model.policy({"explained": true})],
		"cancelled_excepts": [{"object": 2, "path": [], "except": "10.0.0.0/8", "by": []}],
	})
	{f.severity | some f in found} == {"note"}
}

test_not_without_one if count(findings) == 0 with input as model.input_of({"policies": [model.policy({})]})
