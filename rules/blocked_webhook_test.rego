package ringfence.rules.blocked_webhook_test

import data.ringfence.model
import data.ringfence.rules.blocked_webhook.findings

_found(patch) := found if {
	found := findings with input as model.input_of({"blocked": [model.blocked(patch)]})
}

test_fires if {
	{[f.object, f.severity] | some f in _found({"kind": "webhook"})} == {[8, "high"]}
}

test_not_for_calls_of_other_rules if {
	every kind in {"call", "scrape", "webhook", "backend", "entry"} - {"webhook"} { count(_found({"kind": kind})) == 0 }
}
