# METADATA
# title: Ingress is restricted, egress is not
# description: >-
#   Policies isolate the ingress of the workload and none its egress, so that whoever takes
#   it over can reach everything: other pods, the cloud's metadata service, the internet.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation}]
# schemas: [{input: schema.model}]
# custom:
#   id: unrestricted-egress
#   severity: low
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Add Egress to policyTypes, and egress rules for what the workload calls, DNS included.
#   before: |
#     spec:
#       podSelector: {matchLabels: {app: cart}}
#       policyTypes: [Ingress]
#   after: |
#     spec:
#       podSelector: {matchLabels: {app: cart}}
#       policyTypes: [Ingress, Egress]
#       egress:
#       - to:
#         - podSelector: {matchLabels: {app: redis}}
#         ports:
#         - port: 6379
#   mapping:
#     nsa: [Network policies]
#     mitre: [T1046, T1048]
package ringfence.rules.unrestricted_egress

import data.ringfence.lib

findings contains {
	"object": w.id,
	"path": ["kind"],
	"message": sprintf("%s may connect to anything: policies isolate its ingress, none its egress", [w.title]),
	"related": array.concat(policies, namespaces),
	"severity": _severity(w.id),
	"confidence": lib.absence,
} if {
	some w in input.workloads
	not w.ingress.open # else unprotected-workload says both
	not w.egress.isolated
	not w.helm_test
	not w.uncertain
	policies := [{"object": id, "path": ["spec"], "message": "isolates its ingress only"} | some id in w.ingress.policies]
	namespaces := [{"object": id, "path": ["kind"], "message": "its namespace has no default deny"} | id := lib.lacks_deny.egress[w.id]]
}

_severity(id) := "medium" if {
	id in lib.exposed
} else := "low"
