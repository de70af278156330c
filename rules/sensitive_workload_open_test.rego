package ringfence.rules.sensitive_workload_open_test

import data.ringfence.model
import data.ringfence.rules.sensitive_workload_open.findings

_redis := {"title": "StatefulSet \"redis\"", "data_store": "redis", "store_open": true, "store_port": "TCP 6379"}

_found(patch) := found if {
	found := findings with input as model.input_of({
		"workloads": [model.workload(object.union(_redis, patch))],
		"policies": [model.policy({})],
	})
}

test_fires_without_policy if {
	_found({}) == {{
		"object": 1,
		"path": ["kind"],
		"message": "any pod can connect to StatefulSet \"redis\" (redis) on TCP 6379: no policy isolates its ingress, and its egress is open too",
		"related": [],
		"confidence": "high",
		"defect": "TCP 6379",
	}}
}

test_fires_for_a_rule if {
	allowed := {"object": 2, "path": ["spec", "ingress", 0]}
	{[f.message, f.related] | some f in _found({
		"ingress": {"isolated": true, "open": false, "policies": [2]},
		"egress": {"open": false},
		"store_open_by": [allowed],
	})} == {[
		"any pod can connect to StatefulSet \"redis\" (redis) on TCP 6379: NetworkPolicy \"cart\" allows it",
		[object.union(allowed, {"message": "it is allowed here"})],
	]}
}

test_names_policies_of_other_kinds if {
	found := findings with input as model.input_of({
		"workloads": [model.workload(object.union(_redis, {
			"ingress": {"isolated": true, "open": false, "policies": [7]},
			"store_open_by": [{"object": 7, "path": ["spec", "ingress", 0]}],
		}))],
		"other_policies": [{"id": 7, "title": "CiliumNetworkPolicy \"redis\""}],
	})
	some f in found
	contains(f.message, "on TCP 6379: CiliumNetworkPolicy \"redis\" allows it")
}

test_not_when_closed if count(_found({"store_open": false})) == 0

test_not_on_the_host_network if count(_found({"host_network": true})) == 0

test_not_for_helm_tests if count(_found({"helm_test": true})) == 0

test_not_where_other_policies_may_protect if count(_found({"uncertain": true})) == 0
