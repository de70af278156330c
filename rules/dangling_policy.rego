# METADATA
# title: Policy selects nothing
# description: >-
#   The labels of podSelector are those of no workload, often after a renaming or in a copy:
#   the pods that the policy is for are not protected by it.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource}]
# schemas: [{input: schema.model}]
# custom:
#   id: dangling-policy
#   severity: medium
#   confidence: high
#   everywhere: true
#   since: 0.1.0
#   remedy: >-
#     Correct podSelector, or remove the policy with the workload that it was for.
#   before: |
#     podSelector: {matchLabels: {app: carts}}
#   after: |
#     podSelector: {matchLabels: {app: cart}}
#   mapping:
#     cis: ["5.3.2"]
#     nsa: [Network policies]
package ringfence.rules.dangling_policy

findings contains {
	"object": p.id,
	"path": ["spec", "podSelector"],
	"message": sprintf("%s selects nothing: no workload of its namespace has %s", [p.title, p.selector]),
	"related": [],
	"confidence": _confidence(p.operator_pods, p.private),
} if {
	some p in _dangling
	_sure(p.namespace_workloads)
}

findings contains {
	"object": p.id,
	"path": ["spec", "podSelector"],
	"message": sprintf("%s selects nothing that was rendered: no workload has %s", [p.title, p.selector]),
	"related": [],
	"severity": "note",
	"confidence": "low",
	"persona": "auditor",
} if {
	some p in _dangling
	not _sure(p.namespace_workloads)
}

_dangling contains p if {
	count(input.workloads) > 0
	some p in input.policies
	p.selected == []
	p.on_host_network == []
	p.elsewhere == [] # else wrong-namespace says it
	not p.contradictory # else contradictory-selector says it
	not p.unlabelled # what must not be there may come
	not p.controller_labels
	p.operator_pods != "matching"
}

# Nothing can be said of workloads that were not rendered.
_sure(workloads) if {
	workloads > 0
	input.environment.complete
}

_confidence("none", false) := "high"

# Others may apply workloads to a namespace that is not ours.
_confidence("none", true) := "medium"

_confidence("possible", _) := "low"
