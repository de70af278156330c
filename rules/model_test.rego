# METADATA
# title: Facts for tests
# description: >-
#   Complete facts of a small cluster. A test changes what it is about; a field
#   that the schema does not have makes it fail.
# schemas: [{input: schema.model}]
package ringfence.model

# input_of(patch) is a document with the given lists, the others empty.
input_of(patch) := _with(_document, patch)

workload(patch) := _with(_workload, patch)

namespace(patch) := _with(_namespace, patch)

policy(patch) := _with(_policy, patch)

rule(patch) := _with(_rule, patch)

peer(patch) := _with(_peer, patch)

service(patch) := _with(_service, patch)

blocked(patch) := _with(_blocked, patch)

dangling(patch) := _with(_dangling, patch)

gap := {"id": 9, "code": "remote-reference", "reason": "a remote base was refused", "target": "shop"}

# Text for the messages of findings, to compare them as a whole.
messages(findings) := {f.message | some f in findings}

_with(facts, patch) := object.union(facts, patch) if {
	object.keys(patch) == object.keys(patch) & object.keys(facts)
}

_document := {
	"environment": {"name": "test", "complete": true, "cni": "", "enforces": true},
	"gaps": [],
	"namespaces": [],
	"workloads": [],
	"policies": [],
	"services": [],
	"blocked": [],
	"dangling": [],
	"other_policies": [],
	"not_evaluated": [],
	"contradictions": [],
	"unstable": [],
	"metadata_blocks": [],
	"cancelled_excepts": [],
	"hidden_sources": [],
	"pod_blocks": [],
	"surplus": [],
	"redundant_policies": [],
	"shadowed_rules": [],
	"unrelated_peers": [],
}

_namespace := {
	"id": 0,
	"title": "namespace \"shop\"",
	"declared": true,
	"private": false,
	"shared": false,
	"uncertain": false,
	"workloads": [1],
	"default_deny": {"ingress": false, "egress": false},
}

# A workload that no policy isolates.
_workload := {
	"id": 1,
	"title": "Deployment \"cart\"",
	"daemon": false,
	"helm_test": false,
	"host_network": false,
	"host_network_path": ["spec", "template", "spec", "hostNetwork"],
	"matched_by": [],
	"data_store": "",
	"store_open": false,
	"store_port": "",
	"store_open_by": [],
	"cluster_dns": true,
	"uncertain": false,
	"operated": false,
	"callers": 0,
	"callees": 0,
	"exposed_by": [],
	"ingress": {"policies": [], "isolated": false, "open": true, "open_by": []},
	"egress": {
		"policies": [],
		"isolated": false,
		"open": true,
		"calls": [],
		"dns": {"udp": true, "tcp": true, "udp_by": []},
	},
}

# A policy for the workload, without rules.
_policy := {
	"id": 2,
	"title": "NetworkPolicy \"cart\"",
	"private": false,
	"selector": "app=cart",
	"selects_all": false,
	"unlabelled": false,
	"selected": [1],
	"on_host_network": [],
	"explained": false,
	"notable": true,
	"name_says": "",
	"contradictory": false,
	"elsewhere": [],
	"namespace_workloads": 1,
	"controller_labels": false,
	"operator_pods": "none",
	"types_written": true,
	"types": {"ingress": true, "egress": true},
	"sections": {"ingress": true, "egress": true},
	"rules": [],
}

_rule := {
	"direction": "ingress",
	"path": ["spec", "ingress", 0],
	"effective": true,
	"allows_all": false,
	"ports": "TCP 8080",
	"only_dns": false,
	"only_https": false,
	"dns_anywhere": false,
	"published": false,
	"wide_blocks": [],
	"missing_names": [],
	"service_ports": [],
	"splits": [],
	"peers": [],
}

_peer := {
	"path": ["spec", "ingress", 0, "from", 0],
	"title": "podSelector app=front",
	"selects_pods": true,
	"selects_namespaces": false,
	"all_pods": false,
	"unlabelled": false,
	"matches": [],
	"candidates": 1,
	"unknown_namespaces": false,
	"controller_labels": false,
	"operator_pods": "none",
	"missing_labels": [],
	"contradictory": false,
	"elsewhere": [],
	"rewritten": [],
}

# A call from elsewhere that the policy denies.
_blocked := {
	"id": 8,
	"kind": "call",
	"from": "Deployment \"front\"",
	"to": "Deployment \"cart\"",
	"port": "TCP 8080",
	"outside": false,
	"confidence": "high",
	"denials": [{
		"direction": "ingress",
		"by": [{"object": 2, "path": ["spec", "podSelector"], "title": "NetworkPolicy \"cart\""}],
	}],
}

# A name in a namespace that is known completely.
_dangling := {"id": 7, "name": "carts", "from": "Deployment \"front\"", "owned": true}

# A Service of the workload.
_service := {
	"id": 6,
	"title": "Service \"cart\"",
	"private": false,
	"selector": "app=cart",
	"backends": [1],
	"nearly": [],
	"akin": [],
	"namespace_workloads": 1,
	"controller_labels": false,
	"operator_pods": "none",
	"missing_targets": [],
}
