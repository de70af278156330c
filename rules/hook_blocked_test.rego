package ringfence.rules.hook_blocked_test

import data.ringfence.model
import data.ringfence.rules.hook_blocked.findings

test_fires if {
	found := findings with input as model.input_of({"blocked": [model.blocked({"kind": "hook"})]})
	{[f.severity, f.message] | some f in found} == {["medium", "Deployment \"front\" needs to call Deployment \"cart\" on TCP 8080, but NetworkPolicy \"cart\" does not let it in"]}
}

test_not_for_others if count(findings) == 0 with input as model.input_of({"blocked": [model.blocked({})]})
