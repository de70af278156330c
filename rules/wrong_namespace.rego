# METADATA
# title: Selector matches pods of another namespace only
# description: >-
#   podSelector selects pods of the namespace that the policy is in, and as a peer without
#   namespaceSelector too. Here nothing in that namespace has the labels, and just one other
#   namespace has such workloads: the pods that the policy is for are not protected by it,
#   or the peer admits nobody.
# related_resources: [{ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors}]
# schemas: [{input: schema.model}]
# custom:
#   id: wrong-namespace
#   severity: high
#   confidence: medium
#   everywhere: true
#   since: 0.1.0
#   remedy: >-
#     Move the policy into the namespace of the pods; for a peer, add a namespaceSelector to
#     the same item.
#   before: |
#     metadata: {name: prometheus, namespace: shop}
#     spec:
#       podSelector: {matchLabels: {app: prometheus}}
#   after: |
#     metadata: {name: prometheus, namespace: monitoring}
#     spec:
#       podSelector: {matchLabels: {app: prometheus}}
package ringfence.rules.wrong_namespace

import data.ringfence.lib

findings contains object.union(finding, lib.unseen) if {
	some p in input.policies
	p.selected == []
	some other in p.elsewhere
	finding := {
		"object": p.id,
		"path": ["spec", "podSelector"],
		"message": sprintf("%s selects nothing: %s, which has %s, is in namespace %q", [p.title, lib.names({id | some id in other.workloads}), p.selector, other.namespace]),
		"related": [{"object": id, "path": ["kind"], "message": "has these labels"} | some id in other.workloads],
		"defect": sprintf("%s %s", [p.selector, other.namespace]), # whoever is in it
	}
}

findings contains object.union(finding, lib.unseen) if {
	some p in input.policies
	p.notable
	some rule in p.rules
	rule.effective
	some peer in rule.peers
	some other in peer.elsewhere
	not [p.id, peer.path] in lib.split # else split-peer says it
	finding := {
		"object": p.id,
		"path": peer.path,
		"message": sprintf("%s matches nothing of the policy's own namespace: %s, which has these labels, is in namespace %q", [peer.title, lib.names({id | some id in other.workloads}), other.namespace]),
		"related": [{"object": id, "path": ["kind"], "message": "has these labels"} | some id in other.workloads],
		"defect": sprintf("%s %s", [peer.title, other.namespace]), # whoever is in it
	}
}
