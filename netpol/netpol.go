// Package netpol answers which connections the policies of a cluster allow, and
// why.
//
// It evaluates networking.k8s.io NetworkPolicy as documented in
// https://kubernetes.io/docs/concepts/services-networking/network-policies and
// in the comments of k8s.io/api/networking/v1, and AdminNetworkPolicy,
// BaselineAdminNetworkPolicy (v1alpha1) and ClusterNetworkPolicy (v1alpha2) of
// policy.networking.k8s.io as documented in the comments of
// sigs.k8s.io/network-policy-api. It does no I/O and knows nothing of rules,
// findings or traffic that an application needs.
//
// An answer is about policies only, whether or not anything listens on a port.
// Manifests do not hold everything that a cluster knows; where they do not:
//
//   - A workload stands for all its pods, which have the labels of its template. A
//     workload's connections to itself are those between two of its pods.
//   - Pods have no address, except where an object tells it (status.podIPs). An
//     ipBlock therefore matches blocks of addresses and no workload, which is also
//     what Cilium does.
//   - Pods on the host network are selected by no policy and match no pod or
//     namespace peer: only a rule without peers admits them.
//   - A namespace that is not declared carries only kubernetes.io/metadata.name.
//     A private namespace (see [manifest.IsPrivate]) carries no label at all: it
//     matches namespaceSelector {} and selectors that only exclude.
//   - What the API server would reject allows nothing, and the rest of the policy
//     is evaluated; each such part gives a gap. An ipBlock in a form that is rejected
//     only from Kubernetes 1.36 on is read as before.
//   - Selectors do not match the labels that controllers add to pods. Where one asks
//     for them, the workload is uncertain.
//   - Custom resources of well-known operators are workloads (see [Operated]), with the
//     labels that the operator documents. Where a selector asks for others that it may
//     add, they are uncertain.
//
// The admin, network and baseline tiers are evaluated in this order, for each
// direction. Where the text of the API leaves a choice, or manifests do:
//
//   - "NetworkPolicy always makes a final decision for selected pods" is read for
//     each direction: the baseline tier decides about egress where no NetworkPolicy
//     isolates egress, even if one isolates ingress.
//   - Of policies with the same priority the first by kind and name is evaluated
//     first. Because the API lets any of them win, the workloads that they select
//     are uncertain where they do not all do the same.
//   - networks match the pods inside them too. A pod whose address is not told is
//     taken to have one of IPv4: networks that hold all of IPv4 match it, others do
//     not, and the subject is uncertain where pods may have such addresses.
//   - nodes match pods on the host network; of their node only the labels that
//     their nodeSelector asks for are known. They match no block of addresses.
//   - domainNames match nothing and make the subject uncertain.
//   - A rule with a part that the API server rejects, or a peer of no known field,
//     fails closed as the API says: it matches nothing if it allows, and denies
//     everything otherwise. So does sameLabels, which v1alpha1 has dropped.
//
// CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy and Calico's NetworkPolicy and
// GlobalNetworkPolicy are evaluated where their rules add to NetworkPolicies and
// isolate like them, or only add: selectors, blocks of addresses, entities and ports. What goes
// beyond that, or what versions and ways to apply them do differently, makes the
// workloads that a policy selects uncertain (see [Cluster.Uncertain]). So does a part
// that is not accepted, for then the cluster has none of that policy.
//
//   - Cilium is taken to enforce policies by default, where they select, and pods on
//     the host network to be on other nodes than the pods that they call.
//   - An address is one outside of the cluster, of no node and no API server. Cilium's
//     blocks match no pod, even by its address; Calico's networks do, like those of
//     the admin tier.
//   - Calico's tier is the default one, in which NetworkPolicies are too.
package netpol

import (
	"net/netip"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// NameLabel is the label by which every namespace carries its name. The API
// server sets it (KEP-2161).
const NameLabel = "kubernetes.io/metadata.name"

// Cluster is what one environment applies to a cluster. It is read-only and safe
// for concurrent use. The slices are sorted by namespace, group, kind and name.
type Cluster struct {
	Namespaces []*Namespace // declared, or holding an object, or given in Options
	Workloads  []*Workload
	Services   []*Service
	// OperatedServices are those that operators make, beside Services.
	OperatedServices []*Service
	Policies         []*Policy // networking.k8s.io only
	// Others are the policies of other kinds that are evaluated; see Uncertain for
	// what is not. They are sorted by tier and priority first.
	Others []*Policy
	// Foreign are the objects of all policy kinds other than NetworkPolicy.
	Foreign []*manifest.Object

	options    Options
	namespaces map[string]*Namespace
	routes     []*manifest.Object // Ingresses and the like, sorted
	grants     []*manifest.Object // of references to other namespaces
	index      *index
	selectors  map[string]*Selector // of policies and Services, by what they say
	groups     []*group
	edited     map[Peer][]*group // of peers whose policies differ in a change that is tried out
	elsewhere  []*group          // those that select an unknown pod of an unknown namespace
	names      []string          // of the namespaces whose other pods are peers
	parts      []netip.Prefix    // of all addresses, ascending: no policy's block cuts one
}

// Options say what the manifests do not.
type Options struct {
	// NamespaceLabels holds labels by namespace. They are added to those in the
	// repository, which win where both have a key.
	NamespaceLabels map[string]map[string]string
}

// Namespace is a namespace of the cluster.
type Namespace struct {
	Name     string
	Labels   map[string]string // with NameLabel unless private; read-only
	Declared bool              // the repository holds its Namespace object
	Private  bool              // its name is unknown, and Name an opaque one
	Source   *manifest.Object  // nil where not declared

	workloads   []*Workload
	first, last int // of the workloads among all, last excluded
	policies    []*Policy
	groups      []*group // those that select a pod without labels
}

// New makes a cluster of the objects of one environment. Their namespaces must
// be filled in. Objects that play no part are ignored; of two with the same
// group, kind, namespace and name the last counts, as when they are applied in
// order. The gaps, sorted by position, name what the API server would reject.
func New(objects []*manifest.Object, opts Options) (*Cluster, []manifest.Gap) {
	c := &Cluster{options: opts, namespaces: map[string]*Namespace{}}
	for name := range opts.NamespaceLabels {
		c.namespace(name)
	}
	c.selectors = map[string]*Selector{}
	b := &builder{cluster: c, decoder: newDecoder(c.selectors), splits: newSplits()}
	b.add(objects)
	return c, b.finish()
}

// Namespace returns the namespace of that name, nil where the cluster has none.
func (c *Cluster) Namespace(name string) *Namespace { return c.namespaces[name] }

// Workloads returns the namespace's workloads, sorted.
func (n *Namespace) Workloads() []*Workload { return n.workloads }

// Policies returns the namespace's NetworkPolicies, sorted.
func (n *Namespace) Policies() []*Policy { return n.policies }

// MatchingNamespaces returns the cluster's namespaces that a namespaceSelector
// matches, sorted.
func (c *Cluster) MatchingNamespaces(s Selector) []*Namespace {
	var matching []*Namespace
	for _, n := range c.Namespaces {
		if s.Matches(n.Labels) {
			matching = append(matching, n)
		}
	}
	return matching
}

// MatchesUnknownNamespace tells whether the selector, as a namespaceSelector,
// matches a namespace outside the repository of which only the name label is
// known and that no selector names.
func (s Selector) MatchesUnknownNamespace() bool { return s.Matches(unknownNamespace()) }

// unknownNamespace returns the labels of a namespace that no selector names: no
// label can have that value.
func unknownNamespace() map[string]string { return map[string]string{NameLabel: "\x00"} }

// elsewhereNamespace returns a namespace that no selector names. No namespace can
// have its name.
func elsewhereNamespace() *Namespace { return &Namespace{Name: "*", Labels: unknownNamespace()} }

func byName(a, b *Namespace) int { return strings.Compare(a.Name, b.Name) }
