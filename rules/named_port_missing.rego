# METADATA
# title: Named port that no pod declares
# description: >-
#   A port that a rule names stands for the ports that the pods declare with this name and
#   protocol. Where none does, the rule allows nothing.
# related_resources: [{ref: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/}]
# schemas: [{input: schema.model}]
# custom:
#   id: named-port-missing
#   severity: medium
#   confidence: high
#   everywhere: true
#   since: 0.1.0
#   remedy: >-
#     Use the name that the containers give to the port, or its number.
#   before: |
#     ports:
#     - port: web
#   after: |
#     ports:
#     - port: http
package ringfence.rules.named_port_missing

import data.ringfence.lib

# A workload that declares it may be among what was not rendered.
findings contains object.union(finding, lib.unseen) if {
	some p in input.policies
	p.notable
	some rule in p.rules
	rule.effective
	some missing in rule.missing_names
	finding := {
		"object": p.id,
		"path": missing.path,
		"message": sprintf("the rule allows nothing: %s declares no %s port \"%s\"", [lib.names({id | some id in missing.workloads}), missing.protocol, missing.name]),
		"related": [],
		"defect": lib.by_selector(sprintf("%s %s", [missing.protocol, missing.name]), p.id),
	}
}
