# METADATA
# title: Selector that no labels can match
# description: >-
#   All requirements of a selector must be met. Where two of them exclude each other for one
#   label, the selector matches nothing, ever: the policy protects nobody, or the peer
#   allows nobody.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements}]
# schemas: [{input: schema.model}]
# custom:
#   id: contradictory-selector
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Remove one of the two requirements; for either of two values, list both under one In.
#   before: |
#     matchLabels: {app: cart}
#     matchExpressions:
#     - {key: app, operator: In, values: [front]}
#   after: |
#     matchExpressions:
#     - {key: app, operator: In, values: [cart, front]}
package ringfence.rules.contradictory_selector

findings contains {
	"object": c.object,
	"path": c.path,
	"message": sprintf("%s matches nothing: no label %s can meet this and the other requirements for it", [c.selector, c.key]),
	"related": [],
} if {
	some c in input.contradictions
}
