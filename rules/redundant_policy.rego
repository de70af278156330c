# METADATA
# title: Policy changes nothing
# description: >-
#   Every rule of the policy is within a rule of another policy that selects the same pods,
#   so that without it the same connections are allowed. Whoever edits it believes to change
#   something.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/}]
# schemas: [{input: schema.model}]
# custom:
#   id: redundant-policy
#   severity: low
#   confidence: high
#   everywhere: true
#   since: 0.1.0
#   remedy: >-
#     Remove the policy, or the rules that make it redundant.
#   before: |
#     metadata: {name: front-to-cart}
#     spec:
#       podSelector: {matchLabels: {app: cart}}
#       ingress:
#       - from:
#         - podSelector: {matchLabels: {app: front}}
#     ---
#     metadata: {name: shop-to-cart}
#     spec:
#       podSelector: {matchLabels: {app: cart}}
#       ingress:
#       - from:
#         - podSelector: {}
#   after: |
#     metadata: {name: front-to-cart}
#     spec:
#       podSelector: {matchLabels: {app: cart}}
#       ingress:
#       - from:
#         - podSelector: {matchLabels: {app: front}}
package ringfence.rules.redundant_policy

import data.ringfence.lib

findings contains object.union(finding, lib.unseen) if {
	some r in input.redundant_policies
	finding := {
		"object": r.object,
		"path": r.path,
		"message": sprintf("%s changes nothing: %s allows the same", [lib.policy[r.object].title, concat(" with ", {lib.policy_title[place.object] | some place in r.by})]),
		"related": [object.union(place, {"message": "the same is allowed here"}) | some place in r.by],
	}
}
