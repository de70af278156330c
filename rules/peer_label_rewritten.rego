# METADATA
# title: A kustomization changed a peer so that it matches nothing
# description: >-
#   commonLabels, and labels with includeSelectors, add their labels to every selector,
#   those of peers in policies included. A peer that stands for pods of another
#   kustomization then asks for labels which these do not carry, and the rule that looks
#   right admits nobody.
# related_resources: [{ref: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/commonlabels/}, {ref: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/labels/}]
# schemas: [{input: schema.model}]
# custom:
#   id: peer-label-rewritten
#   severity: high
#   confidence: high
#   since: 0.1.0
#   remedy: >-
#     Use labels without includeSelectors, or keep the policy out of the kustomization that
#     adds the labels.
#   before: |
#     commonLabels: {team: shop}
#   after: |
#     labels:
#     - pairs: {team: shop}
#       includeTemplates: true
package ringfence.rules.peer_label_rewritten

import data.ringfence.lib

findings contains object.union(finding, lib.unseen) if {
	some p in input.policies
	p.notable
	some rule in p.rules
	rule.effective
	some peer in rule.peers
	some r in peer.rewritten
	finding := {
		"object": p.id,
		"path": r.path,
		"message": sprintf("the kustomization adds %s to a peer, which then matches nothing; without it podSelector %s matches %s", [r.label, r.written, lib.names({id | some id in r.workloads})]),
		"related": [{"object": p.id, "path": peer.path, "message": "the peer"}],
		"defect": sprintf("%s %s", [r.label, r.written]), # whoever is meant
	}
}
