// Package traffic infers from manifests who needs to call whom, each call with
// the places that tell it.
//
// It reads what workloads are given: environment variables, arguments, mounted
// configuration; and what others say of them: Ingresses and routes, monitors,
// webhooks, permissions, custom resources of operators. Names are resolved as DNS
// resolves them in a cluster, from the namespace of the caller. It does not know
// applications: what only an image or a program's source tells is not found, and a
// workload of which nothing is found has unknown peers, not none.
//
// The values of Secrets are read and never written: evidence names the key.
package traffic

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// Confidence is how sure a call is.
type Confidence int

// The confidences. What is low may be a coincidence of names.
const (
	Low Confidence = iota
	Medium
	High
)

// String returns "low", "medium" or "high".
func (c Confidence) String() string { return [...]string{"low", "medium", "high"}[c] }

// ParseConfidence returns the confidence of that name.
func ParseConfidence(name string) (Confidence, error) {
	for _, c := range []Confidence{Low, Medium, High} {
		if c.String() == name {
			return c, nil
		}
	}
	return Low, fmt.Errorf("unknown confidence %q, use low, medium or high", name)
}

// Evidence is one place that tells of a call.
type Evidence struct {
	Kind string // of the pattern: "env", "argument", "file", "ingress", …
	manifest.Origin
	Text       string // what the place says, without values of Secrets
	Confidence Confidence
	// Telemetry is true where the address is that of what collects traces, metrics or logs,
	// which is given to workloads whatever else they call.
	Telemetry bool
}

// Edge is a call that somebody needs to make.
type Edge struct {
	From, To End
	// Port is the port on the pods, or of the address; 0 where it is not known.
	Port       int
	Protocol   netpol.Protocol
	Confidence Confidence // the highest of the evidence
	Evidence   []Evidence // highest confidence first, then by position
}

// IsScrape tells whether the evidence is about collecting metrics.
func (e Evidence) IsScrape() bool {
	return slices.Contains([]string{"scrape", "monitor", "annotation", "probe"}, e.Kind)
}

// IsScrape tells whether all that is known of a call is that it collects metrics.
func (e *Edge) IsScrape() bool {
	return e.From.External == PrometheusServer ||
		len(e.Evidence) > 0 && !slices.ContainsFunc(e.Evidence, func(v Evidence) bool { return !v.IsScrape() })
}

// External is a peer outside of the environment that has a name of its own.
type External string

// The externals.
const (
	Internet          External = "internet"           // clients outside of the cluster
	IngressController External = "ingress-controller" // what serves Ingresses and routes
	APIServer         External = "kube-apiserver"
	PrometheusServer  External = "prometheus" // a Prometheus that is not in the environment
	Node              External = "node"       // the nodes and what runs on their network
	ClusterDNS        External = "coredns"    // the pods that answer for the names of the cluster
	Any               External = "any"        // more is not known
)

// End is one end of a call: a workload, an external, an address or a host name. Ends
// are comparable.
type End struct {
	Workload *netpol.Workload
	External External
	Block    netip.Prefix
	Host     string // a DNS name outside of the cluster
}

// String returns "namespace/Kind/name", "external:NAME", a CIDR or a host name,
// empty for no end.
func (e End) String() string {
	switch {
	case e.Workload != nil:
		return e.Workload.String()
	case e.External != "":
		return "external:" + string(e.External)
	case e.Host != "":
		return e.Host
	case e.Block.IsValid():
		return e.Block.String()
	default:
		return ""
	}
}

// Dangling is a name that looks like one of the cluster and resolves to nothing.
type Dangling struct {
	From End // who would call it; empty for a Hint whose From is not there
	Name string
	Evidence
}

// Graph is what was inferred of an environment.
type Graph struct {
	Edges    []Edge // sorted by From, To, Port, Protocol
	Dangling []Dangling

	// PodMakers are the workloads that may make pods, or change the labels of pods, in
	// their own namespace: operators. Such pods are in no manifest.
	PodMakers map[*netpol.Workload]bool
}

// Infer finds the calls of an environment, and adds those that hints tell.
func Infer(c *netpol.Cluster, objects []*manifest.Object, hints ...Hint) *Graph {
	x := newInference(c, objects)
	x.readSettings()
	x.readRings()
	x.readScrapers()
	x.readGrafana()
	x.readEntries()
	x.readRoutes()
	x.readControl()
	x.readPermissions()
	x.readPolicies()
	x.readHints(hints)
	return x.graph()
}

// inference collects edges.
type inference struct {
	cluster  *netpol.Cluster
	objects  *objects
	services map[name]*netpol.Service
	served   map[string]bool               // host names of Ingresses and routes
	names    map[*netpol.Workload][]string // of the Services that select a workload, once they were asked for
	edges    map[edgeKey]*Edge
	dangling []Dangling
	mounted  files
	position map[*netpol.Workload]int
	labels   map[*netpol.Service]map[string]string
	targets  map[string][]target // that Prometheus discovers, by role
	reads    map[string]bool     // the annotations of pods or Services, which a Prometheus that is here reads

	podMakers map[*netpol.Workload]bool
}

// name is that of an object in a namespace.
type name struct{ namespace, name string }

type edgeKey struct {
	from, to End
	port     int
	protocol netpol.Protocol
}

func newInference(c *netpol.Cluster, all []*manifest.Object) *inference {
	x := &inference{cluster: c, objects: index(all), services: map[name]*netpol.Service{}, served: servedHosts(all), edges: map[edgeKey]*Edge{}}
	x.targets, x.reads, x.labels = map[string][]target{}, map[string]bool{}, map[*netpol.Service]map[string]string{}
	x.podMakers = map[*netpol.Workload]bool{}
	for _, s := range slices.Concat(c.OperatedServices, c.Services) { // of one name, the declared one counts
		x.services[name{s.Namespace, s.Name}] = s
	}
	x.mounted = x.files()
	return x
}

// add adds evidence of a call.
func (x *inference) add(from, to End, port int, protocol netpol.Protocol, e Evidence) {
	key := edgeKey{from, to, port, protocol}
	edge := x.edges[key]
	if edge == nil {
		edge = &Edge{From: from, To: to, Port: port, Protocol: protocol}
		x.edges[key] = edge
	}
	if !slices.ContainsFunc(edge.Evidence, func(o Evidence) bool { return o.Pos == e.Pos && o.Kind == e.Kind && o.Text == e.Text }) {
		edge.Evidence = append(edge.Evidence, e)
	}
	edge.Confidence = max(edge.Confidence, e.Confidence)
}

// graph sorts what was found.
func (x *inference) graph() *Graph {
	g := &Graph{Dangling: x.dangling, PodMakers: x.podMakers}
	for _, e := range x.edges {
		slices.SortStableFunc(e.Evidence, func(a, b Evidence) int {
			return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), a.Compare(b.Pos), strings.Compare(a.Text, b.Text))
		})
		g.Edges = append(g.Edges, *e)
	}
	sortEdges(g.Edges)
	slices.SortStableFunc(g.Dangling, func(a, b Dangling) int {
		return cmp.Or(strings.Compare(a.From.String(), b.From.String()), strings.Compare(a.Name, b.Name), a.Evidence.Compare(b.Pos))
	})
	return g
}

// sortEdges sorts by the names of the ends, which are made once.
func sortEdges(edges []Edge) {
	names := map[End]string{}
	name := func(e End) string {
		text, known := names[e]
		if !known {
			text = e.String()
			names[e] = text
		}
		return text
	}
	slices.SortFunc(edges, func(a, b Edge) int {
		return cmp.Or(
			strings.Compare(name(a.From), name(b.From)), strings.Compare(name(a.To), name(b.To)),
			cmp.Compare(a.Port, b.Port), strings.Compare(string(a.Protocol), string(b.Protocol)),
		)
	})
}
