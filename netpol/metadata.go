package netpol

import (
	"fmt"

	"github.com/ringfence/ringfence/manifest"
)

// Annotations returns those of the workload's pods.
func (w *Workload) Annotations() map[string]string {
	return texts(w.Source, w.Path("metadata", "annotations")...)
}

// Annotations returns those of the namespace, none where it is not declared.
func (n *Namespace) Annotations() map[string]string {
	if n.Source == nil {
		return nil
	}
	return texts(n.Source, "metadata", "annotations")
}

// texts returns a mapping of an object. Some renderings hold a boolean or a number,
// which the API server does not accept.
func texts(o *manifest.Object, path ...any) map[string]string {
	texts := map[string]string{}
	for key, value := range manifest.Mapping(o.Data, path...) {
		texts[key] = fmt.Sprint(value)
	}
	return texts
}

// MetadataLabels returns the labels of the Service itself, which select nothing.
func (s *Service) MetadataLabels() map[string]string { return texts(s.Source, "metadata", "labels") }
