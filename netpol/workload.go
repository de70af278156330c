package netpol

import (
	"net/netip"
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
	// Operated is set where an operator makes the pods, of a custom resource: of them
	// only is known what the operator documents.
	Operated *Operated
	// StandsFor says which pods a workload stands for that is none of the repository, in
	// the words of RulePeer.Phrase; empty for others.
	StandsFor string

	namespace *Namespace
	position  int          // among all of the cluster
	addresses []netip.Addr // of a Pod whose status tells them
	groups    []*group     // those that select it
	doubts    []Doubt      // about policies that may select it
}

// Port is a port that a container declares.
type Port struct {
	Name     string // empty where it has none
	Number   int
	Protocol Protocol
}

// String names the workload, or says what it stands for.
func (w *Workload) String() string {
	if w.StandsFor != "" {
		return w.StandsFor
	}
	return w.Ref.String()
}

// Path returns the path of a field of the pod template, for Object.At:
// w.Path("spec", "hostNetwork").
func (w *Workload) Path(field ...any) []any { return slices.Concat(w.TemplatePath, field) }

// nodeLabels returns the labels that the nodes of the pods surely have.
func (w *Workload) nodeLabels() map[string]string {
	selector, _ := w.PodSpec["nodeSelector"].(map[string]any)
	labels := make(map[string]string, len(selector))
	for key, value := range selector {
		if text, ok := value.(string); ok {
			labels[key] = text
		}
	}
	return labels
}

// workload reads an object whose pod template is at path.
func (r *reader) workload(template *field, path []any) *Workload {
	w := r.workloads.put(Workload{Ref: r.object.Ref, Source: r.object, TemplatePath: path})
	if w.Name == "" {
		w.Name, _ = r.root().at("metadata", "generateName").text()
	}
	parts, _ := template.some("metadata", "spec")
	metadata, spec := &parts[0], &parts[1]
	if !template.mapping() || !metadata.mapping() || !spec.mapping() {
		return w
	}
	w.Labels, _ = metadata.child("labels").labels()
	w.PodSpec, _ = spec.value.(map[string]any)
	fields, _ := spec.some("containers", "initContainers", "hostNetwork")
	w.HostNetwork = fields[2].flag()
	if len(path) == 0 {
		w.addresses = r.root().at("status").podAddresses()
	}
	w.Ports = fields[0].appendPorts(nil, isContainer)
	w.Ports = fields[1].appendPorts(w.Ports, isSidecar)
	return w
}

func isContainer(*field) bool { return true }

// isSidecar tells whether an init container keeps running beside the others.
func isSidecar(container *field) bool {
	policy, _ := container.child("restartPolicy").text()
	return policy == "Always"
}

// appendPorts appends the ports of those containers of a list that count.
func (f *field) appendPorts(ports []Port, counts func(*field) bool) []Port {
	n, _ := f.length()
	for i := range n {
		c := f.item(i)
		if !c.mapping() || !counts(c) {
			continue
		}
		own := recall(c.child("ports"), &f.reader.recentContainerPorts, (*field).containerPorts)
		if len(ports) == 0 {
			ports = own
		} else {
			ports = slices.Concat(ports, own)
		}
	}
	return ports
}

func (f *field) containerPorts() []Port {
	n, _ := f.length()
	ports := f.reader.containerPorts.take(n)[:0]
	for i := range n {
		if p, ok := f.item(i).containerPort(); ok {
			ports = append(ports, p)
		}
	}
	return ports
}

func (f *field) containerPort() (p Port, ok bool) {
	if !f.mapping() {
		return p, false
	}
	p.Name, _ = f.child("name").text()
	p.Number, _ = f.child("containerPort").port()
	p.Protocol, ok = f.child("protocol").defaultedProtocol()
	return p, ok && p.Number > 0
}

// podAddresses returns the addresses that a Pod's status tells, as in a dump of a
// cluster.
func (f *field) podAddresses() []netip.Addr {
	var addresses []netip.Addr
	list := f.child("podIPs")
	n, _ := list.length()
	for i := range n {
		item := list.item(i)
		text, _ := item.child("ip").text()
		if a, err := netip.ParseAddr(text); err == nil {
			addresses = append(addresses, a)
		}
	}
	return addresses
}
