package ringfence.rules.overbroad_pod_selector_test

import data.ringfence.model
import data.ringfence.rules.overbroad_pod_selector.findings

test_fires if {
	found := findings with input as model.input_of({
		"workloads": [model.workload({})],
		"unrelated_peers": [{"object": 2, "path": ["spec", "ingress", 0, "from", 0], "title": "podSelector {}", "unrelated": [1]}],
	})
	found == {{
		"object": 2,
		"path": ["spec", "ingress", 0, "from", 0],
		"message": "podSelector {} matches Deployment \"cart\" as well, of which nothing tells that the rule is needed",
		"related": [],
		"defect": "podSelector {}",
	}}
}

test_not_without_one if count(findings) == 0 with input as model.input_of({"workloads": [model.workload({})]})
