# METADATA
# title: What several rules share
# description: Lookups by id and the few notions that more than one rule needs.
# schemas: [{input: schema.model}]
package ringfence.lib

# Workloads and policies by id. They are comprehensions because those are made
# once; a rule with a key would search the whole list for every key.
workload := {w.id: w | some w in input.workloads}

policy := {p.id: p | some p in input.policies}

# How messages call policies of every kind, by id.
policy_title := {p.id: p.title | some p in array.concat(input.policies, input.other_policies)}

# Workloads that any pod can reach on any port, by id. Pods on the host network,
# Helm tests and those that other kinds of policies may protect are left out.
unprotected contains w.id if {
	some w in input.workloads
	w.ingress.open
	not w.host_network
	not w.helm_test
	not w.uncertain
}

# Data stores that any pod can reach on their port, by id, with the same left out.
sensitive contains w.id if {
	some w in input.workloads
	w.store_open
	not w.host_network
	not w.helm_test
	not w.uncertain
}

# Workloads reachable from outside the cluster, by id.
exposed contains w.id if {
	some w in input.workloads
	count(w.exposed_by) > 0
}

# The namespaces without a default deny that leave workloads open, by direction and the id
# of the workload: of those that missing-default-deny reports as declared.
lacks_deny := {direction: {id: n.id |
	some n in input.namespaces
	n.declared
	not n.private
	not n.shared
	not n.uncertain
	not n.default_deny[direction]
	some id in n.workloads
} |
	some direction in ["ingress", "egress"]
}

# Ingress rules that explain why a workload is unprotected, or a data store open:
# [policy, path].
explains contains [place.object, place.path] if {
	some w in input.workloads
	w.id in unprotected
	some place in w.ingress.open_by
}

explains contains [place.object, place.path] if {
	some id in sensitive
	some place in workload[id].store_open_by
}

# Policies called a denial that allow everything, which deny-named-allow reports.
misnamed contains p.id if {
	some p in input.policies
	p.name_says == "deny"
	count(p.rules) > 0
	every direction in isolated(p) {
		some rule in p.rules
		rule.direction == direction
		rule.allows_all
	}
}

# isolated(p) are the directions that a policy isolates.
isolated(p) := [d | some d in ["ingress", "egress"]; p.types[d]]

# Peers that split-peer reports: [policy, path].
split contains [p.id, path] if {
	some p in input.policies
	p.notable
	not p.private
	some rule in p.rules
	some two in rule.splits
	count(two.together) > 0
	some path in [two.path, two.other]
}

# How sure a finding is that rests on something absent.
default absence := "high"

absence := "medium" if not input.environment.complete

# names(ids) is text for a set of workloads: Deployment "a" and 2 more. A finding that has it
# says as its defect what stays while workloads come and go.
names(ids) := sprintf("%s and %d more", [workload[min(ids)].title, count(ids) - 1]) if count(ids) > 1

names(ids) := workload[min(ids)].title if count(ids) == 1

# by_selector(what, id) is the defect of a policy that is about whatever it selects: it
# stays while workloads come and go, and not when the policy selects others.
by_selector(what, id) := sprintf("%s for %s", [what, policy[id].selector]) if {
	policy[id]
} else := what

# blocked(call, severity) is the finding about a call that policies deny. Where not
# everything was seen, a policy that allows it may be just there.
blocked(call, severity) := object.union(finding, unseen) if {
	sides := [sprintf("%s let it %s", [_deniers(denial.by), _way[denial.direction]]) | some denial in call.denials]
	finding := {
		"object": call.id,
		"path": [],
		"message": sprintf("%s needs to call %s on %s, but %s", [call.from, call.to, call.port, concat(", and ", sides)]),
		"related": [{"object": by.object, "path": by.path, "message": _related(call, denial.direction)} |
			some denial in call.denials
			some by in denial.by
		],
		"severity": severity,
		"confidence": call.confidence,
		"defect": sprintf("%s %s %s", [call.from, call.to, call.port]), # whoever denies it
	}
}

# What becomes of a finding that may be wrong where not everything was seen.
default unseen := {}

unseen := {"severity": "note", "confidence": "low", "persona": "auditor"} if not input.environment.complete

_related(call, "ingress") := sprintf("isolates the ingress of %s", [call.to])

_related(call, "egress") := sprintf("isolates the egress of %s", [call.from])

_way := {"ingress": "in", "egress": "out"}

_deniers(policies) := sprintf("%s does not", [policies[0].title]) if count(policies) == 1

_deniers(policies) := sprintf("%s and %d more do not", [policies[0].title, count(policies) - 1]) if count(policies) > 1
