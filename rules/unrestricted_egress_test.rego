package ringfence.rules.unrestricted_egress_test

import data.ringfence.model
import data.ringfence.rules.unrestricted_egress.findings

_ingress := {"policies": [2], "isolated": true, "open": false}

test_fires if {
	found := findings with input as model.input_of({"workloads": [model.workload({"ingress": _ingress})]})
	found == {{
		"object": 1,
		"path": ["kind"],
		"message": "Deployment \"cart\" may connect to anything: policies isolate its ingress, none its egress",
		"related": [{"object": 2, "path": ["spec"], "message": "isolates its ingress only"}],
		"severity": "low",
		"confidence": "high",
	}}
}

test_is_medium_when_exposed if {
	cart := model.workload({"ingress": _ingress, "exposed_by": [{"object": 5, "path": []}]})
	found := findings with input as model.input_of({"workloads": [cart]})
	{f.severity | some f in found} == {"medium"}
}

test_not_where_ingress_is_open_too if {
	count(findings) == 0 with input as model.input_of({"workloads": [model.workload({})]})
	cart := model.workload({"ingress": {"policies": [2], "isolated": true, "open": true}})
	count(findings) == 0 with input as model.input_of({"workloads": [cart]})
}

test_not_where_a_rule_allows_everything if {
	cart := model.workload({"ingress": _ingress, "egress": {"isolated": true, "open": true}})
	count(findings) == 0 with input as model.input_of({"workloads": [cart]})
}

test_not_for_helm_tests if {
	cart := model.workload({"ingress": _ingress, "helm_test": true})
	count(findings) == 0 with input as model.input_of({"workloads": [cart]})
}

test_not_where_other_policies_may_protect if {
	cart := model.workload({"ingress": _ingress, "uncertain": true})
	count(findings) == 0 with input as model.input_of({"workloads": [cart]})
}
