package ringfence.rules.blocked_relationship_test

import data.ringfence.model
import data.ringfence.rules.blocked_relationship.findings

_found(patch) := found if {
	found := findings with input as model.input_of({"blocked": [model.blocked(patch)]})
}

test_fires if {
	_found({}) == {{
		"object": 8,
		"path": [],
		"message": "Deployment \"front\" needs to call Deployment \"cart\" on TCP 8080, but NetworkPolicy \"cart\" does not let it in",
		"related": [{"object": 2, "path": ["spec", "podSelector"], "message": "isolates the ingress of Deployment \"cart\""}],
		"severity": "high",
		"confidence": "high",
		"defect": "Deployment \"front\" Deployment \"cart\" TCP 8080",
	}}
}

_by(object, name) := {"object": object, "path": ["spec", "podSelector"], "title": sprintf("NetworkPolicy \"%s\"", [name])}

test_names_both_sides if {
	some f in _found({"denials": [
		{"direction": "egress", "by": [_by(3, "front"), _by(4, "deny")]},
		{"direction": "ingress", "by": [_by(2, "cart")]},
	]})
	endswith(f.message, "but NetworkPolicy \"front\" and 1 more do not let it out, and NetworkPolicy \"cart\" does not let it in")
	[r.object | some r in f.related] == [3, 4, 2]
}

test_medium_where_the_need_is_less_sure if {
	{f.severity | some f in _found({"confidence": "medium"})} == {"medium"}
	{f.severity | some f in _found({"outside": true})} == {"medium"}
}

test_note_for_auditors_with_gaps if {
	found := findings with input as object.union(
		model.input_of({"blocked": [model.blocked({})]}),
		{"environment": {"complete": false}},
	)
	{[f.severity, f.confidence, f.persona] | some f in found} == {["note", "low", "auditor"]}
}

test_clients_outside_are_for_auditors if {
	{[f.severity, f.persona] | some f in _found({"kind": "entry"})} == {["low", "auditor"]}
}

test_not_for_calls_of_other_rules if {
	every kind in ["scrape", "webhook", "backend"] { count(_found({"kind": kind})) == 0 }
}
