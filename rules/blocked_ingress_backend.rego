# METADATA
# title: Policies keep the ingress controller away from a backend
# description: >-
#   An Ingress or a route leads from outside to pods whose policies let no ingress
#   controller in: neither any address, nor pods of another namespace, nor any that
#   could be one. Requests from outside time out.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/ingress-controllers/}, {ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource}]
# schemas: [{input: schema.model}]
# custom:
#   id: blocked-ingress-backend
#   severity: high
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Allow ingress from the pods of the ingress controller on the port on which the
#     pods listen.
#   before: |
#     ingress:
#     - from:
#       - podSelector: {matchLabels: {app: front}}
#   after: |
#     ingress:
#     - from:
#       - podSelector: {matchLabels: {app: front}}
#     - from:
#       - namespaceSelector:
#           matchLabels: {kubernetes.io/metadata.name: ingress-nginx}
#       ports:
#       - port: 8080
package ringfence.rules.blocked_ingress_backend

import data.ringfence.lib

findings contains lib.blocked(call, "high") if {
	some call in input.blocked
	call.kind == "backend"
}
