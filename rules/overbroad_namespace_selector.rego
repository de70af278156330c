# METADATA
# title: Namespace selector matches namespaces that nobody named
# description: >-
#   A namespaceSelector that is empty or only excludes matches every namespace that is ever
#   made, those of other teams and of attackers who may create one included.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#targeting-multiple-namespaces-by-label}]
# schemas: [{input: schema.model}]
# custom:
#   id: overbroad-namespace-selector
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Name the namespaces: matchLabels with kubernetes.io/metadata.name, or a label that only
#     those carry which are meant.
#   before: |
#     from:
#     - namespaceSelector: {}
#   after: |
#     from:
#     - namespaceSelector:
#         matchLabels: {kubernetes.io/metadata.name: front}
#   mapping:
#     nsa: [Network policies]
#     mitre: [T1046]
package ringfence.rules.overbroad_namespace_selector

import data.ringfence.lib

findings contains {
	"object": p.id,
	"path": peer.path,
	"message": sprintf("%s %s pods of any namespace: %s", [p.title, _verb[rule.direction], peer.title]),
	"related": [],
	"severity": _severity(peer.all_pods),
} if {
	some p in input.policies
	p.notable
	some rule in p.rules
	rule.effective
	not rule.allows_all
	not rule.only_dns
	not rule.published # whoever is outside may connect there as well
	not [p.id, rule.path] in lib.explains # else unprotected-workload points here
	some peer in rule.peers
	peer.unknown_namespaces
}

_verb := {"ingress": "admits", "egress": "allows calls to"}

_severity(all_pods) := "medium" if {
	all_pods
} else := "low"
