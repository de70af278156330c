package traffic

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// use is what a role is good for, seen from a workload that has it.
type use int

// The uses. A workload that has a role of some use only to be looked at by others
// does not call the API server for it.
const (
	noUse   use = iota // it has no rules, or only ones that others check
	metrics            // paths, which those who serve them check
	reviews            // asking who a client is and what it may: what serves others does
	calls              // objects of the API
)

// grant is a role that a binding gives.
type grant struct {
	binding *manifest.Object
	path    []any // of the subject
	role    string
	use     use
	known   bool // the role is in the environment, or one that every cluster has
	pods    bool // whether it lets its holder make pods, or change their labels
}

// grants are the roles by the ServiceAccounts that have them.
type grants struct {
	accounts map[name][]grant
	groups   map[string][]grant // of ServiceAccounts
}

// readPermissions finds the workloads that call the API server: those that run with
// the token of a ServiceAccount to which some role is bound
// (https://kubernetes.io/docs/reference/access-authn-authz/rbac/).
func (x *inference) readPermissions() {
	g, users := x.grants(), x.users()
	for _, w := range x.cluster.Workloads {
		x.readClient(w)
		if !x.hasToken(w) {
			continue
		}
		account, at := accountOf(w)
		for _, grant := range g.accounts[name{w.Namespace, account}] {
			if grant.pods && grant.holdsIn(w.Namespace) {
				x.podMakers[w] = true
			}
			x.permit(w, grant, account, at, sure(grant, w, account, users[name{w.Namespace, account}]))
		}
		for _, group := range []string{allAccounts, allAccounts + ":" + w.Namespace} {
			for _, grant := range g.groups[group] {
				if grant.use >= reviews {
					x.permit(w, grant, account, nil, Low) // what everybody may do, few need
				}
			}
		}
	}
}

// holdsIn tells whether the grant is for objects of a namespace.
func (g grant) holdsIn(namespace string) bool {
	return g.binding.Kind == "ClusterRoleBinding" || g.binding.Namespace == namespace
}

func (x *inference) permit(w *netpol.Workload, g grant, account string, at []any, c Confidence) {
	if g.use == noUse {
		return
	}
	origin := g.binding.At(g.path...)
	if at != nil {
		origin = w.Source.At(at...)
	}
	x.add(End{Workload: w}, End{External: APIServer}, apiPort, netpol.TCP, Evidence{
		Kind: "rbac", Origin: origin, Confidence: c,
		Text: "ServiceAccount " + account + " is bound to " + g.role + " by " + g.binding.Kind + " " + g.binding.Name,
	})
}

// users returns how many workloads get the token of a ServiceAccount.
func (x *inference) users() map[name]int {
	users := map[name]int{}
	for _, w := range x.cluster.Workloads {
		if x.hasToken(w) {
			account, _ := accountOf(w)
			users[name{w.Namespace, account}]++
		}
	}
	return users
}

// sure tells how sure it is that a workload makes use of a role, of an account that
// some number of workloads have. The account default is that of those who did not ask
// for one.
func sure(g grant, w *netpol.Workload, account string, users int) Confidence {
	switch {
	case g.use == metrics, account == "default" && users >= shared:
		return Low
	case account == "default", !g.known:
		return Medium
	case g.use == reviews && len(manifest.Items(w.PodSpec, "containers")) < 2:
		return Medium // mostly for a proxy in front of the program, which is not there
	default:
		return High
	}
}

// accountOf returns the ServiceAccount of a workload and the field that names it, nil
// where none does. serviceAccount is the deprecated name of the field.
func accountOf(w *netpol.Workload) (account string, at []any) {
	for _, field := range []string{"serviceAccountName", "serviceAccount"} {
		if account := manifest.Text(w.PodSpec, field); account != "" {
			return account, w.Path("spec", field)
		}
	}
	return "default", nil
}

// hasToken tells whether the pods of a workload get a token for the API server. What
// the pod says wins over its ServiceAccount
// (https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/).
func (x *inference) hasToken(w *netpol.Workload) bool {
	account, _ := accountOf(w)
	mounted, said := w.PodSpec["automountServiceAccountToken"].(bool)
	if o := x.objects.core("ServiceAccount", w.Namespace, account); !said && o != nil {
		mounted, said = o.Data["automountServiceAccountToken"].(bool)
	}
	return mounted || !said || hasProjectedToken(w)
}

// hasProjectedToken tells whether a workload mounts a token by itself. One for
// another audience is not for the API server.
func hasProjectedToken(w *netpol.Workload) bool {
	for _, volume := range manifest.Items(w.PodSpec, "volumes") {
		for _, source := range manifest.Items(volume, "projected", "sources") {
			if token := manifest.Mapping(source, "serviceAccountToken"); token != nil && manifest.Text(token, "audience") == "" {
				return true
			}
		}
	}
	return false
}

// The names by which subjects stand for ServiceAccounts.
const (
	allAccounts  = "system:serviceaccounts" // of all namespaces; with ":NAMESPACE", of one
	accountUsers = "system:serviceaccount:" // before NAMESPACE:NAME
)

func (x *inference) grants() grants {
	g := grants{accounts: map[name][]grant{}, groups: map[string][]grant{}}
	roles := x.roles()
	for _, o := range x.objects.all {
		if !isRBAC(o) || o.Kind != "RoleBinding" && o.Kind != "ClusterRoleBinding" {
			continue
		}
		if manifest.Text(o.Data, "roleRef", "name") == "" {
			continue
		}
		for i, subject := range manifest.Items(o.Data, "subjects") {
			given := roles.given(o, []any{"subjects", i})
			who := manifest.Text(subject, "name")
			switch manifest.Text(subject, "kind") {
			case "ServiceAccount":
				// A RoleBinding that some tools complete may leave the namespace out.
				account := name{cmp.Or(x.namespaceIn(o, manifest.Text(subject, "namespace")), o.Namespace), who}
				g.accounts[account] = append(g.accounts[account], given)
			case "User":
				if namespace, account, ok := strings.Cut(strings.TrimPrefix(who, accountUsers), ":"); ok && strings.HasPrefix(who, accountUsers) {
					g.accounts[name{namespace, account}] = append(g.accounts[name{namespace, account}], given)
				}
			case "Group":
				g.groups[who] = append(g.groups[who], given)
			}
		}
	}
	return g
}

// isRBAC tells whether an object is one of RBAC, or of OpenShift's API for the same.
func isRBAC(o *manifest.Object) bool {
	return o.Group == "rbac.authorization.k8s.io" || o.Group == "authorization.openshift.io"
}

// roles are the Roles by namespace, the ClusterRoles without one.
type roles map[name]*manifest.Object

func (x *inference) roles() roles {
	found := roles{}
	for _, o := range x.objects.all {
		switch {
		case !isRBAC(o):
		case o.Kind == "Role":
			found[name{o.Namespace, o.Name}] = o
		case o.Kind == "ClusterRole":
			found[name{"", o.Name}] = o
		}
	}
	return found
}

// given returns what a binding gives to a subject.
func (r roles) given(binding *manifest.Object, subject []any) grant {
	kind, role := manifest.Text(binding.Data, "roleRef", "kind"), manifest.Text(binding.Data, "roleRef", "name")
	g := grant{binding: binding, path: subject, role: kind + " " + role, use: calls}
	key := name{"", role}
	if kind == "Role" {
		key.namespace = binding.Namespace
	}
	if o := r[key]; o != nil {
		g.use, g.known, g.pods = useOf(o), true, givesPods(o)
	} else if kind == "ClusterRole" {
		g.use, g.known = builtIn(role)
		g.pods = slices.Contains([]string{"cluster-admin", "admin", "edit"}, role)
	}
	return g
}

// builtIn returns the use of the roles that clusters have by themselves
// (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings).
// Those of OpenShift that allow to run with a security context, or to pull images,
// are looked at by others
// (https://docs.openshift.com/container-platform/latest/authentication/managing-security-context-constraints.html).
func builtIn(role string) (u use, known bool) {
	switch {
	case role == "system:auth-delegator":
		return reviews, true
	case strings.HasPrefix(role, "system:openshift:scc:"), role == "system:image-puller", role == "system:image-pusher":
		return noUse, true
	default:
		return calls, strings.HasPrefix(role, "system:") || slices.Contains([]string{"cluster-admin", "admin", "edit", "view"}, role)
	}
}

// useOf returns the highest use of a role's rules. Those of an aggregated ClusterRole
// are filled in by the cluster.
func useOf(role *manifest.Object) use {
	most := noUse
	for _, rule := range manifest.Items(role.Data, "rules") {
		most = max(most, useOfRule(rule))
	}
	if most == noUse && manifest.Mapping(role.Data, "aggregationRule") != nil {
		return calls
	}
	return most
}

func useOfRule(rule any) use {
	verbs, resources := texts(rule, "verbs"), texts(rule, "resources")
	switch {
	case len(verbs) == 0 || !slices.ContainsFunc(verbs, func(v string) bool { return v != "use" }):
		// "use" of a security policy is checked when the pod is admitted
		// (https://kubernetes.io/docs/reference/access-authn-authz/authorization/).
		return noUse
	case len(resources) == 0 && len(texts(rule, "nonResourceURLs")) == 0:
		return noUse
	case len(resources) == 0:
		return metrics
	case !slices.ContainsFunc(resources, func(r string) bool { return !isReview(r) }):
		return reviews
	default:
		return calls
	}
}

// givesPods tells whether a role lets its holder make pods or what makes pods, or change
// pods and so their labels: what operators do.
func givesPods(role *manifest.Object) bool {
	return slices.ContainsFunc(manifest.Items(role.Data, "rules"), func(rule any) bool {
		groups, resources, verbs := texts(rule, "apiGroups"), texts(rule, "resources"), texts(rule, "verbs")
		pods := hasAny(groups, "", "*") && hasAny(resources, "pods", "*")
		makers := hasAny(groups, "apps", "batch", "*") &&
			hasAny(resources, "deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs", "*")
		return (pods || makers) && hasAny(verbs, "create", "*") || pods && hasAny(verbs, "update", "patch")
	})
}

func hasAny(texts []string, wanted ...string) bool {
	return slices.ContainsFunc(texts, func(t string) bool { return slices.Contains(wanted, t) })
}

func isReview(resource string) bool {
	return resource == "tokenreviews" || strings.HasSuffix(resource, "subjectaccessreviews")
}

// texts returns the strings of the list at a path.
func texts(value any, path ...any) []string {
	var all []string
	for _, item := range manifest.Items(value, path...) {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
