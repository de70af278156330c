package traffic

import "github.com/ringfence/ringfence/netpol"

// clusterService is a Service that clusters have by themselves and that no repository
// declares.
type clusterService struct {
	namespace, name string
	labels          map[string]string
	ports           map[string]int // on the pods or nodes, by name
	end             External
}

// clusterServices are those that are scraped. Others are not the same in all clusters:
// the scheduler, the controller manager and etcd have no Services by themselves.
var clusterServices = []clusterService{
	// pkg/controlplane/controller/kubernetesservice of kubernetes/kubernetes
	{"default", "kubernetes", map[string]string{"component": "apiserver", "provider": "kubernetes"}, map[string]int{"https": apiPort}, APIServer},
	// cluster/addons/dns/coredns of kubernetes/kubernetes, and cmd/kubeadm
	{
		"kube-system", "kube-dns",
		map[string]string{"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"},
		map[string]int{"metrics": 9153},
		ClusterDNS,
	},
	// The operator of Prometheus makes it of the nodes: pkg/kubelet/controller.go of
	// prometheus-operator/prometheus-operator.
	{
		"kube-system", "kubelet",
		map[string]string{"k8s-app": "kubelet", "app.kubernetes.io/name": "kubelet", "app.kubernetes.io/managed-by": "prometheus-operator"},
		map[string]int{"https-metrics": kubeletPort, "http-metrics": 10255, "cadvisor": 4194},
		Node,
	},
}

// clusterPods are the labels of pods of kube-system that clusters have by themselves:
// static pods of kubeadm (cmd/kubeadm/app/util/staticpod of kubernetes/kubernetes),
// kube-proxy and DNS.
var clusterPods = []struct {
	labels map[string]string
	end    External
}{
	{map[string]string{"component": "etcd", "tier": "control-plane"}, Node},
	{map[string]string{"component": "kube-scheduler", "tier": "control-plane"}, Node},
	{map[string]string{"component": "kube-controller-manager", "tier": "control-plane"}, Node},
	{map[string]string{"component": "kube-apiserver", "tier": "control-plane"}, APIServer},
	{map[string]string{"k8s-app": "kube-proxy"}, Node},
	{map[string]string{"k8s-app": "kube-dns"}, ClusterDNS},
}

// clusterBackend returns what a Service of kube-system leads to where nothing in the
// repository is behind it.
func clusterBackend(s *netpol.Service) (end End, ok bool) {
	if s.Namespace != "kube-system" || s.Selector.IsEmpty() {
		return End{}, false
	}
	for _, pod := range clusterPods {
		if s.Selector.Matches(pod.labels) {
			return End{External: pod.end}, true
		}
	}
	return End{}, false
}
