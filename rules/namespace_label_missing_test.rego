package ringfence.rules.namespace_label_missing_test

import data.ringfence.model
import data.ringfence.rules.namespace_label_missing.findings

_found(missing, rule) := found if {
	label := {
		"namespace": "front",
		"key": "name",
		"value": "front",
		"path": ["spec", "ingress", 0, "from", 0, "namespaceSelector", "matchLabels", "name"],
		"declared": true,
		"at": [{"object": 0, "path": ["metadata", "labels"]}],
	}
	peer := model.peer({"missing_labels": [object.union(label, missing)]})
	found := findings with input as model.input_of({"policies": [
		model.policy({"rules": [model.rule(object.union({"peers": [peer]}, rule))]}),
	]})
}

test_fires if {
	_found({}, {}) == {{
		"object": 2,
		"path": ["spec", "ingress", 0, "from", 0, "namespaceSelector", "matchLabels", "name"],
		"message": "namespaceSelector asks for name=front, which namespace \"front\" does not carry",
		"related": [{"object": 0, "path": ["metadata", "labels"], "message": "its labels"}],
		"severity": "high",
		"confidence": "high",
	}}
}

test_other_labels_may_be_added_later if {
	some f in _found({"key": "team"}, {})
	[f.severity, f.confidence] == ["medium", "medium"]
}

test_labels_of_undeclared_namespaces_are_unknown if {
	some f in _found({"declared": false, "at": []}, {})
	[f.severity, f.confidence] == ["low", "low"]
	endswith(f.message, "does not carry unless somebody added it")
}

test_not_without_effect if count(_found({}, {"effective": false})) == 0

test_not_without_a_missing_label if {
	rules := [model.rule({"peers": [model.peer({})]})]
	count(findings) == 0 with input as model.input_of({"policies": [model.policy({"rules": rules})]})
}
