package ringfence.rules.port_mismatch_test

import data.ringfence.model
import data.ringfence.rules.port_mismatch.findings

_port := {
	"path": ["spec", "ingress", 0, "ports", 0, "port"],
	"port": 80,
	"target": 8080,
	"protocol": "TCP",
	"workload": 1,
	"service": 6,
	"service_path": ["spec", "ports", 0],
	"service_title": "Service \"cart\"",
}

_document(rule) := model.input_of({
	"workloads": [model.workload({})],
	"policies": [model.policy({"rules": [model.rule(rule)]})],
})

test_fires if {
	found := findings with input as _document({"service_ports": [_port]})
	found == {{
		"object": 2,
		"path": ["spec", "ingress", 0, "ports", 0, "port"],
		"message": "TCP 80 is the port of Service \"cart\", but Deployment \"cart\" listens on 8080, which no rule allows",
		"related": [{"object": 6, "path": ["spec", "ports", 0], "message": "leads from port 80 to port 8080"}],
	}}
}

test_note_for_auditors_with_gaps if {
	found := findings with input as object.union(_document({"service_ports": [_port]}), {"environment": {"complete": false}})
	{[f.severity, f.persona] | some f in found} == {["note", "auditor"]}
}

test_not_without_effect if {
	count(findings) == 0 with input as _document({"effective": false, "service_ports": [_port]})
}

test_not_for_ports_of_pods if {
	count(findings) == 0 with input as _document({})
}
