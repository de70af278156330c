package ringfence.rules.allow_all_rule_test

import data.ringfence.model
import data.ringfence.rules.allow_all_rule.findings

_found(rule, workload) := found if {
	found := findings with input as model.input_of({
		"workloads": [model.workload(workload)],
		"policies": [model.policy({"rules": [model.rule(object.union({"allows_all": true}, rule))]})],
	})
}

_egress := {"direction": "egress", "path": ["spec", "egress", 0]}

test_egress_is_low if {
	_found(_egress, {}) == {{
		"object": 2,
		"path": ["spec", "egress", 0],
		"message": "NetworkPolicy \"cart\" allows all egress: it may connect to anything on any port",
		"related": [],
		"severity": "low",
	}}
}

test_egress_of_exposed_is_medium if {
	some f in _found(_egress, {"exposed_by": [{"object": 5, "path": []}]})
	f.severity == "medium"
}

test_ingress_is_medium if {
	some f in _found({}, {})
	f.severity == "medium"
}

test_ingress_of_a_data_store_is_high if {
	some f in _found({}, {"data_store": "redis"})
	f.severity == "high"
}

test_not_where_unprotected_workload_points_here if {
	open := {"isolated": true, "open": true, "open_by": [{"object": 2, "path": ["spec", "ingress", 0]}]}
	count(_found({}, {"ingress": open})) == 0
	count(_found({}, {"ingress": open, "uncertain": true})) == 1 # then unprotected-workload is quiet
}

test_not_without_effect if count(_found({"effective": false}, {})) == 0

test_not_with_a_port if count(_found({"allows_all": false}, {})) == 0

test_explained_is_a_note if {
	found := findings with input as model.input_of({
		"workloads": [model.workload({"data_store": "redis"})],
		"policies": [model.policy({"explained": true, "rules": [model.rule({"allows_all": true})]})],
	})
	{f.severity | some f in found} == {"note"}
}
