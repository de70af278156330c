# METADATA
# title: Namespace has no default deny
# description: >-
#   Without a policy that selects all pods of a namespace and denies, every new pod starts
#   open, and one forgotten label opens an old one. A default deny turns such slips into
#   denied connections.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies}]
# schemas: [{input: schema.model}]
# custom:
#   id: missing-default-deny
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Add a NetworkPolicy with podSelector {} and policyTypes [Ingress, Egress] and no rules
#     to the namespace, after the policies that allow what is needed.
#   before: |
#     kind: Namespace
#     metadata: {name: shop}
#   after: |
#     kind: NetworkPolicy
#     metadata: {name: default-deny, namespace: shop}
#     spec:
#       podSelector: {}
#       policyTypes: [Ingress, Egress]
#   mapping:
#     cis: ["5.3.2"]
#     nsa: [Network policies]
#     mitre: [T1046]
package ringfence.rules.missing_default_deny

import data.ringfence.lib

findings contains {
	"object": n.id,
	"path": ["kind"],
	"message": sprintf("%s%s has no default deny for %s", [n.title, _whose(n.declared), concat(" and ", open)]),
	"related": [],
	"severity": _severity(n.declared, open),
	"confidence": _confidence(n.declared),
} if {
	some n in input.namespaces
	count(n.workloads) > 0
	not n.private # others may bring the default deny to a namespace that is not ours
	not n.shared
	not n.uncertain
	_sure(n.declared)
	open := [side | some side in ["ingress", "egress"]; not n.default_deny[side]]
	count(open) > 0
}

# What was not seen of a namespace that is declared elsewhere may well be its policies.
_sure(declared) if declared

_sure(_) if input.environment.complete

_whose(true) := ""

_whose(false) := ", which is not declared here,"

# Where the repository does not make the namespace it may only contribute to it.
_severity(declared, open) := "medium" if {
	declared
	"ingress" in open
} else := "low"

_confidence(declared) := lib.absence if {
	declared
} else := "low"
