package ringfence.rules.overbroad_ip_block_test

import data.ringfence.model
import data.ringfence.rules.overbroad_ip_block.findings

_found(rule) := found if {
	blocks := {"direction": "egress", "wide_blocks": [
		{"path": ["spec", "egress", 0, "to", 0], "cidr": "0.0.0.0/1"},
		{"path": ["spec", "egress", 0, "to", 1], "cidr": "128.0.0.0/1"},
	]}
	found := findings with input as model.input_of({"policies": [
		model.policy({"rules": [model.rule(object.union(blocks, rule))]}),
	]})
}

test_fires_once_for_a_union if {
	_found({}) == {{
		"object": 2,
		"path": ["spec", "egress", 0, "to", 0],
		"message": "NetworkPolicy \"cart\" allows calls to every private address through 0.0.0.0/1 and 128.0.0.0/1 on TCP 8080",
		"related": [{"object": 2, "path": ["spec", "egress", 0, "to", 1], "message": "this block is a part of it"}],
		"severity": "medium",
	}}
}

test_https_is_low if {f.severity | some f in _found({"only_https": true})} == {"low"}

test_not_when_dns_to_anywhere_says_it if count(_found({"dns_anywhere": true})) == 0

test_not_for_narrow_blocks if count(_found({"wide_blocks": []})) == 0

test_not_for_public_ports if count(_found({"direction": "ingress", "published": true})) == 0

test_not_where_the_rule_allows_everything if count(_found({"allows_all": true})) == 0

test_not_without_effect if count(_found({"effective": false})) == 0

test_explained_is_a_note if {
	found := findings with input as model.input_of({
		"workloads": [model.workload({})],
		"policies": [model.policy({"explained": true, "rules": [model.rule({"wide_blocks": [{"cidr": "0.0.0.0/0", "path": ["x"]}]})]})],
	})
	{f.severity | some f in found} == {"note"}
}
