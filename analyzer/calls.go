package analyzer

import (
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// The kinds of calls that rules tell apart.
const (
	ordinaryCall = "call"
	scrapeCall   = "scrape"  // of metrics
	webhookCall  = "webhook" // of the API server
	backendCall  = "backend" // of an Ingress or a route
	entryCall    = "entry"   // of clients outside, through a Service
	hookCall     = "hook"    // of a hook of Helm or Argo CD
)

// callKind sorts a call by who makes it, and by what tells of it.
func callKind(e *traffic.Edge) string {
	switch e.From.External {
	case traffic.Internet:
		return entryCall
	case traffic.IngressController:
		return backendCall
	case traffic.APIServer:
		return webhookCall
	case traffic.PrometheusServer:
		return scrapeCall
	}
	if told(e).IsScrape() {
		return scrapeCall
	}
	if w := e.From.Workload; w != nil && isHook(w) {
		return hookCall
	}
	return ordinaryCall
}

// isHook tells whether a workload runs before or after the others are applied, which
// waits for it: https://helm.sh/docs/topics/charts_hooks/ and
// https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
func isHook(w *netpol.Workload) bool {
	annotations := manifest.Mapping(w.Source.Data, "metadata", "annotations")
	return annotations["helm.sh/hook"] != nil || annotations["argocd.argoproj.io/hook"] != nil
}

// told is the evidence of a call that is shown: where it is just as sure, that of the
// pods that ask to be scraped, and not the configuration that is about all of them.
func told(e *traffic.Edge) traffic.Evidence {
	for _, evidence := range e.Evidence {
		if evidence.Kind == "annotation" && evidence.Confidence == e.Confidence {
			return evidence
		}
	}
	return e.Evidence[0]
}

// countCalls counts the calls of each workload of which anything tells, and notes which call
// the API server.
func (f *facts) countCalls() {
	for _, e := range f.calls.Edges {
		if e.To.External == traffic.APIServer {
			f.asksAPI[e.From.Workload] = true
		}
		if e.From != e.To {
			f.callers[e.To.Workload]++
			f.callees[e.From.Workload]++
		}
	}
}

// blocked finds the calls that policies deny although somebody needs them, in the
// order of the graph.
func (f *facts) blocked() []blockedFact {
	blocked := []blockedFact{}
	passed := map[attempt]bool{}
	var denied []*traffic.Edge
	denials := map[*traffic.Edge][]denialFact{}
	for i := range f.calls.Edges {
		e := &f.calls.Edges[i]
		if !f.isCertain(e) {
			continue
		}
		if denials[e] = f.denials(e); len(denials[e]) > 0 {
			denied = append(denied, e)
			continue
		}
		for _, evidence := range e.Evidence {
			passed[attempt{e.From, e.To, evidence.Pos}] = true
		}
	}
	for _, e := range denied {
		if passed[attempt{e.From, e.To, told(e).Pos}] {
			continue // on one of the ports that may be meant
		}
		blocked = append(blocked, f.blockedFact(e, denials[e]))
	}
	return blocked
}

// attempt is what one place says of a call, which may be one of several ports.
type attempt struct {
	from, to traffic.End
	at       manifest.Pos
}

// isCertain tells whether a call is sure to be made between the pods, on the port.
func (f *facts) isCertain(e *traffic.Edge) bool {
	from, to := e.From.Workload, e.To.Workload
	switch {
	case e.Confidence < traffic.Medium:
		return false
	case from != nil && from.Source.IsHelmTest(), to != nil && to.Source.IsHelmTest():
		return false
	case from != nil && from == to && told(e).Kind != "peers":
		return false // a pod may always call itself
	case to != nil && (to.Kind == "Job" || to.Kind == "CronJob") && !declares(to, e.Port, e.Protocol):
		return false // it has the labels of what a Service selects, and serves nothing
	case e.To.Host != "" && usesProxy(from):
		return false
	default:
		return !f.isRerouted(from) && !f.isRerouted(to)
	}
}

func declares(w *netpol.Workload, number int, protocol netpol.Protocol) bool {
	for _, p := range w.Ports {
		if p.Number == number && p.Protocol == protocol {
			return true
		}
	}
	return false
}

// usesProxy tells whether a workload is told to call what is outside through a proxy.
func usesProxy(w *netpol.Workload) bool {
	for _, c := range manifest.Items(w.PodSpec, "containers") {
		for _, item := range manifest.Items(c, "env") {
			switch strings.ToLower(manifest.Text(item, "name")) {
			case "http_proxy", "https_proxy", "all_proxy":
				return true
			}
		}
	}
	return false
}

// isRerouted tells whether a mesh may make the calls of a workload arrive on another
// port than the one that is called.
func (f *facts) isRerouted(w *netpol.Workload) bool {
	if w == nil {
		return false
	}
	for _, i := range traffic.Injectors(f.cluster, w) {
		if i.Reroutes() {
			return true
		}
	}
	return false
}

func (f *facts) blockedFact(e *traffic.Edge, denials []denialFact) blockedFact {
	about := e.From.Workload
	if about == nil || told(e).Kind == "annotation" { // which is on what is scraped
		about = e.To.Workload
	}
	fact := blockedFact{
		Kind:       callKind(e),
		From:       callTitle(e.From, e.To),
		To:         callTitle(e.To, e.From),
		Port:       portTitle(e.Port, e.Protocol),
		Outside:    e.To.Workload == nil,
		Confidence: e.Confidence.String(),
		Denials:    denials,
	}
	fact.ID = f.places.spot(about.Ref, told(e).Origin, fact.From+fact.To+fact.Port)
	return fact
}

// callTitle is how messages call an end of a call; the namespace is told where it is
// another than that of the other end.
func callTitle(e, other traffic.End) string {
	switch w := e.Workload; {
	case w != nil && (other.Workload == nil || other.Workload.Namespace == w.Namespace):
		return title(w.Ref)
	case w != nil:
		return title(w.Ref) + " of " + namespaceTitle(w.Namespace)
	case e.Host != "":
		return fmt.Sprintf("%q", e.Host)
	case e.Block.IsValid():
		return e.Block.String()
	}
	switch e.External {
	case traffic.Internet:
		return "somebody outside"
	case traffic.IngressController:
		return "the ingress controller"
	case traffic.APIServer:
		return "the API server"
	case traffic.PrometheusServer:
		return "Prometheus"
	case traffic.ClusterDNS:
		return "the DNS of the cluster"
	case traffic.Node:
		return "a node"
	default:
		return "somebody"
	}
}

func namespaceTitle(namespace string) string {
	if manifest.IsPrivate(namespace) {
		return "the namespace"
	}
	return fmt.Sprintf("namespace %q", namespace)
}

func portTitle(number int, protocol netpol.Protocol) string {
	if number == 0 {
		return "any port of " + string(protocol)
	}
	return fmt.Sprintf("%s %d", protocol, number)
}
