package ringfence.rules.policy_types_omitted_test

import data.ringfence.model
import data.ringfence.rules.policy_types_omitted.findings

_found(policy, workload) := found if {
	found := findings with input as model.input_of({
		"workloads": [model.workload(workload)],
		"policies": [model.policy(object.union({"types_written": false}, policy))],
	})
}

test_empty_egress_denies_nothing if {
	_found({"types": {"egress": false}}, {}) == {{
		"object": 2,
		"path": ["spec"],
		"message": "NetworkPolicy \"cart\" does not isolate egress: egress is empty and policyTypes is missing",
		"related": [],
	}}
}

_egress := {"sections": {"ingress": false}}

# Only the policy isolates the workload's ingress.
_isolated := {"ingress": {"policies": [2]}}

test_egress_rules_deny_ingress if {
	found := _found(_egress, _isolated)
	model.messages(found) == {"NetworkPolicy \"cart\" has only egress rules and denies all ingress: policyTypes is missing"}
}

test_egress_rules_deny_ingress_of_pods_to_come if count(_found(object.union(_egress, {"selected": []}), {})) == 1

test_not_where_another_policy_isolates_ingress_anyway if count(_found(_egress, {"ingress": {"policies": [2, 3]}})) == 0

test_not_when_written if {
	count(_found({"types_written": true, "types": {"egress": false}}, {})) == 0
	count(_found(object.union(_egress, {"types_written": true}), {})) == 0
}

test_not_for_an_ingress_policy if {
	ingress := {"types": {"egress": false}, "sections": {"egress": false}}
	count(_found(ingress, _isolated)) == 0
}

# It selects pods and has no rules: that denies ingress, and says so.
test_not_without_rules if {
	bare := {"types": {"egress": false}, "sections": {"ingress": false, "egress": false}}
	count(_found(bare, _isolated)) == 0
}

test_not_where_both_have_rules if count(_found({}, _isolated)) == 0
