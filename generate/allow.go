package generate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// allow proposes the policy of a subject, nil where nothing is to be done.
func (g *generator) allow(s *Subject) *Proposal {
	if !g.wants(s) {
		return nil
	}
	p := &Proposal{Namespace: s.Namespace, Name: s.name() + allowSuffix, Format: g.opts.Format, Subject: s}
	for _, d := range g.directions() {
		if doubt := g.doubtful(s, d); doubt != "" {
			g.remark(s.Workloads[0], "nothing is proposed for its %s: %s", d.Name(), doubt)
			continue
		}
		if g.isolated(s.Workloads, d) { // existing policies decide
			if openings := g.openings(s, d); len(openings) > 0 {
				p.Isolates = append(p.Isolates, d)
				p.Rules = append(p.Rules, rulesOf(d, openings)...)
				g.proposed[side{s, d}] = openings
			}
			g.reportBlocked(s, d)
			continue
		}
		if o := g.affected(s, d); o != nil {
			g.remark(s.Workloads[0], "nothing is proposed for its %s: its labels select %s too, for which nothing is proposed", d.Name(), o)
			continue
		}
		g.reportUnsure(s, d)
		needs := g.withoutBlocked(s, d, g.needsOf(s, d))
		unknown := g.unknown(s, d, needs)
		if unknown == "" && !g.opts.PartialDeny {
			needs = append(needs, g.notTold(s, d)...)
		}
		needs = g.withoutGiven(s, d, needs)
		g.proposed[side{s, d}] = needs
		rules := rulesOf(d, needs)
		if open := g.leftOpen(s, d, unknown); open != nil {
			rules = append(rules, open)
		}
		p.Isolates = append(p.Isolates, d)
		p.Rules = append(p.Rules, rules...)
	}
	if len(p.Isolates) == 0 {
		return nil
	}
	return p
}

// leftOpen returns the rule for what is not known of a direction, nil for none. Of
// ingress, ports that nobody is known to call are needs of their own.
func (g *generator) leftOpen(s *Subject, d netpol.Direction, unknown string) *rule {
	if g.opts.PartialDeny {
		return nil
	}
	if unknown != "" {
		g.remark(s.Workloads[0], "its %s is left open: %s", d.Name(), unknown)
		return &rule{direction: d, open: unknown}
	}
	if d == netpol.Ingress {
		return nil
	}
	within := g.callsWithin(s)
	if within != nil {
		g.remark(s.Workloads[0], "its egress is left open within its namespace on some ports: %s", within.open)
	}
	return within
}

// wants tells whether policies are proposed for a subject.
func (g *generator) wants(s *Subject) bool {
	return g.opts.Wanted == nil || slices.ContainsFunc(s.Workloads, g.opts.Wanted)
}

// isolated tells whether existing policies isolate one of some workloads.
func (g *generator) isolated(workloads []*netpol.Workload, d netpol.Direction) bool {
	return slices.ContainsFunc(workloads, func(w *netpol.Workload) bool { return g.env.Cluster.Isolated(w, d) })
}

// affected returns a workload that a subject's policy would select besides, and for
// which no policy of its own is proposed, nil if there is none.
func (g *generator) affected(s *Subject, d netpol.Direction) *netpol.Workload {
	for _, o := range s.Others {
		own := g.of[o]
		if own == nil || !g.wants(own) || g.isolated(own.Workloads, d) {
			return o
		}
	}
	return nil
}

// doubtful names a policy that is about a subject and not evaluated completely: what
// more policies would do beside it is not known.
func (g *generator) doubtful(s *Subject, d netpol.Direction) string {
	for _, w := range s.selected() {
		for _, doubt := range g.env.Cluster.Uncertain(netpol.PodsOf(w), d) {
			return fmt.Sprintf("%s %q is not evaluated completely: %s", doubt.Policy.Kind, doubt.Policy.Name, doubt.Reason)
		}
	}
	return ""
}

// reportUnsure says which calls get no rule because they are not sure enough.
func (g *generator) reportUnsure(s *Subject, d netpol.Direction) {
	for _, e := range g.edgesOf(s, d) {
		if e.Confidence < g.opts.Confidence {
			g.remark(s.Workloads[0], "its %s gets no rule for a call of %s confidence: %s", d.Name(), e.Confidence, need{edge: e}.comment())
		}
	}
}

// unknown says why a direction may need more than was found, empty where nothing
// hints at that.
func (g *generator) unknown(s *Subject, d netpol.Direction, needs []need) string {
	if g.env.Gaps > 0 {
		return "a part of the environment could not be seen"
	}
	if slices.ContainsFunc(s.Workloads, func(w *netpol.Workload) bool { return w.Operated != nil }) {
		return "its operator makes its pods, of which not everything is known"
	}
	if d == netpol.Egress {
		if key := g.unknownInjector(s); key != "" {
			return key + " asks for an injector whose calls are not known"
		}
		if g.isDNS(s) {
			return "the DNS of the cluster asks others, whom manifests do not tell"
		}
		if reason := unknownCalls(needs); reason != "" {
			return reason
		}
		if name := g.dangling(s); name != "" {
			return "it calls " + name + ", which is not in the environment"
		}
		return g.unreadable(s)
	}
	return ""
}

// unknownCalls says why needs tell nothing of what a program calls, empty where they do.
// That its account may ask the API server, that something is injected, or that it has the
// address of its node or of what collects its telemetry says nothing of the rest: one that
// finds others through the API calls them, controllers call clouds, and the address of a
// collector is given to all alike.
func unknownCalls(needs []need) string {
	var platform []string
	for _, n := range needs {
		if n.edge == nil {
			continue
		}
		told := slices.DeleteFunc(slices.Clone(n.edge.Evidence), isOfInjector)
		switch {
		case len(told) == 0:
		case n.edge.To.External == traffic.APIServer:
			platform = union(platform, []string{"the API server"})
		case n.edge.To.External == traffic.Node:
			platform = union(platform, []string{"its node"})
		case !slices.ContainsFunc(told, func(e traffic.Evidence) bool { return !e.Telemetry }):
			platform = union(platform, []string{"what collects its telemetry"})
		default:
			return ""
		}
	}
	if len(platform) > 0 {
		return "nothing tells whom it calls but " + strings.Join(platform, " and ")
	}
	return "nothing tells whom it calls"
}

// dangling returns a name that a subject calls and that nothing in the environment
// has, empty for none. What an injector is known to call has its own need.
func (g *generator) dangling(s *Subject) string {
	for _, d := range g.env.Calls.Dangling {
		if d.From.Workload != nil && g.of[d.From.Workload] == s && !isOfInjector(d.Evidence) {
			return d.Name
		}
	}
	return ""
}

// unreadable names a configuration that a subject is given and that is not in the
// environment, or whose values are encrypted: it may name more that it calls.
func (g *generator) unreadable(s *Subject) string {
	for _, w := range s.Workloads {
		if missing := g.missingVolume(w); missing != "" {
			return missing
		}
		for _, list := range []string{"initContainers", "containers"} {
			for _, c := range manifest.Items(w.PodSpec, list) {
				if missing := g.missingReference(w.Namespace, c); missing != "" {
					return missing
				}
			}
		}
	}
	return ""
}

// missingReference finds a ConfigMap or Secret that a container needs and that the
// environment does not have.
func (g *generator) missingReference(namespace string, c any) string {
	for _, item := range manifest.Items(c, "envFrom") {
		for kind, field := range map[string]string{"ConfigMap": "configMapRef", "Secret": "secretRef"} {
			if missing := g.missing(kind, namespace, manifest.Mapping(item, field)); missing != "" {
				return missing
			}
		}
	}
	for _, item := range manifest.Items(c, "env") {
		for kind, field := range map[string]string{"ConfigMap": "configMapKeyRef", "Secret": "secretKeyRef"} {
			if missing := g.missing(kind, namespace, manifest.Mapping(item, "valueFrom", field)); missing != "" {
				return missing
			}
		}
	}
	return ""
}

// missingVolume finds a ConfigMap that a pod mounts and that the environment does not
// have; every namespace has the one of the certificates.
func (g *generator) missingVolume(w *netpol.Workload) string {
	for _, volume := range manifest.Items(w.PodSpec, "volumes") {
		for _, v := range append(manifest.Items(volume, "projected", "sources"), volume) {
			if ref := manifest.Mapping(v, "configMap"); manifest.Text(ref, "name") != "kube-root-ca.crt" {
				if missing := g.missing("ConfigMap", w.Namespace, ref); missing != "" {
					return missing
				}
			}
		}
	}
	return ""
}

func (g *generator) missing(kind, namespace string, ref map[string]any) string {
	name := manifest.Text(ref, "name")
	if name == "" || slices.ContainsFunc(g.env.Objects, func(o *manifest.Object) bool {
		return o.Kind == kind && o.Name == name && o.Namespace == namespace
	}) {
		return ""
	}
	return kind + " " + name + ", which is not in the repository, may name more"
}

// deny proposes the default denies.
func (g *generator) deny() {
	if g.opts.DefaultDeny == DenyNever {
		return
	}
	for _, n := range g.env.Cluster.Namespaces {
		if len(n.Workloads()) == 0 || g.opts.Wanted != nil && !slices.ContainsFunc(n.Workloads(), g.opts.Wanted) {
			continue
		}
		isolates := g.undenied(n)
		if len(isolates) == 0 {
			continue
		}
		why := g.cutOff(n, isolates)
		if why == "" && g.opts.DefaultDeny != DenyAlways {
			why = g.notOwned(n)
		}
		if why != "" {
			g.result.Remarks = append(g.result.Remarks, Remark{Namespace: n.Name, Reason: "gets no default deny: " + why})
			continue
		}
		g.result.Proposals = append(g.result.Proposals, &Proposal{Namespace: n.Name, Name: "default-deny", Format: g.opts.Format, Isolates: isolates})
	}
}

// undenied returns the directions in which no policy selects all pods of a
// namespace.
func (g *generator) undenied(n *netpol.Namespace) []netpol.Direction {
	var open []netpol.Direction
	for _, d := range g.directions() {
		denies := func(p *netpol.Policy) bool {
			return (p.Namespace == n.Name || p.NamespaceSelector != nil && p.NamespaceSelector.IsEmpty()) &&
				p.Selector.IsEmpty() && p.Isolates(d) && len(p.Doubts()) == 0
		}
		if !slices.ContainsFunc(n.Policies(), denies) && !slices.ContainsFunc(g.env.Cluster.Others, denies) {
			open = append(open, d)
		}
	}
	return open
}

// notOwned says why pods that nobody here declares may live in a namespace, empty
// where the environment owns it.
func (g *generator) notOwned(n *netpol.Namespace) string {
	switch {
	case n.Private:
		return "its name is not known"
	case n.Name == "default" || len(n.Name) > 5 && n.Name[:5] == "kube-":
		return "it is shared"
	case !n.Declared:
		return "the environment does not declare it"
	case g.env.Gaps > 0:
		return "a part of the environment could not be seen"
	}
	for _, w := range n.Workloads() {
		if w.Operated != nil {
			return w.String() + " may make pods that nothing here declares"
		}
	}
	return ""
}

// cutOff names a workload of a namespace that a default deny would cut off, because
// no policy of its own isolates it: none can select it, or none is proposed.
func (g *generator) cutOff(n *netpol.Namespace, isolates []netpol.Direction) string {
	for _, w := range n.Workloads() {
		for _, d := range isolates {
			switch {
			case w.HostNetwork, g.isolates(w, d), g.env.Cluster.Isolated(w, d) && len(g.env.Cluster.Uncertain(netpol.PodsOf(w), d)) == 0:
			case g.of[w] == nil:
				return "it would cut off " + w.String() + ", which no policy can select"
			default:
				return "it would cut off " + w.String() + ", for which nothing is proposed"
			}
		}
	}
	return ""
}

// isolates tells whether an allow policy is proposed for a workload in a direction.
func (g *generator) isolates(w *netpol.Workload, d netpol.Direction) bool {
	return slices.ContainsFunc(g.result.Proposals, func(p *Proposal) bool {
		return p.Subject != nil && p.Subject == g.of[w] && slices.Contains(p.Isolates, d)
	})
}
