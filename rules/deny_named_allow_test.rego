package ringfence.rules.deny_named_allow_test

import data.ringfence.model
import data.ringfence.rules.deny_named_allow.findings

_named(name_says, rules) := found if {
	found := findings with input as model.input_of({"policies": [model.policy({
		"name_says": name_says,
		"types": {"ingress": true, "egress": false},
		"rules": rules,
	})]})
}

_all := model.rule({"allows_all": true})

test_fires_for_a_denial_that_allows if {
	_named("deny", [_all]) == {{
		"object": 2,
		"path": ["metadata", "name"],
		"message": "NetworkPolicy \"cart\" allows all ingress, against its name",
		"related": [{"object": 2, "path": ["spec", "ingress", 0], "message": "everything is allowed here"}],
	}}
}

test_fires_for_an_allowance_that_denies if {
	{f.message | some f in _named("allow", [])} == {"NetworkPolicy \"cart\" has no rules and denies all ingress, against its name"}
}

test_not_where_one_direction_is_denied if {
	found := findings with input as model.input_of({"policies": [model.policy({"name_says": "deny", "rules": [_all]})]})
	count(found) == 0
}

test_not_for_other_names if {
	count(_named("", [_all])) == 0
	count(_named("", [])) == 0
	count(_named("allow", [_all])) == 0
	count(_named("deny", [])) == 0
	count(_named("deny", [model.rule({})])) == 0
}
