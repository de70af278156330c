package ringfence.rules.unstable_selector_test

import data.ringfence.model
import data.ringfence.rules.unstable_selector.findings

test_fires if {
	found := findings with input as model.input_of({"unstable": [{
		"object": 2,
		"path": ["spec", "podSelector", "matchLabels", "version"],
		"selector": "app=a,version=v1",
		"key": "version",
	}]})
	found == {{
		"object": 2,
		"path": ["spec", "podSelector", "matchLabels", "version"],
		"message": "the value of version changes with versions, and app=a,version=v1 then matches other pods or none",
		"related": [],
	}}
}

test_not_for_other_labels if count(findings) == 0 with input as model.input_of({"policies": [model.policy({})]})
