# METADATA
# title: Egress reaches the metadata service of the cloud
# description: >-
#   Clouds answer at 169.254.169.254 on every node, also to pods, with credentials of the
#   node among others. A block for the internet holds this address unless it is excepted;
#   the private ranges, which are often excepted, do not contain it.
# related_resources: [{ref: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html}, {ref: https://cloud.google.com/compute/docs/metadata/querying-metadata}]
# schemas: [{input: schema.model}]
# custom:
#   id: metadata-service-reachable
#   severity: medium
#   confidence: medium
#   since: 0.1.0
#   remedy: >-
#     Except 169.254.169.254/32, and fd00:ec2::254/128 of a block of IPv6. Where pods ask
#     the service for their own identity, allow it to just those.
#   before: |
#     to:
#     - ipBlock:
#         cidr: 0.0.0.0/0
#         except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]
#   after: |
#     to:
#     - ipBlock:
#         cidr: 0.0.0.0/0
#         except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16]
#   mapping:
#     nsa: [Protecting sensitive cloud infrastructure]
#     mitre: [T1552.005]
package ringfence.rules.metadata_service_reachable

import data.ringfence.lib

findings contains {
	"object": b.object,
	"path": b.path,
	"message": sprintf("%s allows calls to the metadata service of the cloud: %s holds %s, on %s", [p.title, b.cidr, b.address, b.ports]),
	"related": [],
	"severity": _severity(p.explained),
} if {
	some b in input.metadata_blocks
	p := lib.policy[b.object]
}

_severity(explained) := "note" if {
	explained
} else := "medium"
