package ringfence.rules.unsupported_feature_test

import data.ringfence.model
import data.ringfence.rules.unsupported_feature.findings

_found(enforces, policies) := found if {
	found := findings with input as object.union(
		model.input_of({"policies": policies}),
		{"environment": {"cni": "flannel", "enforces": enforces}},
	)
}

_two := [model.policy({}), model.policy({"id": 3})]

test_fires_once if {
	_found(false, _two) == {{
		"object": 2,
		"path": ["kind"],
		"message": "flannel enforces no policies: NetworkPolicy \"cart\" has no effect, like 1 more",
		"related": [],
	}}
}

test_not_where_policies_are_enforced if count(_found(true, _two)) == 0

test_not_without_policies if count(_found(false, [])) == 0
