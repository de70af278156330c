# METADATA
# title: Any pod can connect to the workload on any port
# description: >-
#   A pod that no policy isolates accepts every connection, and so does one whose policies
#   allow everything together. Whoever takes over any pod of the cluster can then reach it,
#   its debug and metrics ports included.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation}]
# schemas: [{input: schema.model}]
# custom:
#   id: unprotected-workload
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Isolate the ingress of the workload with a NetworkPolicy, best with a default deny for
#     the namespace, and allow the peers that need it on the ports that they call.
#   before: |
#     kind: Deployment
#     metadata: {name: cart}
#   after: |
#     kind: NetworkPolicy
#     metadata: {name: cart}
#     spec:
#       podSelector: {matchLabels: {app: cart}}
#       policyTypes: [Ingress]
#       ingress:
#       - from:
#         - podSelector: {matchLabels: {app: front}}
#         ports:
#         - port: 8080
#   mapping:
#     cis: ["5.3.2"]
#     nsa: [Network policies]
#     mitre: [T1046]
package ringfence.rules.unprotected_workload

import data.ringfence.lib

findings contains {
	"object": w.id,
	"path": ["kind"],
	"message": sprintf("any pod can connect to %s on any port: %s%s", [w.title, _ingress(id), _egress(id)]),
	"related": array.concat(array.concat(rules, namespaces), doors),
	"severity": _severity(id),
	"confidence": _confidence(id),
	"defect": "any port", # whether it is allowed or nothing isolates
} if {
	some id in lib.unprotected
	not id in lib.sensitive # else sensitive-workload-open says it
	w := lib.workload[id]
	rules := [object.union(place, {"message": "everything is allowed here"}) | some place in w.ingress.open_by]
	namespaces := [{"object": lib.lacks_deny.ingress[id], "path": ["kind"], "message": "its namespace has no default deny"} | not w.ingress.isolated]
	doors := [object.union(place, {"message": "reachable from outside through this"}) | some place in w.exposed_by]
}

_severity(id) := "high" if {
	id in lib.exposed
} else := "medium"

# An allow-all rule is there to be seen; that no policy isolates is an absence.
_confidence(id) := "high" if {
	lib.workload[id].ingress.isolated
} else := lib.absence

_ingress(id) := sprintf("%s allows all ingress", [_allowing(id)]) if {
	lib.workload[id].ingress.isolated
} else := "no policy isolates its ingress"

_egress(id) := ", and its egress is open too" if {
	lib.workload[id].egress.open
} else := ""

_allowing(id) := concat(" with ", {lib.policy_title[place.object] | some place in lib.workload[id].ingress.open_by})
