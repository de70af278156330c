package ringfence.rules.service_without_workload_test

import data.ringfence.model
import data.ringfence.rules.service_without_workload.findings

_document(patch) := model.input_of({
	"workloads": [model.workload({})],
	"services": [model.service(object.union({"backends": []}, patch))],
})

_found(patch) := found if {
	found := findings with input as _document(patch)
}

test_fires if {
	_found({"akin": [1]}) == {{
		"object": 6,
		"path": ["spec", "selector"],
		"message": "Service \"cart\" leads nowhere: no workload of its namespace has app=cart",
		"related": [{"object": 1, "path": ["kind"], "message": "may be meant"}],
		"severity": "medium",
		"confidence": "high",
	}}
}

test_low_for_what_may_be_a_placeholder if {
	{f.severity | some f in _found({})} == {"low"}
}

test_less_sure_with_operators_and_unknown_namespaces if {
	{f.confidence | some f in _found({"operator_pods": "possible"})} == {"low"}
	{f.confidence | some f in _found({"private": true})} == {"medium"}
}

test_note_for_auditors_where_not_everything_is_known if {
	every patch in [{"nearly": [1]}, {"namespace_workloads": 0}] {
		{[f.severity, f.persona] | some f in _found(patch)} == {["note", "auditor"]}
	}
	found := findings with input as object.union(_document({}), {"environment": {"complete": false}})
	{f.persona | some f in found} == {"auditor"}
}

test_fires_for_a_target_port if {
	path := ["spec", "ports", 0, "targetPort"]
	found := _found({"backends": [1], "missing_targets": [{"path": path, "port": 80, "name": "http", "protocol": "TCP"}]})
	{[f.path, f.message] | some f in found} == {[path, "Service \"cart\" leads nowhere on TCP 80: Deployment \"cart\" declares no port \"http\""]}
}

test_not_when_it_selects_something if count(_found({"backends": [1]})) == 0

test_not_for_what_controllers_and_operators_make if {
	count(_found({"controller_labels": true})) == 0
	count(_found({"operator_pods": "matching"})) == 0
}

test_not_without_any_workload if {
	count(findings) == 0 with input as object.union(_document({}), {"workloads": []})
}
