package ringfence.rules.redundant_policy_test

import data.ringfence.model
import data.ringfence.rules.redundant_policy.findings

_document := model.input_of({
	"policies": [model.policy({}), model.policy({"id": 3, "title": "NetworkPolicy \"all\""})],
	"redundant_policies": [{"object": 2, "path": ["metadata", "name"], "by": [{"object": 3, "path": ["spec", "ingress", 0]}]}],
})

test_fires if {
	found := findings with input as _document
	found == {{
		"object": 2,
		"path": ["metadata", "name"],
		"message": "NetworkPolicy \"cart\" changes nothing: NetworkPolicy \"all\" allows the same",
		"related": [{"object": 3, "path": ["spec", "ingress", 0], "message": "the same is allowed here"}],
	}}
}

test_is_a_note_for_auditors_with_gaps if {
	found := findings with input as object.union(_document, {"environment": {"complete": false}})
	{f.persona | some f in found} == {"auditor"}
}

test_not_without_one if count(findings) == 0 with input as model.input_of({"policies": [model.policy({})]})
