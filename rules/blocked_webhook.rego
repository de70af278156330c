# METADATA
# title: Policies keep the API server away from a webhook
# description: >-
#   The API server calls admission webhooks, conversion webhooks and the servers of
#   other APIs. No policy of theirs lets it in: depending on failurePolicy, objects can
#   no longer be created, or are no longer checked. The API server is no pod, so that
#   selectors do not match it.
# related_resources: [{ref: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/}, {ref: https://kubernetes.io/docs/tasks/extend-kubernetes/setup-extension-api-server/}]
# schemas: [{input: schema.model}]
# custom:
#   id: blocked-webhook
#   severity: high
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Allow ingress on the port of the webhook without from, or from the addresses of
#     the API server.
#   before: |
#     spec:
#       podSelector: {matchLabels: {app: webhook}}
#       policyTypes: [Ingress]
#   after: |
#     spec:
#       podSelector: {matchLabels: {app: webhook}}
#       policyTypes: [Ingress]
#       ingress:
#       - ports:
#         - port: 9443
package ringfence.rules.blocked_webhook

import data.ringfence.lib

findings contains lib.blocked(call, "high") if {
	some call in input.blocked
	call.kind == "webhook"
}
