package ringfence.rules.incomplete_render_test

import data.ringfence.model
import data.ringfence.rules.incomplete_render.findings

test_fires if {
	found := findings with input as model.input_of({"gaps": [model.gap]})
	found == {{
		"object": 9,
		"path": [],
		"message": "a remote base was refused [remote-reference]",
		"related": [],
	}}
}

test_not_without_gaps if count(findings) == 0 with input as model.input_of({})
