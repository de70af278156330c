# METADATA
# title: Rule changes nothing
# description: >-
#   Everything that the rule allows is allowed by another rule for the same pods. Whoever
#   edits the narrower rule believes to change something.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/}]
# schemas: [{input: schema.model}]
# custom:
#   id: shadowed-rule
#   severity: low
#   confidence: high
#   everywhere: true
#   since: 0.1.0
#   remedy: >-
#     Remove the rule, or narrow the one that holds it.
#   before: |
#     ingress:
#     - from:
#       - podSelector: {matchLabels: {app: front}}
#     - from:
#       - podSelector: {}
#   after: |
#     ingress:
#     - from:
#       - podSelector: {matchLabels: {app: front}}
package ringfence.rules.shadowed_rule

import data.ringfence.lib

findings contains object.union(finding, lib.unseen) if {
	some r in input.shadowed_rules
	finding := {
		"object": r.object,
		"path": r.path,
		"message": sprintf("the rule changes nothing: %s allows the same in another rule", [concat(" with ", {lib.policy_title[place.object] | some place in r.by})]),
		"related": [object.union(place, {"message": "the same is allowed here"}) | some place in r.by],
	}
}
