# METADATA
# title: Pods do not see the addresses that a rule admits
# description: >-
#   Unless externalTrafficPolicy is Local, a node that receives a call for a Service of type
#   LoadBalancer or NodePort may replace the address of the client by its own. A rule that
#   admits addresses of clients then denies them.
# related_resources: [{ref: https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/#preserving-the-client-source-ip}, {ref: https://kubernetes.io/docs/tutorials/services/source-ip/}]
# schemas: [{input: schema.model}]
# custom:
#   id: source-ip-lost
#   severity: medium
#   confidence: medium
#   since: 0.1.0
#   remedy: >-
#     Set externalTrafficPolicy to Local on the Service, or restrict clients with
#     loadBalancerSourceRanges.
#   before: |
#     kind: Service
#     spec:
#       type: LoadBalancer
#   after: |
#     kind: Service
#     spec:
#       type: LoadBalancer
#       externalTrafficPolicy: Local
package ringfence.rules.source_ip_lost

findings contains {
	"object": h.object,
	"path": h.path,
	"message": sprintf("clients in %s come through %s with the address of a node", [h.cidr, h.service_title]),
	"related": [{"object": h.service, "path": h.service_path, "message": "externalTrafficPolicy is not Local"}],
} if {
	some h in input.hidden_sources
}
