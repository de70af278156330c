# METADATA
# title: Rule has the port of the Service
# description: >-
#   Policies see the port on which the pods listen, after a Service has translated its own.
#   A rule with the port of the Service allows nothing where the two differ, and no other
#   rule allows the port of the pods.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports}, {ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource}]
# schemas: [{input: schema.model}]
# custom:
#   id: port-mismatch
#   severity: high
#   confidence: high
#   everywhere: true
#   since: 0.1.0
#   remedy: >-
#     Use the target port of the Service.
#   before: |
#     ports:
#     - port: 80
#   after: |
#     ports:
#     - port: 8080
package ringfence.rules.port_mismatch

import data.ringfence.lib

findings contains object.union(finding, lib.unseen) if {
	some p in input.policies
	p.notable
	some rule in p.rules
	rule.effective
	some wrong in rule.service_ports
	finding := {
		"object": p.id,
		"path": wrong.path,
		"message": sprintf("%s %d is the port of %s, but %s listens on %d, which no rule allows", [
			wrong.protocol, wrong.port, wrong.service_title,
			lib.workload[wrong.workload].title, wrong.target,
		]),
		"related": [{
			"object": wrong.service,
			"path": wrong.service_path,
			"message": sprintf("leads from port %d to port %d", [wrong.port, wrong.target]),
		}],
	}
}
