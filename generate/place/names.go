package place

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ringfence/ringfence/generate"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/render"
)

// folderNames names things as manifests of a folder do: without what kustomizations
// above it add.
type folderNames struct {
	*planner
	site      site
	placement *placement
	nameless  bool // the policy's own pods have no labels here
}

func (n *folderNames) Policy(p *generate.Proposal) (name, namespace string) {
	name = p.Name
	if raw := n.written(n.placement.first); raw != nil && p.Subject != nil && !n.placement.repeated {
		name = raw.Name + p.Suffix()
	}
	return quoted(name), quoted(n.namespace())
}

// namespace is the one that the manifest names, but in an overlay the one that a
// kustomization below it sets.
func (n *folderNames) namespace() string {
	w := n.placement.first
	refs := n.closureOf(n.placement.target.Target).dirs[n.site.dir]
	if n.site.kind != render.Kustomize || n.site != n.placement.root || manifest.IsPrivate(w.Namespace) || refs.Namespace == w.Namespace {
		return n.writtenNamespace(w)
	}
	return w.Namespace
}

// quoted is a string as YAML, and nothing for an empty one.
func quoted(s string) string {
	if s == "" {
		return ""
	}
	return generate.Quote(s)
}

// Pods leaves out labels that are added above the folder. Those of the folder's own
// pods come back to the policy when they are added; for other pods the labels are
// complete, and stand where no kustomization adds to them.
func (n *folderNames) Pods(s *generate.Subject, own bool, _ int) []string {
	labels := maps.Clone(s.Labels)
	for _, w := range s.Workloads {
		here := n.here(w)
		if here == nil {
			n.nameless = n.nameless || own
			return n.Others(s.Labels)
		}
		maps.DeleteFunc(labels, func(key, value string) bool { return here.Labels[key] != value })
	}
	if len(labels) == 0 {
		n.nameless = n.nameless || own
		return n.Others(s.Labels)
	}
	return generate.MatchLabels(labels)
}

// here returns a workload as it is when the folder is built alone, nil where it does
// not come from there.
func (n *folderNames) here(w *netpol.Workload) *netpol.Workload {
	switch {
	case n.placement.environment.from[w.Source] != n.placement.target:
		return nil
	case n.site == n.placement.root:
		return w
	default:
		return n.viewOf(n.site)[n.keyOf(w)]
	}
}

// Others names pods that do not pass through the folder. Kustomizations add labels to
// matchLabels of peers too, but never to matchExpressions.
func (n *folderNames) Others(labels map[string]string) []string {
	if !n.closureOf(n.placement.target.Target).selectors {
		return generate.MatchLabels(labels)
	}
	lines := []string{"matchExpressions:"}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		lines = append(lines, "  - key: "+generate.Quote(key), "    operator: In", fmt.Sprintf("    values: [%s]", generate.Quote(labels[key])))
	}
	return lines
}

// keyIn identifies a workload of an environment by its manifest, for all releases of a
// chart alike.
func (p *planner) keyIn(e *environment, w *netpol.Workload) key {
	if t := e.from[w.Source]; t != nil && t.Kind == render.Helm {
		return p.chartKeysOf(t)[w.Source]
	}
	return p.keyOf(w)
}

// keyOf identifies a workload by its manifest, whatever overlays make of its name.
// Charts make several workloads at one place.
func (p *planner) keyOf(w *netpol.Workload) key {
	k := key{pos: w.Source.Origin.Pos.String(), name: w.Kind}
	if p.written(w) == nil {
		k.name += " " + w.Name
	}
	return k
}

// written returns a workload's manifest as its file has it, nil where it has none of
// its own.
func (p *planner) written(w *netpol.Workload) *manifest.Object {
	file := w.Source.File
	objects, ok := p.raw[file]
	if !ok {
		if data, err := p.tree.ReadFile(file); err == nil {
			objects, _ = manifest.Parse(file, data)
		}
		p.raw[file] = objects
	}
	i := slices.IndexFunc(objects, func(o *manifest.Object) bool { return o.Pos == w.Source.Origin.Pos && o.Kind == w.Kind })
	if i < 0 {
		return nil
	}
	return objects[i]
}

// writtenNamespace is the namespace that a workload's manifest names, empty where it
// leaves that to others.
func (p *planner) writtenNamespace(w *netpol.Workload) string {
	o := p.written(w)
	if o == nil {
		o = w.Source
	}
	return manifest.Text(o.Data, "metadata", "namespace")
}
