package ringfence.rules.peer_label_rewritten_test

import data.ringfence.model
import data.ringfence.rules.peer_label_rewritten.findings

_front := {
	"path": ["spec", "ingress", 0, "from", 0, "podSelector", "matchLabels", "team"],
	"label": "team=shop",
	"written": "app=front",
	"workloads": [1],
}

_found(rule, rewritten) := found if {
	peer := model.peer({"rewritten": rewritten})
	found := findings with input as model.input_of({
		"workloads": [model.workload({"title": "Deployment \"front\""})],
		"policies": [model.policy({"rules": [model.rule(object.union({"peers": [peer]}, rule))]})],
	})
}

test_fires if {
	_found({}, [_front]) == {{
		"object": 2,
		"path": _front.path,
		"message": "the kustomization adds team=shop to a peer, which then matches nothing; without it podSelector app=front matches Deployment \"front\"",
		"related": [{"object": 2, "path": ["spec", "ingress", 0, "from", 0], "message": "the peer"}],
		"defect": "team=shop app=front",
	}}
}

test_not_for_others if count(_found({}, [])) == 0

test_not_without_effect if count(_found({"effective": false}, [_front])) == 0
