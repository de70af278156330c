# METADATA
# title: Service leads nowhere
# description: >-
#   The labels by which a Service selects pods are those of no workload of its namespace,
#   or none of them declares the port that it names as target. Connections to the Service
#   are refused, and what is inferred from it, who calls whom, is missing.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service}]
# schemas: [{input: schema.model}]
# custom:
#   id: service-without-workload
#   severity: medium
#   confidence: high
#   everywhere: true
#   since: 0.1.0
#   remedy: >-
#     Correct the selector or the target port, or remove the Service.
#   before: |
#     kind: Service
#     metadata: {name: cart}
#     spec:
#       selector: {app: carts}
#   after: |
#     kind: Service
#     metadata: {name: cart}
#     spec:
#       selector: {app: cart}
package ringfence.rules.service_without_workload

import data.ringfence.lib

findings contains {
	"object": s.id,
	"path": ["spec", "selector"],
	"message": sprintf("%s leads nowhere: no workload of its namespace has %s", [s.title, s.selector]),
	"related": [{"object": id, "path": ["kind"], "message": "may be meant"} | some id in s.akin],
	"severity": _severity(s.akin),
	"confidence": _confidence(s.operator_pods, s.private),
} if {
	some s in _without
	_sure(s)
}

findings contains {
	"object": s.id,
	"path": ["spec", "selector"],
	"message": sprintf("%s leads to nothing that was rendered: no workload has %s", [s.title, s.selector]),
	"related": [{"object": id, "path": ["kind"], "message": "has some of these labels"} | some id in s.nearly],
	"severity": "note",
	"confidence": "low",
	"persona": "auditor",
} if {
	some s in _without
	not _sure(s)
}

findings contains {
	"object": s.id,
	"path": missing.path,
	"message": sprintf("%s leads nowhere on %s %d: %s %s no port \"%s\"", [s.title, missing.protocol, missing.port, lib.names({id | some id in s.backends}), _declares(s.backends), missing.name]),
	"related": [],
	"defect": sprintf("%s %s", [missing.protocol, missing.name]), # whoever lacks it
} if {
	some s in input.services
	some missing in s.missing_targets
}

_declares(backends) := "declares" if count(backends) == 1

_declares(backends) := "declare" if count(backends) > 1

_without contains s if {
	count(input.workloads) > 0
	some s in input.services
	count(s.backends) == 0
	not s.controller_labels
	s.operator_pods != "matching"
}

# Nothing can be said of workloads that were not rendered, and of labels that pods get
# while they run.
_sure(s) if {
	s.namespace_workloads > 0
	count(s.nearly) == 0
	input.environment.complete
}

# One that resembles nothing may be a placeholder.
_severity(akin) := "medium" if {
	count(akin) > 0
} else := "low"

_confidence("none", false) := "high"

# Others may apply workloads to a namespace that is not ours.
_confidence("none", true) := "medium"

_confidence("possible", _) := "low"
