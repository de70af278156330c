package generate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// injected returns the injectors of the table that a workload asks for, one of each
// mesh. They are found once.
func (g *generator) injected(w *netpol.Workload) []*injector {
	found, known := g.injectors[w]
	if known {
		return found
	}
	for n := range injectors {
		i := &injectors[n]
		first := !slices.ContainsFunc(found, func(j *injector) bool { return j.mesh == i.mesh })
		if first && !w.HostNetwork && g.asksFor(w, i) {
			found = append(found, i)
		}
	}
	g.injectors[w] = found
	return found
}

// asksFor tells whether a workload or its namespace asks for an injector and neither
// refuses it.
func (g *generator) asksFor(w *netpol.Workload, i *injector) bool {
	pod := heard(i.pods, w.Labels, annotationsOf(w))
	namespace := heard(i.namespaces, g.env.Cluster.Namespace(w.Namespace).Labels, g.namespaceAnnotations(w.Namespace))
	return pod != refuses && namespace != refuses && (pod == asks || namespace == asks)
}

// heard returns what the first sign says that says something.
func heard(signs []sign, labels, annotations map[string]string) answer {
	for _, s := range signs {
		if a := s.says(labels, annotations); a != silent {
			return a
		}
	}
	return silent
}

// unknownInjector returns a label or annotation by which a subject asks for something
// that is not in the table, empty for none: the convention is a name that says "inject"
// and a value other than a refusal, as sidecar.opentelemetry.io/inject has it.
func (g *generator) unknownInjector(s *Subject) string {
	for _, w := range s.Workloads {
		own, of := annotationsOf(w), g.env.Cluster.Namespace(w.Namespace).Labels
		for _, values := range []map[string]string{w.Labels, own, of, g.namespaceAnnotations(w.Namespace)} {
			for _, key := range slices.Sorted(maps.Keys(values)) {
				refused := isOneOf(w.Labels[key], refusals) || isOneOf(own[key], refusals)
				if isForeignInjector(key) && values[key] != "" && !isOneOf(values[key], refusals) && !refused {
					return key
				}
			}
		}
	}
	return ""
}

// refusals are the values that stand for no.
var refusals = []string{"false", "0", "f", "n", "no", "off", "disabled", "none"}

func isForeignInjector(key string) bool {
	domain, name, found := strings.Cut(key, "/")
	return found && strings.Contains(strings.ToLower(name), "inject") && !slices.ContainsFunc(injectors, func(i injector) bool {
		return domain == i.domain || strings.HasSuffix(domain, "."+i.domain)
	})
}

func isOneOf(value string, choices []string) bool {
	return slices.ContainsFunc(choices, func(c string) bool { return strings.EqualFold(c, value) })
}

// annotationsOf returns the annotations of a workload's pods.
func annotationsOf(w *netpol.Workload) map[string]string {
	return textsOf(w.Source, w.Path("metadata", "annotations")...)
}

func (g *generator) namespaceAnnotations(name string) map[string]string {
	n := g.env.Cluster.Namespace(name)
	if n.Source == nil {
		return nil
	}
	return textsOf(n.Source, "metadata", "annotations")
}

// textsOf returns labels or annotations of an object. Some renderings hold a boolean
// or a number, which the API server does not accept.
func textsOf(o *manifest.Object, path ...any) map[string]string {
	texts := map[string]string{}
	for key, value := range manifest.Mapping(o.Data, path...) {
		texts[key] = fmt.Sprint(value)
	}
	return texts
}
