package ringfence.rules.missing_default_deny_test

import data.ringfence.model
import data.ringfence.rules.missing_default_deny.findings

_found(namespace) := found if {
	found := findings with input as model.input_of({"namespaces": [model.namespace(namespace)]})
}

test_fires if {
	_found({}) == {{
		"object": 0,
		"path": ["kind"],
		"message": "namespace \"shop\" has no default deny for ingress and egress",
		"related": [],
		"severity": "medium",
		"confidence": "high",
	}}
}

test_egress_alone_is_low if {
	some f in _found({"default_deny": {"ingress": true}})
	f.severity == "low"
	f.message == "namespace \"shop\" has no default deny for egress"
}

test_is_less_sure_where_not_declared if {
	some f in _found({"declared": false})
	[f.severity, f.confidence] == ["low", "low"]
}

test_not_where_both_are_denied if count(_found({"default_deny": {"ingress": true, "egress": true}})) == 0

test_not_without_workloads if count(_found({"workloads": []})) == 0

test_not_where_the_repository_only_contributes if {
	count(_found({"shared": true})) == 0
	count(_found({"private": true})) == 0
}

test_not_where_other_policies_may_deny if count(_found({"uncertain": true})) == 0
