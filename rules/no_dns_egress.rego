# METADATA
# title: Calls are allowed, DNS is not
# description: >-
#   Pods find what they call by name. Where policies isolate egress and allow calls but not
#   DNS over UDP to the DNS of the cluster, every lookup times out and the allowed calls
#   fail.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/}]
# schemas: [{input: schema.model}]
# custom:
#   id: no-dns-egress
#   severity: high
#   confidence: medium
#   since: 0.1.0
#   remedy: >-
#     Allow egress to the pods k8s-app=kube-dns of the namespace kube-system on port 53, UDP
#     and TCP.
#   before: |
#     egress:
#     - to:
#       - podSelector: {matchLabels: {app: cart}}
#   after: |
#     egress:
#     - to:
#       - podSelector: {matchLabels: {app: cart}}
#     - to:
#       - namespaceSelector:
#           matchLabels: {kubernetes.io/metadata.name: kube-system}
#         podSelector: {matchLabels: {k8s-app: kube-dns}}
#       ports:
#       - {port: 53, protocol: UDP}
#       - {port: 53, protocol: TCP}
package ringfence.rules.no_dns_egress

import data.ringfence.lib

findings contains {
	"object": id,
	"path": ["spec", "egress"],
	"message": sprintf("%s may make calls but not ask DNS: no egress rule allows UDP port 53 to the DNS of the cluster", [lib.names(callers)]),
	"related": [],
	"defect": lib.by_selector("UDP", id),
	"severity": _severity(callers),
	"confidence": _confidence(callers),
} if {
	some id, callers in _mute
}

findings contains {
	"object": id,
	"path": path,
	"message": sprintf("%s may ask DNS over UDP but not over TCP, which long answers need", [lib.names(callers)]),
	"related": [],
	"defect": lib.by_selector("TCP", id),
	"severity": "note",
} if {
	some [id, path], callers in _udp_only
}

# The callers without DNS, by the first policy that allows them a call.
_mute[w.egress.calls[0].object] contains w.id if {
	some w in input.workloads
	not w.egress.dns.udp
	_asks(w.id)
}

_udp_only[[w.egress.dns.udp_by[0].object, w.egress.dns.udp_by[0].path]] contains w.id if {
	some w in input.workloads
	not w.egress.dns.tcp
	w.egress.dns.udp
	_asks(w.id)
}

_asks(id) if {
	w := lib.workload[id]
	w.egress.isolated
	w.cluster_dns
	not w.host_network
	not w.uncertain
	count(w.egress.calls) > 0
}

# Some caller is allowed to call pods, which are found through their Service.
_call_pods(callers) if {
	some id in callers
	some call in lib.workload[id].egress.calls
	not call.by_name
}

_severity(callers) := "high" if {
	_call_pods(callers)
} else := "medium"

_confidence(callers) := "medium" if {
	_call_pods(callers)
	input.environment.complete
} else := "low"
