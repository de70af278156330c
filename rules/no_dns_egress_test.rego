package ringfence.rules.no_dns_egress_test

import data.ringfence.model
import data.ringfence.rules.no_dns_egress.findings

_caller := {
	"ingress": {"isolated": true, "open": false},
	"egress": {
		"policies": [2],
		"isolated": true,
		"open": false,
		"calls": [{"object": 2, "path": ["spec", "egress", 0], "by_name": false}],
		"dns": {"udp": false, "tcp": false},
	},
}

_found(workload) := found if {
	found := findings with input as model.input_of({
		"workloads": [model.workload(object.union(_caller, workload))],
		"policies": [model.policy({})],
	})
}

test_fires if {
	_found({}) == {{
		"object": 2,
		"path": ["spec", "egress"],
		"message": "Deployment \"cart\" may make calls but not ask DNS: no egress rule allows UDP port 53 to the DNS of the cluster",
		"related": [],
		"defect": "UDP for app=cart",
		"severity": "high",
		"confidence": "medium",
	}}
}

test_is_said_once_for_a_policy if {
	callers := [model.workload(object.union(_caller, {"id": id})) | some id in [1, 3, 4]]
	found := findings with input as model.input_of({"workloads": callers, "policies": [model.policy({})]})
	some f in found
	count(found) == 1
	startswith(f.message, "Deployment \"cart\" and 2 more may make calls")
}

test_addresses_outside_are_less_sure if {
	some f in _found({"egress": {"calls": [{"object": 2, "path": ["spec", "egress", 0], "by_name": true}]}})
	[f.severity, f.confidence] == ["medium", "low"]
}

test_missing_tcp_is_a_note if {
	rule := {"object": 2, "path": ["spec", "egress", 1]}
	some f in _found({"egress": {"dns": {"udp": true, "udp_by": [rule]}}})
	[f.severity, f.path] == ["note", ["spec", "egress", 1]]
}

test_not_with_dns if count(_found({"egress": {"dns": {"udp": true, "tcp": true}}})) == 0

test_not_without_calls if {
	count(_found({"egress": {"calls": []}})) == 0
	rule := {"object": 2, "path": ["spec", "egress", 1]}
	count(_found({"egress": {"calls": [], "dns": {"udp": true, "udp_by": [rule]}}})) == 0
}

test_not_when_egress_is_not_isolated if count(_found({"egress": {"isolated": false}})) == 0

test_not_when_the_cluster_dns_is_not_asked if count(_found({"cluster_dns": false})) == 0

test_not_on_the_host_network if count(_found({"host_network": true})) == 0

test_not_where_other_policies_may_allow if count(_found({"uncertain": true})) == 0
