# METADATA
# title: Rule allows everything
# description: >-
#   A rule without peers and without ports is no restriction at all, and it cancels every
#   other rule for the pods that its policy selects, in all policies.
# related_resources: [{ref: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/#NetworkPolicySpec}]
# schemas: [{input: schema.model}]
# custom:
#   id: allow-all-rule
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Name the peers and ports that are needed. For pods that need no egress leave the rules
#     out; an empty list denies, an empty rule allows.
#   before: |
#     spec:
#       podSelector: {matchLabels: {app: cart}}
#       policyTypes: [Ingress]
#       ingress:
#       - {}
#   after: |
#     spec:
#       podSelector: {matchLabels: {app: cart}}
#       policyTypes: [Ingress]
#       ingress:
#       - from:
#         - podSelector: {matchLabels: {app: front}}
#         ports:
#         - port: 8080
#   mapping:
#     cis: ["5.3.2"]
#     nsa: [Network policies]
#     mitre: [T1046]
package ringfence.rules.allow_all_rule

import data.ringfence.lib

findings contains {
	"object": p.id,
	"path": rule.path,
	"message": sprintf("%s allows all %s: %s", [p.title, rule.direction, _meaning[rule.direction]]),
	"related": [],
	"severity": _severity(p.explained, rule.direction, {id | some id in p.selected}),
} if {
	some p in input.policies
	p.notable
	some rule in p.rules
	rule.effective
	rule.allows_all
	not p.id in lib.misnamed # else deny-named-allow points here
	not [p.id, rule.path] in lib.explains # else unprotected-workload points here
}

_meaning := {
	"ingress": "anything may connect on any port",
	"egress": "it may connect to anything on any port",
}

_severity(true, _, _) := "note"

_severity(false, "ingress", selected) := "high" if {
	some id in selected
	lib.workload[id].data_store != ""
} else := "medium"

_severity(false, "egress", selected) := "medium" if {
	count(selected & lib.exposed) > 0
} else := "low"
