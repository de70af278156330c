# METADATA
# title: Address block where pods have their addresses
# description: >-
#   Blocks are for hosts outside of the cluster. Pods get other addresses whenever they
#   start; some network plugins, Cilium among them, do not apply blocks to pods at all, and
#   others see an address after it was translated.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors}, {ref: https://docs.cilium.io/en/stable/security/policy/language/#cidr-based}]
# schemas: [{input: schema.model}]
# custom:
#   id: ip-block-for-pods
#   severity: medium
#   confidence: medium
#   since: 0.1.0
#   remedy: >-
#     Select pods with podSelector and namespaceSelector. Blocks of nodes and API servers
#     belong under cluster in .ringfence.yaml.
#   before: |
#     from:
#     - ipBlock: {cidr: 10.244.0.0/16}
#   after: |
#     from:
#     - podSelector: {matchLabels: {app: front}}
package ringfence.rules.ip_block_for_pods

findings contains {
	"object": b.object,
	"path": b.path,
	"message": sprintf("no host outside of the cluster has an address in %s, and selectors match pods better", [b.cidr]),
	"related": [],
} if {
	some b in input.pod_blocks
	b.configured
}

findings contains {
	"object": b.object,
	"path": b.path,
	"message": sprintf("%s is private: addresses of pods are matched with selectors, not with blocks", [b.cidr]),
	"related": [],
	"severity": "note",
	"confidence": "low",
	"persona": "auditor",
} if {
	some b in input.pod_blocks
	not b.configured
}
