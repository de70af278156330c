# METADATA
# title: Missing policyTypes mean something else than the rules suggest
# description: >-
#   Without policyTypes a policy always isolates ingress, and egress only if it has an egress
#   rule. An empty egress list then denies nothing, and a policy that is about egress denies
#   all ingress.
# related_resources: [{ref: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/#NetworkPolicySpec}]
# schemas: [{input: schema.model}]
# custom:
#   id: policy-types-omitted
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Write policyTypes.
#   before: |
#     spec:
#       podSelector: {matchLabels: {app: cart}}
#       egress: []
#   after: |
#     spec:
#       podSelector: {matchLabels: {app: cart}}
#       policyTypes: [Egress]
#       egress: []
package ringfence.rules.policy_types_omitted

import data.ringfence.lib

findings contains {
	"object": p.id,
	"path": ["spec"],
	"message": sprintf("%s does not isolate egress: egress is empty and policyTypes is missing", [p.title]),
	"related": [],
} if {
	some p in input.policies
	not p.types_written
	p.sections.egress
	not p.types.egress
}

findings contains {
	"object": p.id,
	"path": ["spec"],
	"message": sprintf("%s has only egress rules and denies all ingress: policyTypes is missing", [p.title]),
	"related": [],
} if {
	some p in input.policies
	not p.types_written
	p.types.egress
	not p.sections.ingress
	_decides(p.id)
}

# Its default matters unless other policies isolate the ingress anyway.
_decides(id) if count(lib.policy[id].selected) == 0

_decides(id) if {
	some selected in lib.policy[id].selected
	lib.workload[selected].ingress.policies == [id]
}
