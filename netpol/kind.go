package netpol

import (
	"slices"

	"github.com/ringfence/ringfence/manifest"
)

// kind identifies a kind of objects, whatever their version.
type kind struct{ group, name string }

func kindOf(o *manifest.Object) kind { return kind{o.Group, o.Kind} }

func (k kind) isNamespace() bool { return k == kind{"", "Namespace"} }

func (k kind) isService() bool { return k == kind{"", "Service"} }

// isNetworkPolicy tells whether the kind is Kubernetes' own NetworkPolicy; other
// groups have kinds of the same name. It was in extensions until Kubernetes 1.16.
func (k kind) isNetworkPolicy() bool {
	return k.name == "NetworkPolicy" && (k.group == "networking.k8s.io" || k.group == "extensions")
}

// isForeignPolicy tells whether objects of the kind allow or deny connections
// beside NetworkPolicy.
func (k kind) isForeignPolicy() bool {
	switch k.group {
	case "cilium.io":
		return k.name == "CiliumNetworkPolicy" || k.name == "CiliumClusterwideNetworkPolicy"
	case "projectcalico.org", "crd.projectcalico.org":
		return k.name == "NetworkPolicy" || k.name == "GlobalNetworkPolicy"
	case "crd.antrea.io":
		return k.name == "NetworkPolicy" || k.name == "ClusterNetworkPolicy"
	case "policy.networking.k8s.io":
		return k.name == "AdminNetworkPolicy" || k.name == "BaselineAdminNetworkPolicy" || k.name == "ClusterNetworkPolicy"
	default:
		return false
	}
}

// isCalico tells whether the kind is one of Calico's.
func (k kind) isCalico() bool {
	return k.group == "projectcalico.org" || k.group == "crd.projectcalico.org"
}

func (k kind) isNetworkSet() bool {
	return k.isCalico() && (k.name == "NetworkSet" || k.name == "GlobalNetworkSet")
}

func (k kind) isHostEndpoint() bool { return k.isCalico() && k.name == "HostEndpoint" }

// IsClusterWide tells whether a policy, of whichever kind, may be about all namespaces.
func IsClusterWide(policy *manifest.Object) bool { return kindOf(policy).isClusterWide() }

// isClusterWide tells whether a kind of policy is about all namespaces.
func (k kind) isClusterWide() bool {
	return k.group == "policy.networking.k8s.io" || k.name != "NetworkPolicy" && k.name != "CiliumNetworkPolicy"
}

// templatePath tells where objects of the kind hold their pod template. A Pod is
// its own, at the empty path; ok is false for kinds that make no pods.
func (k kind) templatePath() (path []any, ok bool) {
	switch k {
	case kind{"", "Pod"}:
		return nil, true
	case kind{"apps", "Deployment"}, kind{"apps", "StatefulSet"}, kind{"apps", "DaemonSet"}, kind{"apps", "ReplicaSet"},
		kind{"extensions", "Deployment"}, kind{"extensions", "DaemonSet"}, kind{"extensions", "ReplicaSet"},
		kind{"", "ReplicationController"}, kind{"batch", "Job"},
		kind{"apps.openshift.io", "DeploymentConfig"}, kind{"", "DeploymentConfig"}, kind{"argoproj.io", "Rollout"}:
		return templateOfMost, true
	case kind{"batch", "CronJob"}:
		return templateOfCronJobs, true
	default:
		return nil, false
	}
}

// PodLabels returns the labels of the pods that an object makes; ok is false for objects
// that make none.
func PodLabels(o *manifest.Object) (labels map[string]string, ok bool) {
	path, ok := kindOf(o).templatePath()
	if !ok {
		return nil, false
	}
	labels = map[string]string{}
	for key, value := range manifest.Mapping(o.Data, append(slices.Clip(path), "metadata", "labels")...) {
		labels[key], _ = value.(string)
	}
	return labels, true
}

// What templatePath returns; read-only, for every workload has it.
var (
	templateOfMost     = []any{"spec", "template"}
	templateOfCronJobs = []any{"spec", "jobTemplate", "spec", "template"}
)

// matters tells whether objects of the kind have a place in a cluster. The kinds
// that there are most of come first.
func (k kind) matters() bool {
	if k.isNetworkPolicy() || k.isService() || k.isNamespace() {
		return true
	}
	_, makesPods := k.templatePath()
	return makesPods || k.isForeignPolicy() || k.isRoute() || k.isReferenceGrant() || k.isNetworkSet() || k.isHostEndpoint() ||
		k.operator() != nil
}
