# METADATA
# title: The network plugin does not enforce policies
# description: >-
#   NetworkPolicies are only objects: the network plugin has to enforce them. The
#   configuration names one that does not, so that every policy is applied without any
#   effect.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#prerequisites}]
# schemas: [{input: schema.model}]
# custom:
#   id: unsupported-feature
#   severity: high
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Use a network plugin that enforces policies, or add one that does to it, as Canal does
#     to flannel; then name that one as cni under cluster in .ringfence.yaml.
#   before: |
#     cluster:
#       cni: flannel
#   after: |
#     cluster:
#       cni: canal
#   mapping:
#     cis: ["5.3.1"]
#     nsa: [Network policies]
package ringfence.rules.unsupported_feature

findings contains {
	"object": first.id,
	"path": ["kind"],
	"message": sprintf("%s enforces no policies: %s has no effect%s", [input.environment.cni, first.title, _others(count(input.policies) - 1)]),
	"related": [],
} if {
	not input.environment.enforces
	first := input.policies[0]
}

_others(n) := "" if n == 0

_others(n) := sprintf(", like %d more", [n]) if n > 0
