# METADATA
# title: Policy of another kind that is not evaluated
# description: >-
#   Policies of Cilium, Calico and the admin tiers decide beside NetworkPolicies. What is
#   evaluated of them is exact; where a part goes beyond that, nothing is said of the pods
#   that the policy selects, neither that they are protected nor that they are not.
# related_resources: [{ref: https://docs.cilium.io/en/stable/security/policy/}, {ref: https://docs.tigera.io/calico/latest/reference/resources/networkpolicy}]
# schemas: [{input: schema.model}]
# custom:
#   id: policy-for-other-cni
#   severity: note
#   confidence: high
#   persona: auditor
#   since: 0.1.0
#   remedy: >-
#     Nothing, where the policy is right. Read what "ringfence why" says of the pods with
#     this in mind.
#   before: |
#     kind: CiliumNetworkPolicy
#     spec:
#       endpointSelector: {matchLabels: {app: cart}}
#       egressDeny:
#       - toEntities: [world]
#   after: |
#     kind: CiliumNetworkPolicy
#     spec:
#       endpointSelector: {matchLabels: {app: cart}}
#       egress:
#       - toEntities: [cluster]
package ringfence.rules.policy_for_other_cni

findings contains {
	"object": gap.id,
	"path": [],
	"message": gap.reason,
	"related": [],
} if {
	some gap in input.not_evaluated
}
