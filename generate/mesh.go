package generate

import (
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// injector is something that puts a proxy into pods or between them, which calls a
// control plane that no manifest of the application names.
type injector struct {
	name string
	// ingress is true where calls arrive on another port than the application's.
	ingress bool
	// The labels and annotations, of pods or their namespace, by which it is asked for.
	signs []sign
}

// sign is a label or annotation; an empty value stands for any that does not refuse.
type sign struct{ key, value string }

// injectors are meshes and others with the signs that their documentation gives.
var injectors = []injector{
	{"Istio's sidecar", false, []sign{{"istio-injection", "enabled"}, {"istio.io/rev", ""}, {"sidecar.istio.io/inject", "true"}}},
	{"Istio's ambient mesh", true, []sign{{"istio.io/dataplane-mode", "ambient"}}},
	{"Linkerd's proxy", false, []sign{{"linkerd.io/inject", "enabled"}, {"linkerd.io/inject", "ingress"}}},
	{"Dapr's sidecar", false, []sign{{"dapr.io/enabled", "true"}}},
	{"Vault's agent", false, []sign{{"vault.hashicorp.com/agent-inject", "true"}}},
}

// injected says what is injected into the pods of a subject, so that more is called
// than manifests tell; empty for nothing.
func (g *generator) injected(s *Subject, d netpol.Direction) string {
	for _, w := range s.Workloads {
		for _, i := range injectors {
			if (d == netpol.Egress || i.ingress) && g.asksFor(w, i) {
				return i.name + " is injected, whose calls are not known"
			}
		}
	}
	return ""
}

// asksFor tells whether a workload or its namespace asks for an injector, and the
// workload does not refuse it.
func (g *generator) asksFor(w *netpol.Workload, i injector) bool {
	own := manifest.Mapping(manifest.Lookup(w.Source.Data, w.Path("metadata", "annotations")...))
	n := g.env.Cluster.Namespace(w.Namespace)
	var annotations map[string]any
	if n != nil && n.Source != nil {
		annotations = manifest.Mapping(n.Source.Data, "metadata", "annotations")
	}
	asks := false
	for _, s := range i.signs {
		value, label := w.Labels[s.key]
		text, annotation := own[s.key].(string)
		switch {
		case label && s.refused(value), annotation && s.refused(text):
			return false
		case label && s.is(value), annotation && s.is(text), n != nil && s.is(n.Labels[s.key]), s.is(manifest.Text(annotations, s.key)):
			asks = true
		}
	}
	return asks
}

func (s sign) is(value string) bool { return value != "" && (s.value == "" || value == s.value) }

func (s sign) refused(value string) bool {
	return strings.EqualFold(value, "false") || strings.EqualFold(value, "disabled")
}
