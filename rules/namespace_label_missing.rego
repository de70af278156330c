# METADATA
# title: Namespace does not carry the label that a peer asks for
# description: >-
#   Namespaces have no label with their name but kubernetes.io/metadata.name. A
#   namespaceSelector with name: shop matches nothing unless somebody labelled the namespace
#   so.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#targeting-a-namespace-by-its-name}]
# schemas: [{input: schema.model}]
# custom:
#   id: namespace-label-missing
#   severity: medium
#   confidence: medium
#   since: 0.1.0
#   remedy: >-
#     Use kubernetes.io/metadata.name, or add the label to the Namespace object.
#   before: |
#     namespaceSelector:
#       matchLabels: {name: monitoring}
#   after: |
#     namespaceSelector:
#       matchLabels: {kubernetes.io/metadata.name: monitoring}
package ringfence.rules.namespace_label_missing

findings contains {
	"object": p.id,
	"path": missing.path,
	"message": sprintf("namespaceSelector asks for %s=%s, which %s", [missing.key, missing.value, _fact(missing.namespace, missing.declared)]),
	"related": [object.union(place, {"message": "its labels"}) | some place in missing.at],
	"severity": severity,
	"confidence": confidence,
} if {
	some p in input.policies
	p.notable
	some rule in p.rules
	rule.effective
	some peer in rule.peers
	some missing in peer.missing_labels
	[severity, confidence] := _judgement(missing.declared, missing.key)
}

_fact(namespace, true) := sprintf("namespace %q does not carry", [namespace])

_fact(namespace, false) := sprintf("namespace %q does not carry unless somebody added it", [namespace])

_judgement(true, "name") := ["high", "high"]

# Argo CD and others add labels of their own.
_judgement(true, key) := ["medium", "medium"] if key != "name"

_judgement(false, _) := ["low", "low"]
