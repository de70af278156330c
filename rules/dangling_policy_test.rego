package ringfence.rules.dangling_policy_test

import data.ringfence.model
import data.ringfence.rules.dangling_policy.findings

_document(patch) := model.input_of({
	"workloads": [model.workload({})],
	"policies": [model.policy(object.union({"selected": []}, patch))],
})

_found(patch) := found if {
	found := findings with input as _document(patch)
}

test_fires if {
	_found({}) == {{
		"object": 2,
		"path": ["spec", "podSelector"],
		"message": "NetworkPolicy \"cart\" selects nothing: no workload of its namespace has app=cart",
		"related": [],
		"confidence": "high",
	}}
}

test_operators_make_it_less_sure if {
	{f.confidence | some f in _found({"operator_pods": "possible"})} == {"low"}
	count(_found({"operator_pods": "matching"})) == 0
}

test_is_less_sure_in_an_unknown_namespace if {
	{f.confidence | some f in _found({"private": true})} == {"medium"}
}

test_is_a_note_for_auditors_where_nothing_was_rendered if {
	some f in _found({"namespace_workloads": 0})
	[f.severity, f.persona] == ["note", "auditor"]
}

test_not_even_a_note_where_an_operator_makes_the_pods if {
	count(_found({"namespace_workloads": 0, "operator_pods": "matching"})) == 0
}

test_is_a_note_for_auditors_with_gaps if {
	found := findings with input as object.union(_document({}), {"environment": {"complete": false}})
	{f.persona | some f in found} == {"auditor"}
}

test_not_without_any_workload if {
	count(findings) == 0 with input as object.union(_document({}), {"workloads": []})
}

test_not_when_it_selects if count(_found({"selected": [1]})) == 0

test_not_when_it_selects_on_the_host_network if count(_found({"on_host_network": [1]})) == 0

test_not_for_a_default_deny if count(_found({"selects_all": true, "unlabelled": true})) == 0

test_not_for_all_pods_but_some if count(_found({"unlabelled": true})) == 0

test_not_for_labels_of_controllers if count(_found({"controller_labels": true})) == 0
