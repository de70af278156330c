# METADATA
# title: Policy does the opposite of what its name says
# description: >-
#   A policy whose name says deny allows everything: an empty rule, {}, matches everything,
#   while no rule denies. Or a policy whose name says allow has no rule, and denies
#   everything. Whoever reads the name believes it.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies}]
# schemas: [{input: schema.model}]
# custom:
#   id: deny-named-allow
#   severity: medium
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     For a denial leave the rules out; for an allowance write the rule.
#   before: |
#     metadata: {name: deny-all}
#     spec:
#       podSelector: {}
#       policyTypes: [Ingress]
#       ingress:
#       - {}
#   after: |
#     metadata: {name: deny-all}
#     spec:
#       podSelector: {}
#       policyTypes: [Ingress]
package ringfence.rules.deny_named_allow

import data.ringfence.lib

findings contains {
	"object": p.id,
	"path": ["metadata", "name"],
	"message": sprintf("%s allows all %s, against its name", [p.title, concat(" and ", lib.isolated(p))]),
	"related": [{"object": p.id, "path": rule.path, "message": "everything is allowed here"} |
		some rule in p.rules
		rule.effective
		rule.allows_all
	],
} if {
	some p in input.policies
	p.id in lib.misnamed
}

findings contains {
	"object": p.id,
	"path": ["metadata", "name"],
	"message": sprintf("%s has no rules and denies all %s, against its name", [p.title, concat(" and ", lib.isolated(p))]),
	"related": [],
} if {
	some p in input.policies
	p.name_says == "allow"
	p.rules == []
}
