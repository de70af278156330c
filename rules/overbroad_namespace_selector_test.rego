package ringfence.rules.overbroad_namespace_selector_test

import data.ringfence.model
import data.ringfence.rules.overbroad_namespace_selector.findings

_found(rule, peer) := found if {
	selector := {"title": "namespaceSelector {}", "unknown_namespaces": true, "all_pods": true}
	found := findings with input as model.input_of({
		"workloads": [model.workload({})],
		"policies": [model.policy({"rules": [model.rule(object.union(
			{"peers": [model.peer(object.union(selector, peer))]},
			rule,
		))]})],
	})
}

test_fires if {
	_found({}, {}) == {{
		"object": 2,
		"path": ["spec", "ingress", 0, "from", 0],
		"message": "NetworkPolicy \"cart\" admits pods of any namespace: namespaceSelector {}",
		"related": [],
		"severity": "medium",
	}}
}

test_selected_pods_are_low if {
	some f in _found({}, {"all_pods": false})
	f.severity == "low"
}

test_not_for_named_namespaces if count(_found({}, {"unknown_namespaces": false})) == 0

test_not_for_dns if count(_found({"direction": "egress", "only_dns": true}, {})) == 0

test_not_for_public_ports if count(_found({"published": true}, {})) == 0

test_not_where_the_rule_allows_everything if count(_found({"allows_all": true}, {})) == 0

test_not_without_effect if count(_found({"effective": false}, {})) == 0

test_not_where_unprotected_workload_points_here if {
	cart := model.workload({"ingress": {"open_by": [{"object": 2, "path": ["spec", "ingress", 0]}]}})
	rule := model.rule({"peers": [model.peer({"unknown_namespaces": true})]})
	count(findings) == 0 with input as model.input_of({"workloads": [cart], "policies": [model.policy({"rules": [rule]})]})
}
