package ringfence.rules.shadowed_rule_test

import data.ringfence.model
import data.ringfence.rules.shadowed_rule.findings

_document := model.input_of({
	"policies": [model.policy({})],
	"shadowed_rules": [{"object": 2, "path": ["spec", "ingress", 0], "by": [{"object": 2, "path": ["spec", "ingress", 1]}]}],
})

test_fires if {
	found := findings with input as _document
	found == {{
		"object": 2,
		"path": ["spec", "ingress", 0],
		"message": "the rule changes nothing: NetworkPolicy \"cart\" allows the same in another rule",
		"related": [{"object": 2, "path": ["spec", "ingress", 1], "message": "the same is allowed here"}],
	}}
}

test_is_a_note_for_auditors_with_gaps if {
	found := findings with input as object.union(_document, {"environment": {"complete": false}})
	{f.persona | some f in found} == {"auditor"}
}

test_not_without_one if count(findings) == 0 with input as model.input_of({"policies": [model.policy({})]})
