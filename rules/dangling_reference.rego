# METADATA
# title: Name of a Service that does not exist
# description: >-
#   A workload, a route or a webhook names a Service that is nowhere in the repository,
#   often after a renaming: the name does not resolve, and the call fails. Names of hosts
#   outside of the cluster, of Services of namespaces that the repository does not hold
#   and of what operators make are no such names.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/}]
# schemas: [{input: schema.model}]
# custom:
#   id: dangling-reference
#   severity: low
#   confidence: medium
#   since: 0.1.0
#   remedy: >-
#     Correct the name, or remove what names it.
#   before: |
#     env:
#     - name: CART
#       value: http://carts.shop.svc:8080
#   after: |
#     env:
#     - name: CART
#       value: http://cart.shop.svc:8080
package ringfence.rules.dangling_reference

findings contains _finding(d) if {
	some d in input.dangling
	_sure(d)
}

findings contains object.union(_finding(d), {"severity": "note", "confidence": "low", "persona": "auditor"}) if {
	some d in input.dangling
	not _sure(d)
}

_finding(d) := {
	"object": d.id,
	"path": [],
	"message": sprintf("%s calls \"%s\", and no Service that was rendered has that name", [d.from, d.name]),
	"related": [],
}

# Nothing can be said of Services that were not rendered.
_sure(d) if {
	d.owned
	input.environment.complete
}
