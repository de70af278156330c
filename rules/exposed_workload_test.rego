package ringfence.rules.exposed_workload_test

import data.ringfence.model
import data.ringfence.rules.exposed_workload.findings

_document := model.input_of({
	"workloads": [model.workload({})],
	"policies": [model.policy({})],
	"surplus": [{"object": 2, "path": ["spec", "ingress", 0], "ports": "TCP 6060", "workloads": [1]}],
})

test_fires if {
	found := findings with input as _document
	found == {{
		"object": 2,
		"path": ["spec", "ingress", 0],
		"message": "NetworkPolicy \"cart\" admits everybody to Deployment \"cart\" on TCP 6060, which nothing publishes",
		"related": [],
		"defect": "TCP 6060 for app=cart",
		"severity": "medium",
	}}
}

test_explained_is_a_note if {
	found := findings with input as object.union(_document, {"policies": [model.policy({"explained": true})]})
	{f.severity | some f in found} == {"note"}
}

test_is_a_note_for_auditors_with_gaps if {
	found := findings with input as object.union(_document, {"environment": {"complete": false}})
	{f.persona | some f in found} == {"auditor"}
}

test_not_without_such_ports if {
	count(findings) == 0 with input as model.input_of({"workloads": [model.workload({})], "policies": [model.policy({})]})
}
