# METADATA
# title: Part of the repository was not seen
# description: >-
#   Something that is applied to the cluster could not be rendered. What it holds is missing
#   from every verdict.
# schemas: [{input: schema.model}]
# custom:
#   id: incomplete-render
#   severity: note
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Let "ringfence fetch" bring what lies elsewhere, give charts the values that they need in
#     the configuration (targets), or accept the gap there with a reason.
#   before: |
#     resources:
#     - https://github.com/example/base?ref=v1
#   after: |
#     resources:
#     - vendor/base
package ringfence.rules.incomplete_render

findings contains {
	"object": gap.id,
	"path": [],
	"message": sprintf("%s [%s]", [gap.reason, gap.code]),
	"related": [],
} if {
	some gap in input.gaps
	gap.code != "invalid-policy" # which is a rule of its own
}
