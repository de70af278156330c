package traffic

import (
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// Injector is something that puts a proxy into pods or between them, which calls a
// control plane that no manifest of the application names.
type Injector struct {
	Name string
	// Reroutes is true where calls may arrive on another port than the application's.
	Reroutes bool
	// The labels and annotations, of pods or their namespace, by which it is asked for.
	signs []sign
}

// sign is a label or annotation; an empty value stands for any that does not refuse.
type sign struct{ key, value string }

// injectors are meshes and others with the signs that their documentation gives.
// Linkerd sends calls of ports that it takes for opaque to its own port 4143
// (https://linkerd.io/2/features/protocol-detection/), ambient meshes all to 15008
// (https://istio.io/latest/docs/ambient/usage/networkpolicy/).
var injectors = []Injector{
	{"Istio's sidecar", false, []sign{{"istio-injection", "enabled"}, {"istio.io/rev", ""}, {"sidecar.istio.io/inject", "true"}}},
	{"Istio's ambient mesh", true, []sign{{"istio.io/dataplane-mode", "ambient"}}},
	{"Linkerd's proxy", true, []sign{{"linkerd.io/inject", "enabled"}, {"linkerd.io/inject", "ingress"}}},
	{"Dapr's sidecar", false, []sign{{"dapr.io/enabled", "true"}}},
	{"Vault's agent", false, []sign{{"vault.hashicorp.com/agent-inject", "true"}}},
}

// Injectors returns what a workload or its namespace asks to be injected, unless the
// workload refuses it.
func Injectors(c *netpol.Cluster, w *netpol.Workload) []Injector {
	own := manifest.Mapping(w.Source.Data, w.Path("metadata", "annotations")...)
	n := c.Namespace(w.Namespace)
	var annotations map[string]any
	if n != nil && n.Source != nil {
		annotations = manifest.Mapping(n.Source.Data, "metadata", "annotations")
	}
	var found []Injector
	for _, i := range injectors {
		if i.isAskedFor(w, own, n, annotations) {
			found = append(found, i)
		}
	}
	return found
}

func (i Injector) isAskedFor(w *netpol.Workload, own map[string]any, n *netpol.Namespace, annotations map[string]any) bool {
	asked := false
	for _, s := range i.signs {
		value, label := w.Labels[s.key]
		text, annotation := own[s.key].(string)
		switch {
		case label && s.refused(value), annotation && s.refused(text):
			return false
		case label && s.is(value), annotation && s.is(text), n != nil && s.is(n.Labels[s.key]), s.is(manifest.Text(annotations, s.key)):
			asked = true
		}
	}
	return asked
}

func (s sign) is(value string) bool { return value != "" && (s.value == "" || value == s.value) }

func (s sign) refused(value string) bool {
	return strings.EqualFold(value, "false") || strings.EqualFold(value, "disabled")
}
