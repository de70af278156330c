// Package generate proposes the network policies that an environment lacks: for
// every workload one that allows just the calls that it needs, and for namespaces
// that the environment owns a default deny. Each rule names its evidence.
//
// A direction that existing policies already isolate is left alone. What is not
// known is never denied in silence: a direction of which more calls may exist than
// were found is left open by a rule that says so, unless the user wants otherwise.
// Proposals are proved before anybody sees them (see Prove).
//
// What a rule is about is the same in every format; the formats differ in whom they can
// name. Of a CiliumNetworkPolicy the proof covers all that is about pods and blocks of
// addresses. Who has the name of a host, or is a node or the API server, only a cluster
// knows: there the proof covers that a rule is there with the ports, by another policy
// that has the world in their place (see evaluable).
package generate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// Environment is what policies are proposed for.
type Environment struct {
	Name    string
	Objects []*manifest.Object
	Cluster *netpol.Cluster
	Options netpol.Options // with which Cluster was made
	Calls   *traffic.Graph
	Known   config.Cluster // what else is known of the cluster
	Gaps    int            // what could not be seen of it
}

// Options say what is proposed. The zero value is usable.
type Options struct {
	// Format is the kind of the policies; NetworkPolicy where empty.
	Format Format
	// DefaultDeny is DenyAuto, DenyAlways or DenyNever.
	DefaultDeny DefaultDeny
	// Directions are those to be isolated; both where empty.
	Directions []netpol.Direction
	// PartialDeny denies what is not known of a direction that is partly known.
	PartialDeny bool
	// Confidence is the least that a call must have to get a rule.
	Confidence traffic.Confidence
	// OpenBlocked allows needs too that existing policies block by isolating.
	OpenBlocked bool
	// Wanted tells for which workloads policies are proposed; nil for all.
	Wanted func(*netpol.Workload) bool
}

// Format is the kind of the proposed policies.
type Format string

// The formats.
const (
	NetworkPolicy Format = "networkpolicy" // of networking.k8s.io
	Cilium        Format = "cilium"        // CiliumNetworkPolicy
)

// DefaultDeny says which namespaces get a policy that denies everything.
type DefaultDeny string

// The choices. Auto is for namespaces that the environment owns completely.
const (
	DenyAuto   DefaultDeny = "auto"
	DenyAlways DefaultDeny = "always"
	DenyNever  DefaultDeny = "never"
)

// Result is what is proposed, and what is not, with the reasons.
type Result struct {
	Proposals []*Proposal // allows before denies, each by namespace and name
	Remarks   []Remark
}

// Proposal is a policy.
type Proposal struct {
	Namespace, Name string // of the policy
	Format          Format
	Subject         *Subject // nil for a default deny
	Isolates        []netpol.Direction
	Rules           []*rule
	Text            string           // as YAML, with comments
	Object          *manifest.Object // of Text
}

// allowSuffix follows the name of a workload in that of its policy.
const allowSuffix = "-allow"

// Suffix is what the name of a workload's policy has beyond the workload's.
func (p *Proposal) Suffix() string { return strings.TrimPrefix(p.Name, p.Subject.name()) }

// IsGenerated tells whether an object is a policy that was generated before. Such
// policies are proposed anew and are not part of an Environment.
func IsGenerated(o *manifest.Object) bool {
	return strings.HasSuffix(o.Kind, "NetworkPolicy") && manifest.Text(o.Data, "metadata", "annotations", Marker) == "true"
}

// Remark is something that the reader must know of a workload or a namespace.
type Remark struct {
	Workload  *netpol.Workload // nil for a namespace
	Namespace string
	Reason    string
}

// About is what the remark is about, in words.
func (r Remark) About() string {
	switch {
	case r.Workload != nil:
		return r.Workload.String()
	case manifest.IsPrivate(r.Namespace):
		return "the namespace"
	default:
		return "namespace " + r.Namespace
	}
}

// String begins with what the remark is about.
func (r Remark) String() string { return r.About() + ": " + r.Reason }

// Propose proposes policies for an environment. The error is one of the proof, and
// a mistake of this package.
func Propose(env Environment, opts Options) (*Result, error) {
	g := newGenerator(env, opts)
	policies, err := g.propose()
	if err != nil {
		return nil, err
	}
	after, err := g.rebuild(policies)
	if err == nil {
		err = g.proveIn(after)
	}
	if err == nil {
		err = g.proveMinimal(after, policies)
	}
	if err != nil {
		return nil, fmt.Errorf("environment %s: proof: %w", env.Name, err)
	}
	return &g.result, nil
}

// propose fills in the result and returns the policies.
func (g *generator) propose() ([]*manifest.Object, error) {
	for _, s := range g.subjects {
		if p := g.allow(s); p != nil {
			g.result.Proposals = append(g.result.Proposals, p)
		}
	}
	g.share()
	g.deny()
	g.sort()
	g.name()
	var policies []*manifest.Object
	for _, p := range g.result.Proposals {
		if err := p.write(); err != nil {
			return nil, err
		}
		policies = append(policies, p.Object)
	}
	return policies, nil
}

// generator proposes the policies of one environment.
type generator struct {
	env      Environment
	opts     Options
	subjects []*Subject
	of       map[*netpol.Workload]*Subject
	// Workloads for which no policy is proposed, each alone: those on the host network,
	// and others that no policy can select.
	onHosts, unselectable []*Subject

	services map[*netpol.Workload][]*netpol.Service
	proposed map[side][]need // what the proposals allow
	result   Result

	known

	// What was found once it was asked for.
	needs     map[side][]need
	opened    map[side][]need
	notCalled map[*Subject][]uncalledPort
	existing  *netpol.Cluster
	injectors map[*netpol.Workload][]*traffic.Injector
	control   []controlTarget
	scraping  []*netpol.Workload
	probes    *others
	waypoints []*others
	podsIn    map[string]*others // by the namespace
}

func newGenerator(env Environment, opts Options) *generator {
	g := &generator{
		env: env, opts: opts, known: knownOf(env.Known),
		proposed: map[side][]need{}, needs: map[side][]need{}, opened: map[side][]need{}, notCalled: map[*Subject][]uncalledPort{},
		injectors: map[*netpol.Workload][]*traffic.Injector{}, podsIn: map[string]*others{},
	}
	g.findSubjects()
	return g
}

func (g *generator) directions() []netpol.Direction {
	if len(g.opts.Directions) == 0 {
		return []netpol.Direction{netpol.Ingress, netpol.Egress}
	}
	return g.opts.Directions
}

func (g *generator) remark(w *netpol.Workload, format string, args ...any) {
	g.result.Remarks = append(g.result.Remarks, Remark{Workload: w, Namespace: w.Namespace, Reason: fmt.Sprintf(format, args...)})
}

// name gives the policies names that no other of their namespace has.
func (g *generator) name() {
	taken := map[[2]string]bool{}
	for _, p := range slices.Concat(g.env.Cluster.Policies, g.env.Cluster.Others) {
		taken[[2]string{p.Namespace, p.Name}] = true
	}
	for _, p := range g.result.Proposals {
		for taken[[2]string{p.Namespace, p.Name}] {
			p.Name += "-generated"
		}
		taken[[2]string{p.Namespace, p.Name}] = true
	}
}

func (g *generator) sort() {
	slices.SortStableFunc(g.result.Proposals, func(p, q *Proposal) int {
		return cmp.Or(compareBool(p.Subject == nil, q.Subject == nil), strings.Compare(p.Namespace, q.Namespace), strings.Compare(p.Name, q.Name))
	})
	slices.SortStableFunc(g.result.Remarks, func(a, b Remark) int { return strings.Compare(a.String(), b.String()) })
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}
