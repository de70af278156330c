package traffic

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// Annotations of pods by which Dapr's sidecar is asked for and named
// (https://docs.dapr.io/reference/arguments-annotations-overview/).
const (
	daprEnabled = "dapr.io/enabled"
	daprID      = "dapr.io/app-id"
)

// componentSettings returns what the components of Dapr in a workload's namespace say
// of whom its sidecar calls; those with scopes are only for the applications in them
// (https://docs.dapr.io/reference/resource-specs/component-schema/).
func (x *inference) componentSettings(w *netpol.Workload) []*setting {
	annotations := textMap(w.Source.Data, annotationsPath(w)...)
	enabled := []string{"y", "yes", "true", "t", "on", "1"} // utils/strings.go of dapr/kit
	if !slices.Contains(enabled, strings.ToLower(annotations[daprEnabled])) {
		return nil
	}
	var settings []*setting
	for _, o := range x.objects.all {
		if o.Group != "dapr.io" || o.Kind != "Component" || o.Namespace != w.Namespace {
			continue
		}
		if scopes := texts(o.Data, "scopes"); len(scopes) > 0 && !slices.Contains(scopes, annotations[daprID]) {
			continue
		}
		for i, item := range manifest.Items(o.Data, "spec", "metadata") {
			d, ok := x.componentValue(o, item, i)
			if ok {
				settings = append(settings, &setting{
					workload: w, kind: "component", key: d.key, value: d.value, from: d.from, secret: d.secret, group: "component " + o.Name, confidence: High,
				})
			}
		}
	}
	return settings
}

// componentValue reads an item of the metadata of a component: a value, or a key of a
// Secret.
func (x *inference) componentValue(o *manifest.Object, item any, index int) (datum, bool) {
	name := manifest.Text(item, "name")
	if value := manifest.Text(item, "value"); value != "" {
		return datum{key: name, value: value, from: source{o, []any{"spec", "metadata", index, "value"}}}, true
	}
	for _, d := range data(x.objects.core("Secret", o.Namespace, manifest.Text(item, "secretKeyRef", "name"))) {
		if d.key == manifest.Text(item, "secretKeyRef", "key") {
			d.key = name
			return d, true
		}
	}
	return datum{}, false
}
