package ringfence.rules.host_network_pod_test

import data.ringfence.model
import data.ringfence.rules.host_network_pod.findings

_found(workload) := found if {
	found := findings with input as model.input_of({
		"workloads": [model.workload(object.union({"host_network": true}, workload))],
		"policies": [model.policy({})],
	})
}

test_fires if {
	_found({}) == {{
		"object": 1,
		"path": ["spec", "template", "spec", "hostNetwork"],
		"message": "policies do not apply to Deployment \"cart\": its pods are on the host network",
		"related": [],
		"severity": "medium",
	}}
}

test_names_the_policy_without_effect if {
	some f in _found({"matched_by": [2]})
	endswith(f.message, "on the host network, and NetworkPolicy \"cart\" has no effect on it")
	f.related == [{"object": 2, "path": ["spec", "podSelector"], "message": "selects it without effect"}]
}

test_names_one_of_several_policies if {
	policies := [model.policy({}), model.policy({"id": 3, "title": "NetworkPolicy \"all\""})]
	found := findings with input as model.input_of({
		"workloads": [model.workload({"host_network": true, "matched_by": [2, 3]})],
		"policies": policies,
	})
	{f.message | some f in found} == {"policies do not apply to Deployment \"cart\": its pods are on the host network, and NetworkPolicy \"cart\" and 1 more have no effect on it"}
}

test_daemons_of_the_system_are_low if {
	{f.severity | some f in _found({"daemon": true})} == {"low"}
}

test_not_on_the_pod_network if count(_found({"host_network": false})) == 0
