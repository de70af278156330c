# METADATA
# title: Nothing is known of whom a workload talks to
# description: >-
#   Nothing in the manifests tells who calls the workload or whom it calls: no address,
#   no role, no route, no monitor and no policy. What only an image or a program's
#   source tells is not seen. A policy for such a workload is a guess.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/}]
# schemas: [{input: schema.model}]
# custom:
#   id: unknown-peers
#   severity: note
#   confidence: high
#   persona: auditor
#   since: 0.1.0
#   remedy: >-
#     Ask those who wrote it, and say what it calls with the annotation ringfence.dev/calls or
#     under traffic in .ringfence.yaml.
#   before: |
#     kind: Deployment
#     metadata: {name: ledger}
#   after: |
#     kind: Deployment
#     metadata:
#       name: ledger
#       annotations:
#         ringfence.dev/calls: database.billing:5432
package ringfence.rules.unknown_peers

findings contains {
	"object": w.id,
	"path": ["kind"],
	"message": sprintf("nothing tells who calls %s or whom it calls", [w.title]),
	"related": [],
} if {
	some w in input.workloads
	w.callers + w.callees == 0
	not w.operated
	not w.helm_test
}
