# METADATA
# title: Policies keep Prometheus away
# description: >-
#   A monitor, an annotation or the configuration of Prometheus says that pods are
#   scraped, and no policy of theirs lets it in: the target is down, and alerts that
#   rest on its metrics stay silent.
# related_resources: [{ref: https://prometheus-operator.dev/docs/developer/getting-started/}, {ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource}]
# schemas: [{input: schema.model}]
# custom:
#   id: blocked-scrape
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Allow ingress from Prometheus on the port of the metrics, or remove what asks for
#     them.
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
#           matchLabels: {kubernetes.io/metadata.name: monitoring}
#         podSelector:
#           matchLabels: {app.kubernetes.io/name: prometheus}
#       ports:
#       - port: 9090
package ringfence.rules.blocked_scrape

import data.ringfence.lib

findings contains lib.blocked(call, "medium") if {
	some call in input.blocked
	call.kind == "scrape"
}
