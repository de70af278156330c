# METADATA
# title: Address block holds the cluster's own addresses
# description: >-
#   A block such as 0.0.0.0/0 holds every private address too: with most network plugins that
#   is every pod, node and service, and the metadata service of the cloud.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors}]
# schemas: [{input: schema.model}]
# custom:
#   id: overbroad-ip-block
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Narrow the block, or except the private ranges: 10.0.0.0/8, 172.16.0.0/12,
#     192.168.0.0/16, fc00::/7.
#   before: |
#     to:
#     - ipBlock: {cidr: 0.0.0.0/0}
#   after: |
#     to:
#     - ipBlock:
#         cidr: 0.0.0.0/0
#         except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16]
#   mapping:
#     nsa: [Network policies]
#     mitre: [T1046]
package ringfence.rules.overbroad_ip_block

findings contains {
	"object": p.id,
	"path": rule.wide_blocks[0].path,
	"message": sprintf("%s %s every private address through %s on %s", [
		p.title, _verb[rule.direction],
		concat(" and ", [block.cidr | some block in rule.wide_blocks]), rule.ports,
	]),
	"related": [
	{"object": p.id, "path": block.path, "message": "this block is a part of it"} |
		some i, block in rule.wide_blocks
		i > 0
	],
	"severity": _severity(p.explained, rule.only_https),
} if {
	some p in input.policies
	p.notable
	some rule in p.rules
	rule.effective
	not rule.allows_all
	not rule.dns_anywhere # else dns-to-anywhere says it
	not rule.published # whoever is outside may connect there
	count(rule.wide_blocks) > 0
}

_verb := {"ingress": "admits", "egress": "allows calls to"}

# Calls of services outside, which have no stable address, are often HTTPS.
_severity(explained, only_https) := "note" if {
	explained
} else := "low" if {
	only_https
} else := "medium"
