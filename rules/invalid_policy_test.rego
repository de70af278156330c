package ringfence.rules.invalid_policy_test

import data.ringfence.model
import data.ringfence.rules.invalid_policy.findings

test_fires if {
	found := findings with input as model.input_of({"gaps": [object.union(model.gap, {"code": "invalid-policy", "reason": "protocol is no protocol"})]})
	found == {{"object": 9, "path": [], "message": "protocol is no protocol", "related": [], "severity": "high"}}
}

test_low_where_older_clusters_accept_it if {
	found := findings with input as model.input_of({"gaps": [object.union(model.gap, {"code": "invalid-policy", "reason": "10.1.2.3/8 has host bits, read as 10.0.0.0/8"})]})
	{f.severity | some f in found} == {"low"}
}

test_not_for_other_gaps if count(findings) == 0 with input as model.input_of({"gaps": [model.gap]})
