# METADATA
# title: Peer matches more than the workloads that call
# description: >-
#   The manifests tell of calls between what the policy selects and some of the workloads
#   that a peer matches, and of none with the others. Calls that only a program's source
#   tells are not seen.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors}]
# schemas: [{input: schema.model}]
# custom:
#   id: overbroad-pod-selector
#   severity: low
#   confidence: low
#   persona: auditor
#   since: 0.1.0
#   remedy: >-
#     Ask for labels that only the callers carry.
#   before: |
#     from:
#     - podSelector: {}
#   after: |
#     from:
#     - podSelector: {matchLabels: {app: front}}
#   mapping:
#     nsa: [Network policies]
#     mitre: [T1046]
package ringfence.rules.overbroad_pod_selector

import data.ringfence.lib

findings contains {
	"object": u.object,
	"path": u.path,
	"message": sprintf("%s matches %s as well, of which nothing tells that the rule is needed", [u.title, lib.names({id | some id in u.unrelated})]),
	"related": [],
	"defect": u.title, # whoever it matches
} if {
	some u in input.unrelated_peers
}
