package ringfence.rules.contradictory_selector_test

import data.ringfence.model
import data.ringfence.rules.contradictory_selector.findings

test_fires if {
	found := findings with input as model.input_of({"contradictions": [{
		"object": 2,
		"path": ["spec", "podSelector", "matchExpressions", 0],
		"selector": "app=a,app in (b)",
		"key": "app",
	}]})
	found == {{
		"object": 2,
		"path": ["spec", "podSelector", "matchExpressions", 0],
		"message": "app=a,app in (b) matches nothing: no label app can meet this and the other requirements for it",
		"related": [],
	}}
}

test_not_without_a_contradiction if count(findings) == 0 with input as model.input_of({"policies": [model.policy({})]})
