package ringfence.rules.named_port_missing_test

import data.ringfence.model
import data.ringfence.rules.named_port_missing.findings

_missing := {"path": ["spec", "ingress", 0, "ports", 0, "port"], "name": "http", "protocol": "TCP", "workloads": [1]}

_document(rule) := model.input_of({
	"workloads": [model.workload({})],
	"policies": [model.policy({"rules": [model.rule(rule)]})],
})

test_fires if {
	found := findings with input as _document({"missing_names": [_missing]})
	found == {{
		"object": 2,
		"path": ["spec", "ingress", 0, "ports", 0, "port"],
		"message": "the rule allows nothing: Deployment \"cart\" declares no TCP port \"http\"",
		"related": [],
		"defect": "TCP http for app=cart",
	}}
}

test_note_for_auditors_with_gaps if {
	found := findings with input as object.union(_document({"missing_names": [_missing]}), {"environment": {"complete": false}})
	{[f.severity, f.persona] | some f in found} == {["note", "auditor"]}
}

test_not_without_effect if {
	count(findings) == 0 with input as _document({"effective": false, "missing_names": [_missing]})
}

test_not_for_ports_that_are_declared if {
	count(findings) == 0 with input as _document({})
}
