# METADATA
# title: Any pod can connect to a data store
# description: >-
#   A database, a cache, a queue or a store of secrets is what an intruder looks for first,
#   and many of them trust whoever can connect. No policy keeps any pod of the cluster from
#   connecting to its port.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation}]
# schemas: [{input: schema.model}]
# custom:
#   id: sensitive-workload-open
#   severity: high
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Isolate its ingress with a NetworkPolicy, and allow just the workloads that use it on
#     its port.
#   before: |
#     kind: StatefulSet
#     metadata: {name: redis}
#   after: |
#     kind: NetworkPolicy
#     metadata: {name: redis}
#     spec:
#       podSelector: {matchLabels: {app: redis}}
#       policyTypes: [Ingress]
#       ingress:
#       - from:
#         - podSelector: {matchLabels: {app: cart}}
#         ports:
#         - port: 6379
#   mapping:
#     cis: ["5.3.2"]
#     nsa: [Network policies]
#     mitre: [T1046]
package ringfence.rules.sensitive_workload_open

import data.ringfence.lib

findings contains {
	"object": w.id,
	"path": ["kind"],
	"message": sprintf("any pod can connect to %s (%s) on %s: %s%s", [w.title, w.data_store, w.store_port, _ingress(w.id), _egress(w.id)]),
	"related": array.concat(rules, doors),
	"confidence": _confidence(w.id),
	"defect": w.store_port, # whether it is allowed or nothing isolates
} if {
	some id in lib.sensitive
	w := lib.workload[id]
	rules := [object.union(place, {"message": "it is allowed here"}) | some place in w.store_open_by]
	doors := [object.union(place, {"message": "reachable from outside through this"}) | some place in w.exposed_by]
}

# A rule that allows it is there to be seen; that no policy isolates is an absence.
_confidence(id) := "high" if {
	lib.workload[id].ingress.isolated
} else := lib.absence

_ingress(id) := sprintf("%s allows it", [concat(" with ", {lib.policy_title[place.object] | some place in lib.workload[id].store_open_by})]) if {
	lib.workload[id].ingress.isolated
} else := "no policy isolates its ingress"

_egress(id) := ", and its egress is open too" if {
	lib.workload[id].egress.open
} else := ""
