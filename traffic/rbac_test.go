package traffic

import (
	"fmt"
	"testing"
)

// role and its relatives are short forms of RBAC's objects.
func role(kind, name, rules string) string {
	return object("rbac.authorization.k8s.io/v1", kind, name, "rules: "+rules)
}

func binding(kind, roleKind, role, subject string) string {
	return object("rbac.authorization.k8s.io/v1", kind, "given", fmt.Sprintf("roleRef: {kind: %s, name: %s}\nsubjects: [%s]", roleKind, role, subject))
}

func TestPermissions(t *testing.T) {
	const (
		pods      = `[{apiGroups: [""], resources: [pods], verbs: [list]}]`
		reviewing = `[{apiGroups: [authentication.k8s.io], resources: [tokenreviews], verbs: [create]}, {apiGroups: [authorization.k8s.io], resources: [subjectaccessreviews], verbs: [create]}]`
		toBot     = `{kind: ServiceAccount, name: bot, namespace: shop}`
		asBot     = "{serviceAccountName: bot, containers: [{name: main}]}"
		proxied   = "{serviceAccountName: bot, containers: [{name: main}, {name: proxy}]}"
		yes       = "shop/Deployment/app -> external:kube-apiserver 6443/TCP high"
		perhaps   = "shop/Deployment/app -> external:kube-apiserver 6443/TCP medium"
		hardly    = "shop/Deployment/app -> external:kube-apiserver 6443/TCP low"
	)
	list, bound := role("Role", "list", pods), binding("RoleBinding", "Role", "list", toBot)
	account := func(rest string) string { return object("v1", "ServiceAccount", "bot", rest) }
	for _, c := range []struct {
		name, pod string
		others    []string
		want      string
	}{
		{"a role by its account", asBot, []string{list, bound}, yes},
		{"the deprecated field", "{serviceAccount: bot, containers: [{name: main}]}", []string{list, bound}, yes},
		{"a cluster role", asBot, []string{role("ClusterRole", "list", pods), binding("ClusterRoleBinding", "ClusterRole", "list", toBot)}, yes},
		{"another account", "{serviceAccountName: other, containers: [{name: main}]}", []string{list, bound}, ""},
		{"an account of another namespace", asBot, []string{list, binding("RoleBinding", "Role", "list", "{kind: ServiceAccount, name: bot, namespace: other}")}, ""},
		{"no namespace is that of the binding", asBot, []string{list, binding("RoleBinding", "Role", "list", "{kind: ServiceAccount, name: bot}")}, yes},
		{"the account as a user", asBot, []string{list, binding("RoleBinding", "Role", "list", "{kind: User, name: 'system:serviceaccount:shop:bot'}")}, yes},
		{"a role of people", asBot, []string{list, binding("RoleBinding", "Role", "list", "{kind: User, name: bot}, {kind: Group, name: shop}")}, ""},
		{"the account that all have", idle, []string{list, binding("RoleBinding", "Role", "list", "{kind: ServiceAccount, name: default, namespace: shop}")}, perhaps},
		{"a binding of no role", asBot, []string{binding("RoleBinding", "Role", "", toBot)}, ""},
		{"what all accounts may", idle, []string{list, binding("RoleBinding", "Role", "list", "{kind: Group, name: 'system:serviceaccounts:shop'}")}, hardly},
		{"what all accounts of another namespace may", idle, []string{list, binding("RoleBinding", "Role", "list", "{kind: Group, name: 'system:serviceaccounts:other'}")}, ""},

		{"no token by the pod", "{serviceAccountName: bot, automountServiceAccountToken: false, containers: [{name: main}]}", []string{list, bound}, ""},
		{"no token by the account", asBot, []string{list, bound, account("automountServiceAccountToken: false")}, ""},
		{"the pod wins over the account", "{serviceAccountName: bot, automountServiceAccountToken: true, containers: [{name: main}]}", []string{list, bound, account("automountServiceAccountToken: false")}, yes},
		{"the pod wins over the account, the other way", "{serviceAccountName: bot, automountServiceAccountToken: false, containers: [{name: main}]}", []string{list, bound, account("automountServiceAccountToken: true")}, ""},
		{"a token of its own", "{serviceAccountName: bot, automountServiceAccountToken: false, volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: token}}]}}], containers: [{name: main}]}", []string{list, bound}, yes},
		{"a token for somebody else", "{serviceAccountName: bot, automountServiceAccountToken: false, volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: token, audience: vault}}]}}], containers: [{name: main}]}", []string{list, bound}, ""},

		{"a role without rules", asBot, []string{role("Role", "list", "[]"), bound}, ""},
		{"a role that the cluster fills", asBot, []string{role("ClusterRole", "list", "[]\naggregationRule: {clusterRoleSelectors: [{}]}"), binding("ClusterRoleBinding", "ClusterRole", "list", toBot)}, yes},
		{"a role that every cluster has", asBot, []string{binding("RoleBinding", "ClusterRole", "view", toBot)}, yes},
		{"a role that is elsewhere", asBot, []string{binding("RoleBinding", "ClusterRole", "operator", toBot)}, perhaps},
		{"a role of another namespace is not it", asBot, []string{list, binding("RoleBinding", "Role", "other", toBot)}, perhaps},
		{"to use a policy is checked by others", asBot, []string{role("Role", "list", "[{apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use]}]"), bound}, ""},
		{"a security context of OpenShift", asBot, []string{binding("RoleBinding", "ClusterRole", "'system:openshift:scc:nonroot'", toBot)}, ""},
		{"paths alone are served by others too", asBot, []string{role("ClusterRole", "list", "[{nonResourceURLs: [/metrics], verbs: [get]}]"), binding("ClusterRoleBinding", "ClusterRole", "list", toBot)}, hardly},
		{"reviews by a proxy", proxied, []string{role("ClusterRole", "list", reviewing), binding("ClusterRoleBinding", "ClusterRole", "list", toBot)}, yes},
		{"reviews for a proxy that is not there", asBot, []string{role("ClusterRole", "list", reviewing), binding("ClusterRoleBinding", "ClusterRole", "list", toBot)}, perhaps},
		{"reviews by the role for them", asBot, []string{binding("ClusterRoleBinding", "ClusterRole", "'system:auth-delegator'", toBot)}, perhaps},
	} {
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		scenario{name: c.name, manifests: append(c.others, deployment("app", c.pod)), want: want}.run(t)
	}
}

func TestDefaultAccountOfMany(t *testing.T) {
	scenario{
		name: "an account that nobody asked for",
		manifests: []string{
			deployment("a", idle), deployment("b", idle), deployment("c", idle), deployment("d", "{automountServiceAccountToken: false, containers: [{name: main}]}"),
			binding("RoleBinding", "ClusterRole", "view", "{kind: ServiceAccount, name: default, namespace: shop}"),
		},
		want: []string{
			"shop/Deployment/a -> external:kube-apiserver 6443/TCP low",
			"shop/Deployment/b -> external:kube-apiserver 6443/TCP low",
			"shop/Deployment/c -> external:kube-apiserver 6443/TCP low",
		},
	}.run(t)
}

func TestClients(t *testing.T) {
	for _, c := range []struct {
		option string
		calls  bool
	}{
		{"args: [--in-cluster]", true},
		{"args: [--running-in-cluster=true]", true},
		{"args: [--in-cluster=false]", false},
		{"args: [--in-cluster-name=a]", false},
		{"args: ['--kubeconfig=']", true},
		{"args: [--kubeconfig=/etc/other-cluster]", false},
		{"args: [--apiserver-host=https://10.0.0.1]", true},
		{"args: [--kube-api-server-address, x]", true},
		{"args: [--kube-api-qps=50]", false},
		{"args: [--api-server=web]", false},
		{"command: [/bin/sh, -c, 'exec /manager --use-in-cluster-config']", true},
		{"command: [/bin/sh, -c, \"sleep 1\\nkubectl get pods\\n\"]", true},
		{"command: [/bin/sh, -c, 'echo kubectl']", false},
		{"env: [{name: KUBERNETES_SERVICE_HOST, value: 10.0.0.1}]", true},
		{"env: [{name: KUBERNETES_NAMESPACE, value: shop}]", false},
	} {
		t.Run(c.option, func(t *testing.T) {
			calls := false
			for _, e := range infer(t, []string{deployment("app", "{containers: [{name: main, "+c.option+"}]}")}).Edges {
				calls = calls || e.To.External == APIServer && e.Port == 6443 && e.Confidence == Medium
			}
			if calls != c.calls {
				t.Errorf("calls the API server: %t, want %t", calls, c.calls)
			}
		})
	}
}

func TestPodMakers(t *testing.T) {
	const (
		makesPods = `[{apiGroups: [""], resources: [pods], verbs: [create]}]`
		toBot     = `{kind: ServiceAccount, name: bot, namespace: shop}`
		elsewhere = `{kind: ServiceAccount, name: bot, namespace: other}`
	)
	for _, c := range []struct {
		name, rules, subject string
		want                 bool
	}{
		{"makes pods", makesPods, toBot, true},
		{"makes what makes pods", `[{apiGroups: [apps], resources: [statefulsets], verbs: [get, create]}]`, toBot, true},
		{"may do all", `[{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]`, toBot, true},
		{"changes labels", `[{apiGroups: [""], resources: [pods], verbs: [patch]}]`, toBot, true},
		{"scales", `[{apiGroups: [apps], resources: [statefulsets], verbs: [patch]}]`, toBot, false},
		{"looks", `[{apiGroups: ["", apps, batch], resources: ["*"], verbs: [get, list, watch]}]`, toBot, false},
		{"reads logs", `[{apiGroups: [""], resources: [pods/log], verbs: ["*"]}]`, toBot, false},
		{"makes custom resources", `[{apiGroups: [example.com], resources: ["*"], verbs: ["*"]}]`, toBot, false},
		{"makes Secrets", `[{apiGroups: [""], resources: [secrets], verbs: [create]}]`, toBot, false},
		{"another account", makesPods, elsewhere, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := infer(t, []string{
				deployment("app", "{serviceAccountName: bot, containers: [{name: main}]}"),
				role("ClusterRole", "maker", c.rules), binding("ClusterRoleBinding", "ClusterRole", "maker", c.subject),
			})
			if got := len(g.PodMakers) > 0; got != c.want {
				t.Errorf("makes pods: %v, want %v", got, c.want)
			}
		})
	}
}

// TestPodMakersOfOneNamespace gives a role that makes pods in another namespace.
func TestPodMakersOfOneNamespace(t *testing.T) {
	g := infer(t, []string{
		deployment("app", "{serviceAccountName: bot, containers: [{name: main}]}"),
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: given, namespace: other}\n" +
			"roleRef: {kind: ClusterRole, name: edit}\nsubjects: [{kind: ServiceAccount, name: bot, namespace: shop}]",
	})
	if len(g.PodMakers) > 0 {
		t.Error("a role in another namespace makes an operator of this one's")
	}
}
