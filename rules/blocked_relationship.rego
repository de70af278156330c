# METADATA
# title: Policies deny a call that is needed
# description: >-
#   The manifests tell that a workload calls another one, or something outside of the
#   cluster: by an address in its environment, arguments or configuration, or by a role.
#   No policy of the side that is isolated allows the call, so that it times out.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation}]
# schemas: [{input: schema.model}]
# custom:
#   id: blocked-relationship
#   severity: high
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Allow the call, in the policies of each side that is named, on the port on which
#     the pods listen; or remove the setting where nobody uses it.
#   before: |
#     egress:
#     - to:
#       - podSelector: {matchLabels: {app: cart}}
#   after: |
#     egress:
#     - to:
#       - podSelector: {matchLabels: {app: cart}}
#     - to:
#       - podSelector: {matchLabels: {app: redis}}
#       ports:
#       - port: 6379
package ringfence.rules.blocked_relationship

import data.ringfence.lib

findings contains lib.blocked(call, _severity(call)) if {
	some call in input.blocked
	call.kind == "call"
}

# Either the type of the Service is a mistake, or the policies are.
findings contains object.union(lib.blocked(call, "low"), {"persona": "auditor"}) if {
	some call in input.blocked
	call.kind == "entry"
}

# Roles and hosts outside may be given and not used.
_severity(call) := "high" if {
	call.confidence == "high"
	not call.outside
} else := "medium"
