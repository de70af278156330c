# METADATA
# title: Two peers where one was meant
# description: >-
#   Items of from and to are alternatives. A namespaceSelector and a podSelector as two items
#   allow every pod of those namespaces, and besides the pods with those labels of the
#   policy's own namespace; one item with both allows only those pods of those namespaces.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors}]
# schemas: [{input: schema.model}]
# custom:
#   id: split-peer
#   severity: high
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Remove the dash before the second selector, so that both are in one item.
#   before: |
#     from:
#     - namespaceSelector:
#         matchLabels: {kubernetes.io/metadata.name: monitoring}
#     - podSelector: {matchLabels: {app: prometheus}}
#   after: |
#     from:
#     - namespaceSelector:
#         matchLabels: {kubernetes.io/metadata.name: monitoring}
#       podSelector: {matchLabels: {app: prometheus}}
#   mapping:
#     nsa: [Network policies]
#     mitre: [T1046]
package ringfence.rules.split_peer

import data.ringfence.lib

findings contains {
	"object": p.id,
	"path": split.path,
	"message": sprintf("namespaceSelector %s or podSelector %s: as one peer they match %s; %s", [
		split.namespace_selector, split.pod_selector,
		lib.names({id | some id in split.together}), text,
	]),
	"related": [{"object": p.id, "path": split.other, "message": "the other half"}],
	"defect": sprintf("%s %s", [split.namespace_selector, split.pod_selector]), # whoever they match
	"confidence": confidence,
	"persona": persona,
} if {
	some p in input.policies
	p.notable
	not p.private
	some rule in p.rules
	rule.effective
	some split in rule.splits
	count(split.together) > 0
	[text, confidence, persona] := _judgement(split.covers_own, count(split.own))
}

_judgement(false, 0) := ["the podSelector alone matches nothing", lib.absence, "regular"]

_judgement(true, _) := ["as two the podSelector adds nothing", "medium", "regular"]

# Both make sense alone, so that only the author knows.
_judgement(false, own) := ["as two they match others as well", "low", "auditor"] if own > 0
