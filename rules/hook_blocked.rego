# METADATA
# title: Policies deny a call that a hook needs
# description: >-
#   A hook of Helm or Argo CD runs before or after everything else is applied, which waits
#   for it. Policies of the release before, or a default deny that is applied first, deny
#   what the hook has to call: the rollout hangs until it times out.
# related_resources: [{ref: https://helm.sh/docs/topics/charts_hooks/}, {ref: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/}]
# schemas: [{input: schema.model}]
# custom:
#   id: hook-blocked
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Allow the call, in a policy that is there before the hook runs: one of an earlier
#     wave, or a hook with a lower weight.
#   before: |
#     metadata:
#       annotations: {helm.sh/hook: pre-upgrade}
#     spec:
#       podSelector: {}
#       policyTypes: [Egress]
#   after: |
#     metadata:
#       annotations: {helm.sh/hook: pre-upgrade}
#     spec:
#       podSelector: {}
#       policyTypes: [Egress]
#       egress:
#       - to:
#         - podSelector: {matchLabels: {app: database}}
#         ports:
#         - port: 5432
package ringfence.rules.hook_blocked

import data.ringfence.lib

findings contains lib.blocked(call, "medium") if {
	some call in input.blocked
	call.kind == "hook"
}
