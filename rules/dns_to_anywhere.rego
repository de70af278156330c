# METADATA
# title: DNS may be asked anywhere
# description: >-
#   A rule for port 53 without peers lets pods ask any server, not only the DNS of the
#   cluster. DNS to a server of the attacker's is a common way to carry data out and
#   commands in, and the port need not carry DNS at all.
# related_resources: [{ref: https://attack.mitre.org/techniques/T1071/004/}]
# schemas: [{input: schema.model}]
# custom:
#   id: dns-to-anywhere
#   severity: low
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Name the pods of the cluster's DNS: the label k8s-app=kube-dns in the namespace
#     kube-system.
#   before: |
#     egress:
#     - ports:
#       - {port: 53, protocol: UDP}
#   after: |
#     egress:
#     - to:
#       - namespaceSelector:
#           matchLabels: {kubernetes.io/metadata.name: kube-system}
#         podSelector: {matchLabels: {k8s-app: kube-dns}}
#       ports:
#       - {port: 53, protocol: UDP}
#   mapping:
#     nsa: [Network policies]
#     mitre: [T1071.004]
package ringfence.rules.dns_to_anywhere

findings contains {
	"object": p.id,
	"path": rule.path,
	"message": sprintf("%s lets DNS pass to any address: %s", [p.title, rule.ports]),
	"related": [],
	"severity": _severity(p.explained),
} if {
	some p in input.policies
	p.notable
	some rule in p.rules
	rule.dns_anywhere
	rule.effective
}

_severity(explained) := "note" if {
	explained
} else := "low"
