package ringfence.rules.dangling_peer_test

import data.ringfence.model
import data.ringfence.rules.dangling_peer.findings

_document(policy, peer) := model.input_of({
	"workloads": [model.workload({})],
	"policies": [model.policy(object.union({"rules": [model.rule({"peers": [model.peer(peer)]})]}, policy))],
})

_found(policy, peer) := found if {
	found := findings with input as _document(policy, peer)
}

test_fires if {
	_found({}, {}) == {{
		"object": 2,
		"path": ["spec", "ingress", 0, "from", 0],
		"message": "no workload matches podSelector app=front",
		"related": [],
		"confidence": "medium",
	}}
}

test_names_the_half_that_may_belong_to_it if {
	split := {
		"path": ["spec", "ingress", 0, "from", 1],
		"other": ["spec", "ingress", 0, "from", 0],
		"namespace_selector": "team=front",
		"pod_selector": "app=front",
		"together": [],
		"own": [],
		"covers_own": false,
	}
	found := findings with input as model.input_of({
		"workloads": [model.workload({})],
		"policies": [model.policy({"rules": [model.rule({"peers": [model.peer({})], "splits": [split]})]})],
	})
	{related | some f in found; some related in f.related} == {{
		"object": 2,
		"path": ["spec", "ingress", 0, "from", 1],
		"message": "the other half, if one peer was meant: put both selectors into one item",
	}}
}

test_operators_make_it_less_sure if {
	{f.confidence | some f in _found({}, {"operator_pods": "possible"})} == {"low"}
	count(_found({}, {"operator_pods": "matching"})) == 0
}

test_namespaces_elsewhere_are_a_note_for_auditors if {
	some f in _found({}, {"selects_namespaces": true, "candidates": 0})
	[f.severity, f.persona] == ["note", "auditor"]
}

test_is_a_note_for_auditors_with_gaps if {
	found := findings with input as object.union(_document({}, {}), {"environment": {"complete": false}})
	{f.persona | some f in found} == {"auditor"}
}

test_not_without_any_workload if {
	count(findings) == 0 with input as object.union(_document({}, {}), {"workloads": []})
}

test_not_when_it_matches if count(_found({}, {"matches": [1]})) == 0

test_not_when_any_namespace_is_meant if count(_found({}, {"unknown_namespaces": true})) == 0

test_not_when_namespace_label_missing_says_it if {
	missing := {"namespace": "front", "key": "name", "value": "front", "path": [], "declared": true, "at": []}
	count(_found({}, {"missing_labels": [missing]})) == 0
}

test_not_for_all_pods_but_some if count(_found({}, {"unlabelled": true})) == 0

test_not_for_labels_of_controllers if count(_found({}, {"controller_labels": true})) == 0

_split(policy, together) := _found(
	object.union(policy, {"rules": [model.rule({
		"peers": [model.peer({})],
		"splits": [{
			"path": ["spec", "ingress", 0, "from", 1],
			"other": ["spec", "ingress", 0, "from", 0],
			"namespace_selector": "team=front",
			"pod_selector": "app=front",
			"together": together,
			"own": [],
			"covers_own": false,
		}],
	})]}),
	{},
)

test_not_when_split_peer_says_it if {
	count(_split({}, [1])) == 0
	count(_split({}, [])) == 1
	count(_split({"private": true}, [1])) == 1
}

test_not_without_effect if {
	rules := [model.rule({"effective": false, "peers": [model.peer({})]})]
	count(_found({"rules": rules}, {})) == 0
}

test_not_across_namespaces_from_an_unknown_one if {
	count(_found({"private": true}, {"selects_namespaces": true})) == 0
	count(_found({"private": true}, {})) == 1
}
