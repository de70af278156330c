package traffic

import (
	"slices"
	"strconv"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// operatedSettings returns what a custom resource says of the calls of the pods that
// an operator makes of it: its own environment, and the addresses in its fields.
func (x *inference) operatedSettings(w *netpol.Workload) []*setting {
	if w.Operated == nil {
		return nil
	}
	var settings []*setting
	spec := manifest.Mapping(w.Source.Data, "spec")
	if len(w.TemplatePath) == 0 {
		settings = x.containerSettings(w, map[string]any{"env": spec["env"], "envFrom": spec["envFrom"]}, []any{"spec"})
	}
	x.fieldSettings(w, spec, []any{"spec"}, func(s *setting) { settings = append(settings, s) })
	return settings
}

// fieldSettings calls f for each text in a custom resource, but for what stands for
// parts of pods, which is read on its own, and what is about who calls them.
func (x *inference) fieldSettings(w *netpol.Workload, value any, path []any, f func(*setting)) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if !slices.Contains(partsOfPods, key) {
				x.fieldSettings(w, v[key], append(slices.Clone(path), key), f)
			}
		}
	case []any:
		for i, item := range v {
			x.fieldSettings(w, item, append(slices.Clone(path), i), f)
		}
	case string:
		s := setting{workload: w, kind: "resource", key: lastName(path), from: source{w.Source, path}, confidence: High, group: "resource"}
		scalars, isText := manifest.Scalars([]byte(v))
		if !isText {
			s.value = v
			f(&s)
			return
		}
		for _, scalar := range scalars { // a configuration within, as that of a collector
			if under(scalar.Path, ownParts) {
				continue
			}
			inner := s
			inner.key, inner.value, inner.line = lastKey(scalar.Path), scalar.Value, scalar.Line
			f(&inner)
		}
	}
}

// partsOfPods are the fields of custom resources that are not read as settings.
var partsOfPods = []string{
	"containers", "initContainers", "sidecars", "env", "envFrom", "volumes", "template", "podTemplate", "override", "statefulSet", "deployment", "nodeSets",
	"affinity", "tolerations", "podMetadata", "serviceMonitorSelector", "alerting", "listeners", "receivers", "ingress", "route", "image",
}

func lastName(path []any) string {
	for _, step := range slices.Backward(path) {
		if key, ok := step.(string); ok {
			return key
		}
	}
	return ""
}

// readRings adds the calls between the pods of a resource that its operator documents.
func (x *inference) readRings() {
	for _, w := range x.cluster.Workloads {
		if w.Operated == nil {
			continue
		}
		for _, p := range w.Operated.Ring {
			x.add(End{Workload: w}, End{Workload: w}, p.Number, p.Protocol, Evidence{
				Kind: "operator", Origin: w.Source.At("kind"), Confidence: Medium,
				Text: "pods of " + w.Kind + " " + w.Name + " call each other on " + strconv.Itoa(p.Number),
			})
		}
	}
}
