# METADATA
# title: Everybody is admitted on ports that nothing publishes
# description: >-
#   An ingress rule without from admits every pod of the cluster, and outside of it whoever
#   can route there. It has ports that no Service, Ingress or route leads to and of which
#   nothing tells that anybody calls them: debug and admin ports are often such.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource}]
# schemas: [{input: schema.model}]
# custom:
#   id: exposed-workload
#   severity: medium
#   confidence: medium
#   since: 0.1.0
#   remedy: >-
#     Remove the ports from the rule, or name who calls them under from.
#   before: |
#     ingress:
#     - ports:
#       - port: 8080
#       - port: 6060
#   after: |
#     ingress:
#     - ports:
#       - port: 8080
#   mapping:
#     nsa: [Network policies]
#     mitre: [T1046]
package ringfence.rules.exposed_workload

import data.ringfence.lib

findings contains object.union(finding, lib.unseen) if {
	some s in input.surplus
	finding := {
		"object": s.object,
		"path": s.path,
		"message": sprintf("%s admits everybody to %s on %s, which nothing publishes", [lib.policy[s.object].title, lib.names({id | some id in s.workloads}), s.ports]),
		"related": [],
		"defect": lib.by_selector(s.ports, s.object),
		"severity": _severity(lib.policy[s.object].explained),
	}
}

_severity(false) := "medium"

_severity(true) := "note" # somebody says why
