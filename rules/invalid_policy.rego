# METADATA
# title: Policy that the API server rejects
# description: >-
#   A field of the policy is not what the API server accepts, so that nothing of the policy
#   is applied, and pods that it should protect are open. What is valid of it is evaluated
#   for the other verdicts. Addresses with host bits or leading zeros, and those of IPv4
#   written as IPv6, are rejected from Kubernetes 1.36 on: these are of severity low.
# related_resources: [{ref: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/}]
# schemas: [{input: schema.model}]
# custom:
#   id: invalid-policy
#   severity: high
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Correct the field; "kubectl apply --dry-run=server" asks a cluster.
#   before: |
#     ports:
#     - port: 80
#       protocol: HTTP
#   after: |
#     ports:
#     - port: 80
#       protocol: TCP
package ringfence.rules.invalid_policy

findings contains {
	"object": gap.id,
	"path": [],
	"message": gap.reason,
	"related": [],
	"severity": _severity(gap.reason),
} if {
	some gap in input.gaps
	gap.code == "invalid-policy"
}

# Kubernetes rejects some spellings of addresses only from 1.36 on (KEP-4858), and read
# them otherwise before.
_severity(reason) := "low" if {
	contains(reason, ", read as ")
} else := "high"
