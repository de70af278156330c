package ringfence.rules.unknown_peers_test

import data.ringfence.model
import data.ringfence.rules.unknown_peers.findings

_found(patch) := found if {
	found := findings with input as model.input_of({"workloads": [model.workload(patch)]})
}

test_fires if {
	_found({}) == {{
		"object": 1,
		"path": ["kind"],
		"message": "nothing tells who calls Deployment \"cart\" or whom it calls",
		"related": [],
	}}
}

test_not_when_a_caller_is_known if count(_found({"callers": 1})) == 0

test_not_when_a_call_is_known if count(_found({"callees": 1})) == 0

test_not_for_what_operators_and_tests_make if {
	count(_found({"operated": true})) == 0
	count(_found({"helm_test": true})) == 0
}
