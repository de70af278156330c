package ringfence.rules.policy_for_other_cni_test

import data.ringfence.model
import data.ringfence.rules.policy_for_other_cni.findings

test_fires if {
	found := findings with input as model.input_of({"not_evaluated": [object.union(model.gap, {"reason": "egressDeny is not evaluated"})]})
	found == {{"object": 9, "path": [], "message": "egressDeny is not evaluated", "related": []}}
}

test_not_for_gaps if count(findings) == 0 with input as model.input_of({"gaps": [model.gap]})
