package ringfence.rules.wrong_namespace_test

import data.ringfence.model
import data.ringfence.rules.wrong_namespace.findings

_front := {"namespace": "front", "workloads": [3]}

_found(policy) := found if {
	found := findings with input as model.input_of({
		"workloads": [model.workload({}), model.workload({"id": 3, "title": "Deployment \"front\""})],
		"policies": [model.policy(policy)],
	})
}

test_fires_for_a_policy if {
	_found({"selected": [], "elsewhere": [_front]}) == {{
		"object": 2,
		"path": ["spec", "podSelector"],
		"message": "NetworkPolicy \"cart\" selects nothing: Deployment \"front\", which has app=cart, is in namespace \"front\"",
		"related": [{"object": 3, "path": ["kind"], "message": "has these labels"}],
		"defect": "app=cart front",
	}}
}

test_fires_for_a_peer if {
	{f.message | some f in _found({"rules": [model.rule({"peers": [model.peer({"elsewhere": [_front]})]})]})} == {"podSelector app=front matches nothing of the policy's own namespace: Deployment \"front\", which has these labels, is in namespace \"front\""}
}

test_not_where_no_single_namespace_has_them if count(_found({"selected": []})) == 0

test_not_without_effect if {
	count(_found({"rules": [model.rule({"effective": false, "peers": [model.peer({"elsewhere": [_front]})]})]})) == 0
}

test_is_a_note_for_auditors_with_gaps if {
	found := findings with input as object.union(
		model.input_of({
			"workloads": [model.workload({"id": 3})],
			"policies": [model.policy({"selected": [], "elsewhere": [_front]})],
		}),
		{"environment": {"complete": false}},
	)
	{f.persona | some f in found} == {"auditor"}
}
