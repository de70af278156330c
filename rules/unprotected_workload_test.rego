package ringfence.rules.unprotected_workload_test

import data.ringfence.model
import data.ringfence.rules.unprotected_workload.findings

test_fires_without_a_policy if {
	found := findings with input as model.input_of({"workloads": [model.workload({})]})
	found == {{
		"object": 1,
		"path": ["kind"],
		"message": "any pod can connect to Deployment \"cart\" on any port: no policy isolates its ingress, and its egress is open too",
		"related": [],
		"severity": "medium",
		"confidence": "high",
		"defect": "any port",
	}}
}

test_is_high_when_exposed if {
	cart := model.workload({"exposed_by": [{"object": 5, "path": ["spec", "type"]}]})
	found := findings with input as model.input_of({"workloads": [cart]})
	some f in found
	f.severity == "high"
	f.related == [{"object": 5, "path": ["spec", "type"], "message": "reachable from outside through this"}]
}

test_points_at_the_rule_that_allows_everything if {
	cart := model.workload({
		"ingress": {"policies": [2], "isolated": true, "open_by": [{"object": 2, "path": ["spec", "ingress", 0]}]},
		"egress": {"isolated": true, "open": false},
	})
	found := findings with input as model.input_of({"workloads": [cart], "policies": [model.policy({})]})
	some f in found
	f.message == "any pod can connect to Deployment \"cart\" on any port: NetworkPolicy \"cart\" allows all ingress"
	f.related == [{"object": 2, "path": ["spec", "ingress", 0], "message": "everything is allowed here"}]
}

test_is_less_sure_with_gaps if {
	found := findings with input as model.input_of({
		"environment": {"name": "test", "complete": false},
		"workloads": [model.workload({})],
	})
	{f.confidence | some f in found} == {"medium"}
}

test_not_when_not_open if {
	cart := model.workload({"ingress": {"isolated": true, "open": false}})
	count(findings) == 0 with input as model.input_of({"workloads": [cart]})
}

test_not_on_the_host_network if {
	count(findings) == 0 with input as model.input_of({"workloads": [model.workload({"host_network": true})]})
}

test_not_for_helm_tests if {
	count(findings) == 0 with input as model.input_of({"workloads": [model.workload({"helm_test": true})]})
}

test_not_where_other_policies_may_protect if {
	count(findings) == 0 with input as model.input_of({"workloads": [model.workload({"uncertain": true})]})
}

test_names_the_namespace_without_default_deny if {
	found := findings with input as model.input_of({"workloads": [model.workload({})], "namespaces": [model.namespace({})]})
	some f in found
	f.related == [{"object": 0, "path": ["kind"], "message": "its namespace has no default deny"}]
}

test_does_not_blame_a_namespace_with_default_deny if {
	denies := model.namespace({"default_deny": {"ingress": true, "egress": false}})
	found := findings with input as model.input_of({"workloads": [model.workload({})], "namespaces": [denies]})
	some f in found
	f.related == []
}
