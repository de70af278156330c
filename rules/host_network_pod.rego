# METADATA
# title: Policies do not apply to pods on the host network
# description: >-
#   Pods with hostNetwork share the addresses of their node. Policies neither protect nor
#   restrict them, and peers of other policies do not match them.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-and-hostnetwork-pods}]
# schemas: [{input: schema.model}]
# custom:
#   id: host-network-pod
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Turn hostNetwork off, or protect the node's ports by other means.
#   before: |
#     spec:
#       hostNetwork: true
#       containers:
#       - name: agent
#   after: |
#     spec:
#       containers:
#       - name: agent
#   mapping:
#     cis: ["5.2.5"]
#     nsa: [Pod security enforcement]
package ringfence.rules.host_network_pod

import data.ringfence.lib

findings contains {
	"object": w.id,
	"path": w.host_network_path,
	"message": sprintf("policies do not apply to %s: its pods are on the host network%s", [w.title, _selected(w.id)]),
	"related": [
	{"object": id, "path": ["spec", "podSelector"], "message": "selects it without effect"} |
		some id in w.matched_by
	],
	"severity": _severity(w.daemon),
} if {
	some w in input.workloads
	w.host_network
}

_severity(daemon) := "low" if {
	daemon
} else := "medium"

_selected(id) := sprintf(", and %s has no effect on it", [titles[0]]) if {
	titles := _titles(id)
	count(titles) == 1
} else := sprintf(", and %s and %d more have no effect on it", [titles[0], count(titles) - 1]) if {
	titles := _titles(id)
	count(titles) > 1
} else := ""

_titles(id) := [lib.policy[p].title | some p in lib.workload[id].matched_by]
