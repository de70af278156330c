# METADATA
# title: Selector asks for a label that changes with versions
# description: >-
#   Labels such as version and helm.sh/chart get other values with the next release, and
#   those that controllers compute with every change of the template. From then on the
#   policy no longer selects the pods, or the rule no longer matches them, and nobody is
#   told.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/}]
# schemas: [{input: schema.model}]
# custom:
#   id: unstable-selector
#   severity: low
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Select by labels that say what the program is, such as app.kubernetes.io/name.
#   before: |
#     podSelector:
#       matchLabels: {app: cart, helm.sh/chart: cart-1.4.0}
#   after: |
#     podSelector:
#       matchLabels: {app: cart}
package ringfence.rules.unstable_selector

findings contains {
	"object": s.object,
	"path": s.path,
	"message": sprintf("the value of %s changes with versions, and %s then matches other pods or none", [s.key, s.selector]),
	"related": [],
} if {
	some s in input.unstable
}
