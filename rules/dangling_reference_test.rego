package ringfence.rules.dangling_reference_test

import data.ringfence.model
import data.ringfence.rules.dangling_reference.findings

_document(patch) := model.input_of({"dangling": [model.dangling(patch)]})

test_fires if {
	found := findings with input as _document({})
	found == {{
		"object": 7,
		"path": [],
		"message": "Deployment \"front\" calls \"carts\", and no Service that was rendered has that name",
		"related": [],
	}}
}

test_note_for_auditors_in_other_namespaces if {
	found := findings with input as _document({"owned": false})
	{[f.severity, f.confidence, f.persona] | some f in found} == {["note", "low", "auditor"]}
}

test_note_for_auditors_with_gaps if {
	found := findings with input as object.union(_document({}), {"environment": {"complete": false}})
	{f.persona | some f in found} == {"auditor"}
}
