package ringfence.rules.dns_to_anywhere_test

import data.ringfence.model
import data.ringfence.rules.dns_to_anywhere.findings

_found(policy, rule) := found if {
	facts := {"direction": "egress", "path": ["spec", "egress", 0], "ports": "UDP 53", "dns_anywhere": true}
	found := findings with input as model.input_of({"policies": [model.policy(object.union(
		{"rules": [model.rule(object.union(facts, rule))]},
		policy,
	))]})
}

test_fires if {
	_found({}, {}) == {{
		"object": 2,
		"path": ["spec", "egress", 0],
		"message": "NetworkPolicy \"cart\" lets DNS pass to any address: UDP 53",
		"related": [],
		"severity": "low",
	}}
}

test_is_a_note_where_the_policy_says_why if {f.severity | some f in _found({"explained": true}, {})} == {"note"}

test_not_for_dns_of_the_cluster if count(_found({}, {"dns_anywhere": false})) == 0

test_not_without_effect if count(_found({}, {"effective": false})) == 0
