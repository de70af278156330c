# METADATA
# title: Another rule allows what a block excepts
# description: >-
#   Rules only add. What one block excepts is denied only if no other rule of any policy for
#   the same pods allows it; here others allow all of it on the same ports, so that the
#   exception has no effect.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors}]
# schemas: [{input: schema.model}]
# custom:
#   id: excepted-then-allowed
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Except the addresses in the other rules too, or remove the exception.
#   before: |
#     to:
#     - ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}
#     - ipBlock: {cidr: 10.0.0.0/8}
#   after: |
#     to:
#     - ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}
package ringfence.rules.excepted_then_allowed

import data.ringfence.lib

findings contains {
	"object": c.object,
	"path": c.path,
	"message": sprintf("excepting %s has no effect: it is allowed on the same ports by another rule", [c.except]),
	"related": [object.union(place, {"message": "it is allowed here"}) | some place in c.by],
	"severity": _severity(lib.policy[c.object].explained),
} if {
	some c in input.cancelled_excepts
}

# A policy that says why it is as open as it is does not rely on the exception.
_severity(true) := "note"

_severity(false) := "medium"
