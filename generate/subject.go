package generate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// Subject is workloads that one policy is about: nearly always a single one.
type Subject struct {
	Namespace string
	Labels    map[string]string // that select the workloads; empty only where no policy can
	Workloads []*netpol.Workload
	// Others have all the labels too, and more of their own: the policy selects them
	// besides those that are about them.
	Others []*netpol.Workload
}

// selected returns all workloads that the policy selects.
func (s *Subject) selected() []*netpol.Workload { return slices.Concat(s.Workloads, s.Others) }

func (s *Subject) name() string { return s.Workloads[0].Name }

// has tells whether a peer is pods of the subject.
func (s *Subject) has(p netpol.Peer) bool {
	return p.Workload() != nil && slices.ContainsFunc(s.Workloads, func(w *netpol.Workload) bool { return w.Ref == p.Workload().Ref })
}

// findSubjects gives every workload that a policy can select a subject.
func (g *generator) findSubjects() {
	g.of = map[*netpol.Workload]*Subject{}
	for _, w := range g.env.Cluster.Workloads {
		alone := &Subject{Namespace: w.Namespace, Workloads: []*netpol.Workload{w}}
		switch {
		case w.HostNetwork:
			g.remark(w, "runs on the host network, where no policy applies")
			g.onHosts = append(g.onHosts, alone)
		case !netpol.MayBeNamed(w.Namespace, w.Name+allowSuffix):
			g.remark(w, "has a name or a namespace that the API server accepts for no policy")
			g.unselectable = append(g.unselectable, alone)
		case len(g.stable(w.Labels)) == 0:
			g.remark(w, "has no labels by which a policy could select it")
			g.unselectable = append(g.unselectable, alone)
		case g.of[w] == nil:
			g.addSubject(w)
		}
	}
}

// addSubject makes a subject of a workload and those that have the same labels.
func (g *generator) addSubject(w *netpol.Workload) {
	labels, selected := g.selecting(w)
	s := &Subject{Namespace: w.Namespace, Labels: labels}
	for _, o := range selected {
		if o == w || has(w.Labels, g.stable(o.Labels)) {
			s.Workloads = append(s.Workloads, o)
			g.of[o] = s
		} else {
			s.Others = append(s.Others, o)
		}
	}
	slices.SortStableFunc(s.Workloads, func(a, b *netpol.Workload) int { return cmp.Compare(transience(a), transience(b)) })
	g.subjects = append(g.subjects, s)
}

// transience orders workloads by how long they stay: the first one gives its name to
// the policy.
func transience(w *netpol.Workload) int {
	return slices.Index([]string{"CronJob", "Job", "Pod"}, w.Kind)
}

// selecting returns labels that select a workload and, if that is possible, no other:
// those of its own selector, else with all stable labels of its template.
func (g *generator) selecting(w *netpol.Workload) (labels map[string]string, workloads []*netpol.Workload) {
	if own := g.ownSelector(w); len(own) > 0 {
		if matched := g.matching(w.Namespace, own); len(matched) == 1 {
			return own, matched
		}
	}
	all := g.stable(w.Labels)
	return all, g.matching(w.Namespace, all)
}

// matching returns the workloads of a namespace that have all the labels.
func (g *generator) matching(namespace string, labels map[string]string) []*netpol.Workload {
	var matched []*netpol.Workload
	for _, w := range g.env.Cluster.Namespace(namespace).Workloads() {
		if !w.HostNetwork && has(w.Labels, labels) {
			matched = append(matched, w)
		}
	}
	return matched
}

func has(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if got, ok := labels[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// ownSelector returns spec.selector.matchLabels of a workload, nil where it has
// none, has expressions beside them, or has a controller make the selector.
func (g *generator) ownSelector(w *netpol.Workload) map[string]string {
	if w.Kind == "Job" || w.Kind == "CronJob" || w.Kind == "Pod" {
		return nil
	}
	selector := manifest.Mapping(w.Source.Data, "spec", "selector")
	labels := manifest.Mapping(selector, "matchLabels")
	if labels == nil && w.Kind == "ReplicationController" {
		labels = selector
	}
	if len(manifest.Items(selector, "matchExpressions")) > 0 {
		return nil
	}
	own := map[string]string{}
	for key, value := range labels {
		text, ok := value.(string)
		if !ok || w.Labels[key] != text || g.unusable(key) {
			return nil
		}
		own[key] = text
	}
	return own
}

// stable returns the labels that stay the same from one version to the next.
func (g *generator) stable(labels map[string]string) map[string]string {
	kept := maps.Clone(labels)
	maps.DeleteFunc(kept, func(key, value string) bool { return g.unusable(key) || value == "" })
	return kept
}

// unusable tells whether a label does not stay, or is none that Cilium looks at.
func (g *generator) unusable(key string) bool {
	return IsUnstable(key) || g.opts.Format == Cilium && !netpol.IsIdentityLabel(key)
}

// IsUnstable tells whether a label changes with a version or is set by a controller,
// and is therefore in no selector of a proposal
// (https://kubernetes.io/docs/reference/labels-annotations-taints/,
// https://helm.sh/docs/chart_best_practices/labels/).
func IsUnstable(key string) bool {
	return slices.Contains([]string{
		"version", "chart", "heritage", "helm.sh/chart", "app.kubernetes.io/version", "app.kubernetes.io/managed-by",
		"pod-template-hash", "controller-revision-hash", "pod-template-generation", "controller-uid", "job-name",
		"batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "statefulset.kubernetes.io/pod-name",
		"apps.kubernetes.io/pod-index",
	}, key) || strings.HasPrefix(key, "checksum/")
}
