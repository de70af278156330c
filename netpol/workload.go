package netpol

import (
	"slices"

	"github.com/ringfence/ringfence/manifest"
)

// Workload is an object that makes pods, or a pod. Replicas do not count.
type Workload struct {
	manifest.Ref                   // Name is metadata.generateName where there is no name
	Labels       map[string]string // of its pods; read-only
	Ports        []Port            // that its containers declare, sidecars included
	HostNetwork  bool
	Source       *manifest.Object
	// TemplatePath leads from the object to the pod template; it is empty for a Pod.
	TemplatePath []any
	// PodSpec is the spec of the pods as decoded; read-only, nil where absent.
	PodSpec map[string]any

	namespace *Namespace
	isolating [2][]*Policy // by Direction
}

// Port is a port that a container declares.
type Port struct {
	Name     string // empty where it has none
	Number   int
	Protocol Protocol
}

// Path returns the path of a field of the pod template, for Object.At:
// w.Path("spec", "hostNetwork").
func (w *Workload) Path(field ...any) []any { return slices.Concat(w.TemplatePath, field) }

// workload reads an object whose pod template is at path.
func (r *reader) workload(path []any) *Workload {
	w := &Workload{Ref: r.object.Ref, Source: r.object, TemplatePath: path}
	if w.Name == "" {
		w.Name, _ = r.root().at("metadata", "generateName").text()
	}
	template := r.root().at(path...)
	if !template.present() {
		template.reject("there is no pod template")
		return w
	}
	metadata, spec := template.child("metadata"), template.child("spec")
	if !template.mapping() || !metadata.mapping() || !spec.mapping() {
		return w
	}
	w.Labels, _ = metadata.child("labels").labels()
	w.PodSpec, _ = spec.value.(map[string]any)
	w.HostNetwork = spec.child("hostNetwork").flag()
	w.Ports = append(spec.child("containers").containerPorts(isContainer), spec.child("initContainers").containerPorts(isSidecar)...)
	return w
}

func isContainer(*field) bool { return true }

// isSidecar tells whether an init container keeps running beside the others.
func isSidecar(container *field) bool {
	policy, _ := container.child("restartPolicy").text()
	return policy == "Always"
}

// containerPorts returns the ports of those containers of a list that count.
func (f *field) containerPorts(counts func(*field) bool) []Port {
	var ports []Port
	containers, _ := f.items()
	for _, c := range containers {
		if !c.mapping() || !counts(c) {
			continue
		}
		items, _ := c.child("ports").items()
		for _, item := range items {
			if !item.mapping() {
				continue
			}
			name, _ := item.child("name").text()
			number, _ := item.child("containerPort").port()
			protocol, ok := item.child("protocol").defaultedProtocol()
			if ok && number > 0 {
				ports = append(ports, Port{Name: name, Number: number, Protocol: protocol})
			}
		}
	}
	return ports
}
