# METADATA
# title: Peer matches nothing
# description: >-
#   The labels of a peer are those of no workload, often after a renaming: the caller that
#   the rule was written for is denied, or nobody needs the rule.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors}]
# schemas: [{input: schema.model}]
# custom:
#   id: dangling-peer
#   severity: medium
#   confidence: medium
#   everywhere: true
#   since: 0.1.0
#   remedy: >-
#     Correct the labels, or remove the peer. If it was meant together with a namespaceSelector
#     beside it, put both into one item.
#   before: |
#     from:
#     - podSelector: {matchLabels: {app: frontend}}
#   after: |
#     from:
#     - podSelector: {matchLabels: {app: front}}
package ringfence.rules.dangling_peer

import data.ringfence.lib

findings contains {
	"object": d.policy.id,
	"path": d.peer.path,
	"message": sprintf("no workload matches %s", [d.peer.title]),
	"related": _halves(d),
	"confidence": _confidence[d.peer.operator_pods],
} if {
	some d in _dangling
	_sure(d.peer.candidates)
	not d.peer.unknown_namespaces
}

findings contains {
	"object": d.policy.id,
	"path": d.peer.path,
	"message": sprintf("no workload that was rendered matches %s", [d.peer.title]),
	"related": _halves(d),
	"severity": "note",
	"confidence": "low",
	"persona": "auditor",
} if {
	some d in _dangling
	not d.peer.unknown_namespaces
	not _sure(d.peer.candidates)
}

_dangling contains {"policy": p, "rule": rule, "peer": peer} if {
	count(input.workloads) > 0
	some p in input.policies
	p.notable
	some rule in p.rules
	rule.effective
	some peer in rule.peers
	count(peer.matches) + count(peer.missing_labels) == 0
	not [p.id, peer.path] in lib.split # else split-peer says it
	not peer.contradictory # else contradictory-selector says it
	peer.rewritten == [] # else peer-label-rewritten says it
	peer.elsewhere == [] # else wrong-namespace says it
	not peer.unlabelled # what must not be there may come
	not peer.controller_labels
	peer.operator_pods != "matching"
	not _across(p.private, peer.selects_namespaces)
}

# The neighbours with which the peer may have been meant as one: of the namespaces that
# they match not enough is known for split-peer.
_halves(d) := [{"object": d.policy.id, "path": other, "message": "the other half, if one peer was meant: put both selectors into one item"} |
	some split in d.rule.splits
	some [path, other] in [[split.path, split.other], [split.other, split.path]]
	path == d.peer.path
]

# A policy whose own namespace is unknown says nothing about other namespaces.
_across(true, true)

# Nothing can be said of namespaces of which nothing was rendered.
_sure(candidates) if {
	candidates > 0
	input.environment.complete
}

_confidence := {"none": "medium", "possible": "low"}
