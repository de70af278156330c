package ringfence.rules.invalid_policy_test

import data.ringfence.model
import data.ringfence.rules.invalid_policy.findings

test_fires if {
	found := findings with input as model.input_of({"gaps": [object.union(model.gap, {"code": "invalid-policy", "reason": "protocol is no protocol"})]})
	found == {{"object": 9, "path": [], "message": "protocol is no protocol", "related": []}}
}

test_not_for_other_gaps if count(findings) == 0 with input as model.input_of({"gaps": [model.gap]})
