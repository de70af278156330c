package ringfence.rules.split_peer_test

import data.ringfence.model
import data.ringfence.rules.split_peer.findings

_found(policy, split) := found if {
	two := {
		"path": ["spec", "ingress", 0, "from", 1],
		"other": ["spec", "ingress", 0, "from", 0],
		"namespace_selector": "team=front",
		"pod_selector": "app=web",
		"together": [1],
		"own": [],
		"covers_own": false,
	}
	found := findings with input as model.input_of({
		"workloads": [model.workload({"title": "Deployment \"web\""})],
		"policies": [model.policy(object.union(
			{"rules": [model.rule({"splits": [object.union(two, split)]})]},
			policy,
		))],
	})
}

test_fires if {
	_found({}, {}) == {{
		"object": 2,
		"path": ["spec", "ingress", 0, "from", 1],
		"message": "namespaceSelector team=front or podSelector app=web: as one peer they match Deployment \"web\"; the podSelector alone matches nothing",
		"related": [{"object": 2, "path": ["spec", "ingress", 0, "from", 0], "message": "the other half"}],
		"defect": "team=front app=web",
		"confidence": "high",
		"persona": "regular",
	}}
}

test_fires_when_the_own_namespace_is_covered_anyway if {
	{f.confidence | some f in _found({}, {"covers_own": true, "own": [1]})} == {"medium"}
}

test_is_for_auditors_when_both_make_sense if {
	some f in _found({}, {"own": [1]})
	[f.persona, f.confidence] == ["auditor", "low"]
}

test_not_without_effect if {
	rule := model.rule({"effective": false, "splits": [{
		"path": [],
		"other": [],
		"namespace_selector": "team=front",
		"pod_selector": "app=web",
		"together": [1],
		"own": [],
		"covers_own": false,
	}]})
	count(findings) == 0 with input as model.input_of({
		"workloads": [model.workload({})],
		"policies": [model.policy({"rules": [rule]})],
	})
}

test_not_when_together_they_match_nothing if count(_found({}, {"together": []})) == 0

test_not_from_an_unknown_namespace if count(_found({"private": true}, {})) == 0
