//go:build unix

package render_test

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/source"
)

// A checkedPosition is a field whose position was checked by hand: its author would
// look for it there. Fields were drawn at random among those that rules can point at,
// from each way in which a field can be written.
type checkedPosition struct {
	repo, dir    string // of the corpus, and the target's
	object, path string // "kind/name" and its keys and indexes
	at           string // file:line:column
	exact        bool
}

var checkedPositions = []checkedPosition{
	// plain
	{"kubernetes-sigs__kustomize", "examples/mySql", "Service/mysql", "spec ports 0 port", "examples/mySql/service.yaml:9:7", true},
	{"Azure-Samples__aks-store-demo", "sample-manifests/docs/app-routing", "Service/order-service", "spec ports 0 port", "sample-manifests/docs/app-routing/aks-store-deployments-and-services.yaml:177:7", true},
	{"ahmetb__kubernetes-network-policy-recipes", "extracted/03-deny-all-non-whitelisted-traffic-in-the-namespace", "NetworkPolicy/default-deny-all", "spec podSelector", "extracted/03-deny-all-non-whitelisted-traffic-in-the-namespace/1.yaml:7:3", true},
	{"ahmetb__kubernetes-network-policy-recipes", "extracted/01-deny-all-traffic-to-an-application", "NetworkPolicy/web-deny-all", "spec", "extracted/01-deny-all-traffic-to-an-application/1.yaml:5:1", true},
	{"Azure-Samples__aks-store-demo", "sample-manifests/docs/app-routing", "Service/rabbitmq", "spec ports 1", "sample-manifests/docs/app-routing/aks-store-deployments-and-services.yaml:164:7", true},
	{"ahmetb__kubernetes-network-policy-recipes", "extracted/04-deny-traffic-from-other-namespaces", "NetworkPolicy/deny-from-other-namespaces", "spec ingress 0 from", "extracted/04-deny-traffic-from-other-namespaces/1.yaml:10:5", true},
	{"khuedoan__homelab", "test/benchmark/storage", "Job/dbench-rwx", "spec template spec containers 0", "test/benchmark/storage/dbench-rwx.yaml:23:11", true},
	{"instana__robot-shop", "K8s/Istio", "Deployment/payment-fix", "spec template spec containers 0 name", "K8s/Istio/payment-deployment-fix.yaml:21:9", true},
	{"argoproj__argo-cd", "util/kustomize/testdata/kustomization_yaml_patches_empty", "Deployment/nginx-deployment", "spec", "util/kustomize/testdata/kustomization_yaml_patches_empty/deployment.yaml:7:1", true},
	{"microservices-demo__microservices-demo", "deploy/kubernetes", "Service/orders", "metadata name", "deploy/kubernetes/complete-demo.yaml:375:3", true},
	{"stefanprodan__podinfo", "deploy/webapp/frontend", "Service/frontend", "spec ports 0 port", "deploy/webapp/frontend/service.yaml:12:7", true},
	{"operate-first__apps", "openmetadata/base/openmetadata/jobs", "Job/openmetadata-db-migrations-hook", "spec template", "openmetadata/base/openmetadata/jobs/openmetadata-db-migrations-hook.yaml:14:3", true},
	{"instana__robot-shop", "K8s", "Deployment/load", "spec template metadata labels service", "K8s/load-deployment.yaml:15:9", true},
	{"GoogleCloudPlatform__microservices-demo", "release", "Service/checkoutservice", "spec selector", "release/kubernetes-manifests.yaml:675:3", true},
	{"konflux-ci__konflux-ci", "operator/pkg/manifests/namespace-lister", "Service/namespace-lister", "spec type", "operator/pkg/manifests/namespace-lister/manifests.yaml:63:3", true},
	{"ahmetb__kubernetes-network-policy-recipes", "extracted/04-deny-traffic-from-other-namespaces", "NetworkPolicy/deny-from-other-namespaces", "kind", "extracted/04-deny-traffic-from-other-namespaces/1.yaml:1:1", true},
	{"stefanprodan__podinfo", "deploy/secure/backend", "Service/backend", "spec ports 0", "deploy/secure/backend/service.yaml:11:7", true},
	{"kubernetes-sigs__kustomize", "examples/mySql", "Deployment/mysql", "metadata name", "examples/mySql/deployment.yaml:4:3", true},
	{"khuedoan__homelab", "test/benchmark/storage", "Job/dbench-rwo", "spec", "test/benchmark/storage/dbench-rwo.yaml:19:1", true},
	{"ahmetb__kubernetes-network-policy-recipes", "extracted/03-deny-all-non-whitelisted-traffic-in-the-namespace", "NetworkPolicy/default-deny-all", "spec ingress", "extracted/03-deny-all-non-whitelisted-traffic-in-the-namespace/1.yaml:8:3", true},
	// kustomize
	// Its namespace renames every Namespace, whatever namespace.yaml says.
	{"operate-first__apps", "cluster-scope/base/core/namespaces/codait-advo", "Namespace/codait-advo", "metadata name", "cluster-scope/base/core/namespaces/codait-advo/kustomization.yaml:7:1", true},
	{"kubernetes-sigs__kustomize", "examples/helloWorld", "Deployment/the-deployment", "metadata labels app", "examples/helloWorld/kustomization.yaml:9:3", true},
	// commonLabels of the base reach selectors too.
	{"operate-first__apps", "inception/overlays/osc/osc-cl1", "Service/inception-proxy", "spec selector app.kubernetes.io/name", "inception/base/kustomization.yaml:9:3", true},
	{"argoproj__argo-cd", "manifests/dev-tilt", "NetworkPolicy/argocd-application-controller-network-policy", "metadata namespace", "manifests/dev-tilt/kustomization.yaml:2:1", true},
	// The prefix made the name; the rest of it stands in the base.
	{"kubernetes-sigs__kustomize", "examples/springboot/overlays/staging", "Service/staging-sbdemo", "metadata name", "examples/springboot/overlays/staging/kustomization.yaml:3:1", false},
	// Two prefixes made it, "dev-" and then this one.
	{"kubernetes-sigs__kustomize", "examples/multibases", "Pod/cluster-a-dev-myapp-pod", "metadata name", "examples/multibases/kustomization.yaml:5:1", false},
	// The tag; the name stands in the base.
	{"cybozu-go__neco-apps", "neco-admission/overlays/stage0", "Deployment/neco-admission", "spec template spec containers 0 image", "neco-admission/base/kustomization.yaml:34:5", false},
	{"argoproj__argo-cd", "reposerver/repository/testdata/app-parameters/single-app-only", "Deployment/guestbook-ui", "spec template spec containers 0 image", "reposerver/repository/testdata/app-parameters/single-app-only/kustomization.yaml:8:3", false},
	// Both newTag and digest are set; the digest decides what runs.
	{"konflux-ci__konflux-ci", "dependencies/tekton-chains-rbac-ocp", "Job/tekton-chains-signing-secret", "spec template spec containers 0 image", "dependencies/tekton-chains-rbac/base/kustomization.yaml:9:5", false},
	// A LabelTransformer in a file that the overlay lists under transformers.
	{"stefanprodan__podinfo", "deploy/overlays/dev", "Service/cache", "metadata labels app.kubernetes.io/instance", "deploy/overlays/dev/labels.yaml:7:3", false},
	{"kubernetes-sigs__kustomize", "examples/springboot/overlays/production", "Deployment/production-sbdemo", "spec replicas", "examples/springboot/overlays/production/memorylimit_patch.yaml:6:3", true},
	// The merge patch repeats all that the base says.
	{"operate-first__apps", "grafana/overlays/moc/smaug-public", "Route/grafana", "spec", "grafana/overlays/moc/smaug-public/grafana-route-public.yaml:7:1", true},
	// The value of a JSON 6902 operation.
	{"konflux-ci__konflux-ci", "dependencies/tekton-chains-rbac-ocp", "Job/tekton-chains-signing-secret", "spec template spec containers 0 securityContext allowPrivilegeEscalation", "dependencies/tekton-chains-rbac-ocp/kustomization.yaml:36:11", false},
	// The merge patch repeats the name by which it finds the container, and so sets it.
	{"cybozu-go__neco-apps", "neco-admission/overlays/stage0", "Deployment/neco-admission", "spec template spec containers 0 name", "neco-admission/overlays/stage0/deployment.yaml:10:9", true},
	{"argoproj__argo-cd", "applicationset/examples/git-generator-files-discovery/apps/guestbook", "Service/kustomize-guestbook-ui", "kind", "applicationset/examples/git-generator-files-discovery/apps/guestbook/guestbook-ui-svc.yaml:2:1", true},
	{"konflux-ci__konflux-ci", "operator/upstream-kustomizations/namespace-lister", "NetworkPolicy/namespace-lister-allow-to-apiserver", "spec", "operator/upstream-kustomizations/namespace-lister/network_policy_allow_to_apiserver.yaml:6:1", true},
	{"prometheus-operator__kube-prometheus", ".", "NetworkPolicy/alertmanager-main", "spec policyTypes", "manifests/alertmanager-networkPolicy.yaml:40:3", true},
	{"GoogleCloudPlatform__microservices-demo", "kustomize/tests/spanner-with-all-components", "NetworkPolicy/emailservice", "spec ingress 0 from 0", "kustomize/components/network-policies/network-policy-emailservice.yaml:28:7", true},
	{"argoproj__argo-cd", "manifests/namespace-install-with-hydrator", "NetworkPolicy/argocd-applicationset-controller-network-policy", "spec ingress 0 ports 0 port", "manifests/base/applicationset-controller/argocd-applicationset-controller-network-policy.yaml:18:11", true},
	// JSON 6902 patches change the object, so that it is found by its name and not exact.
	{"konflux-ci__konflux-ci", "operator/config/manifests", "Deployment/konflux-operator-controller-manager", "spec template spec containers 0 ports 0 containerPort", "operator/config/manager/manager.yaml:69:11", false},
	// helm
	// The item begins at this line, its value is that of an action.
	{"prometheus-community__helm-charts", "charts/prometheus-mysql-exporter", "Deployment/rel-prometheus-mysql-exporter", "spec template spec containers 0 ports 0", "charts/prometheus-mysql-exporter/templates/deployment.yaml:109:13", false},
	// The item begins at this line, its value is that of an action.
	{"bitnami__charts", "bitnami/nginx", "NetworkPolicy/rel-nginx", "spec ingress 0 ports 0", "bitnami/nginx/templates/networkpolicy.yaml:39:9", false},
	{"GoogleCloudPlatform__microservices-demo", "helm-chart", "Deployment/emailservice", "spec template metadata labels app", "helm-chart/templates/emailservice.yaml:44:9", false},
	{"GoogleCloudPlatform__microservices-demo", "helm-chart", "Service/frontend", "spec", "helm-chart/templates/frontend.yaml:143:1", true},
	{"cybozu-go__neco-apps", "rook/base/upstream/chart", "Deployment/rook-ceph-operator", "spec template metadata labels", "rook/base/upstream/chart/templates/deployment.yaml:16:7", true},
	{"GoogleCloudPlatform__microservices-demo", "helm-chart", "Deployment/cartservice", "spec template spec containers 0", "helm-chart/templates/cartservice.yaml:68:9", true},
	{"bitnami__charts", "bitnami/redis", "Service/rel-redis-master", "spec", "bitnami/redis/templates/master/service.yaml:18:1", true},
	// Written by a range over values, for every label.
	{"dapr__dapr", "charts/dapr", "Deployment/dapr-operator", "spec template metadata labels app.kubernetes.io/managed-by", "charts/dapr/charts/dapr_operator/templates/dapr_operator_deployment.yaml:25:9", false},
	{"Azure-Samples__aks-store-demo", "charts/aks-store-demo", "Service/makeline-service", "spec selector", "charts/aks-store-demo/templates/makeline-service.yaml:109:3", true},
	{"GoogleCloudPlatform__microservices-demo", "helm-chart", "Service/emailservice", "metadata namespace", "helm-chart/templates/emailservice.yaml:107:3", false},
	{"instana__robot-shop", "K8s/helm", "Service/catalogue", "spec selector", "K8s/helm/templates/catalogue-service.yaml:12:3", true},
	{"dapr__dapr", "charts/dapr", "StatefulSet/dapr-placement-server", "spec template spec containers 0 ports 2 containerPort", "charts/dapr/charts/dapr_placement/templates/dapr_placement_statefulset.yaml:115:13", false},
	{"prometheus-community__helm-charts", "charts/prometheus-mysql-exporter", "Deployment/rel-prometheus-mysql-exporter", "spec template metadata labels app.kubernetes.io/instance", "charts/prometheus-mysql-exporter/templates/_helpers.tpl:61:1", false},
	{"prometheus-community__helm-charts", "charts/prometheus", "Service/rel-alertmanager", "metadata labels app.kubernetes.io/version", "charts/alertmanager/templates/_helpers.tpl:41:1", false},
	{"prometheus-community__helm-charts", "charts/kube-state-metrics", "Service/rel-kube-state-metrics", "spec selector app.kubernetes.io/instance", "charts/kube-state-metrics/templates/_helpers.tpl:84:1", false},
	// The helper merges dictionaries, so that only its caller writes the label.
	{"kyverno__kyverno", "charts/kyverno", "Service/kyverno-background-controller-metrics", "metadata labels app.kubernetes.io/component", "charts/kyverno/templates/background-controller/service.yaml:10:5", false},
	// The only line that names the label, in the library chart.
	{"bitnami__charts", "bitnami/redis", "NetworkPolicy/rel-redis", "spec podSelector matchLabels app.kubernetes.io/name", "bitnami/common/templates/_labels.tpl:51:1", false},
	// toYaml in a helper, below the "with" that names the value.
	{"prometheus-community__helm-charts", "charts/prometheus-pushgateway", "Deployment/rel-prometheus-pushgateway", "spec template spec securityContext runAsUser", "charts/prometheus-pushgateway/templates/_helpers.tpl:304:3", false},
	{"kyverno__kyverno", "charts/kyverno", "Job/rel-kyverno-scale-to-zero", "spec template spec containers 0 securityContext privileged", "charts/kyverno/templates/hooks/pre-delete-scale-to-zero.yaml:54:13", false},
	{"prometheus-community__helm-charts", "charts/prometheus-snmp-exporter", "Deployment/rel-prometheus-snmp-exporter", "spec template spec containers 0 securityContext readOnlyRootFilesystem", "charts/prometheus-snmp-exporter/templates/deployment.yaml:57:1", false},
}

func TestCheckedPositions(t *testing.T) {
	corpus := filepath.Join(shared(t), "corpus")
	type target struct{ repo, dir string }
	objects := make(map[target][]*manifest.Object)
	for _, p := range checkedPositions {
		in := target{p.repo, p.dir}
		if objects[in] == nil {
			objects[in] = renderAt(t, filepath.Join(corpus, p.repo), p.dir)
		}
		var origin manifest.Origin
		for _, o := range objects[in] {
			if o.Kind+"/"+o.Name == p.object {
				origin = o.At(pathOf(p.path)...)
				break
			}
		}
		if got := origin.Pos.String(); got != p.at || origin.Exact != p.exact {
			t.Errorf("%s/%s: %s %s:\n got %s (exact %t)\nwant %s (exact %t)", p.repo, p.dir, p.object, p.path, got, origin.Exact, p.at, p.exact)
		}
	}
}

func renderAt(t *testing.T, repo, dir string) []*manifest.Object {
	t.Helper()
	tree, err := source.Open(repo)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	r := render.New(tree, render.Options{Release: "rel", Namespace: "ns"})
	var objects []*manifest.Object
	for _, target := range r.At(dir) {
		objects = append(objects, r.Render(context.Background(), target).Objects...)
	}
	return objects
}

// pathOf reads a path, whose numbers are indexes.
func pathOf(text string) []any {
	var path []any
	for _, key := range strings.Fields(text) {
		if i, err := strconv.Atoi(key); err == nil {
			path = append(path, i)
		} else {
			path = append(path, key)
		}
	}
	return path
}
