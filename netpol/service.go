package netpol

import "github.com/ringfence/ringfence/manifest"

// Service is a Service of the cluster.
type Service struct {
	manifest.Ref
	Source *manifest.Object
	Type   string // "ClusterIP" where absent, "NodePort", "LoadBalancer", "ExternalName"
	// Headless is true for clusterIP None: its name stands for the pods' addresses,
	// which are then called on any of the pods' ports.
	Headless     bool
	ExternalName string
	// Selector selects pods of the service's namespace; empty selects none.
	Selector Selector
	Ports    []ServicePort
	// Operated is true where an operator makes the Service, of the custom resource that
	// is Source, with Labels; no manifest declares it.
	Operated bool
	Labels   map[string]string // only where it is Operated

	namespace *Namespace
}

// ServicePort is a port that a Service publishes.
type ServicePort struct {
	Name     string
	Protocol Protocol
	Number   int
	// TargetName is a named targetPort, resolved on each pod; empty where the
	// target is TargetNumber.
	TargetName   string
	TargetNumber int // equal to Number where targetPort is absent

	index int // in spec.ports
}

// Path leads to the port within the service's Source, for Object.At.
func (p ServicePort) Path() []any { return []any{"spec", "ports", p.index} }

// Target is where a port of a service leads.
type Target struct {
	Workload *Workload
	Port     ServicePort
	Number   int // on the pods; 0 where they declare no port of the target's name
}

// Backends returns the workloads of which a service selects pods, sorted; those on
// the host network too. A service without selector, or of type ExternalName, has none.
func (c *Cluster) Backends(s *Service) []*Workload {
	if s.Selector.IsEmpty() || s.Type == "ExternalName" {
		return nil
	}
	added := s.Selector.added() != nil
	var backends []*Workload
	for _, w := range s.namespace.workloads {
		if s.Selector.Matches(w.Labels) || added && s.Selector.mayMatch(w) {
			backends = append(backends, w)
		}
	}
	return backends
}

// Targets returns where the ports of a service lead, by port and workload.
func (c *Cluster) Targets(s *Service) []Target {
	var targets []Target
	backends := c.Backends(s)
	for _, p := range s.Ports {
		for _, w := range p.Among(backends) {
			targets = append(targets, Target{Workload: w, Port: p, Number: p.On(w)})
		}
	}
	return targets
}

// Among returns the backends to which the port leads. Pods that do not declare a
// named target get no endpoint; where none does, what would is not known: all.
func (p ServicePort) Among(backends []*Workload) []*Workload {
	if p.TargetName == "" {
		return backends
	}
	var led []*Workload
	for _, w := range backends {
		if p.On(w) != 0 {
			led = append(led, w)
		}
	}
	if led == nil {
		return backends
	}
	return led
}

// On returns the port on the pods of a workload, 0 where they declare no port of
// the target's name and protocol.
func (p ServicePort) On(w *Workload) int {
	if p.TargetName == "" {
		return p.TargetNumber
	}
	for _, port := range w.Ports {
		if port.Name == p.TargetName && port.Protocol == p.Protocol {
			return port.Number
		}
	}
	return 0
}

// service reads a Service. Ports and parts of the selector that the API server
// rejects are left out; a selector with such a part selects nothing.
func (r *reader) service(n *Namespace) *Service {
	s := r.services.put(Service{Ref: r.object.Ref, Source: r.object, Type: "ClusterIP", namespace: n})
	root := r.root()
	spec := root.child("spec")
	if !spec.mapping() {
		return s
	}
	fields, _ := spec.some("selector", "ports", "type", "clusterIP", "externalName")
	if name, _ := fields[2].text(); name != "" {
		s.Type = name
	}
	ip, _ := fields[3].text()
	s.Headless = ip == "None"
	s.ExternalName, _ = fields[4].text()
	s.Selector = *recall(&fields[0], &r.recentLabels, (*field).labelSelector)
	s.Ports = recall(&fields[1], &r.recentServicePorts, (*field).servicePorts)
	return s
}

func (f *field) servicePorts() []ServicePort {
	n, _ := f.length()
	ports := f.reader.servicePorts.take(n)[:0]
	for i := range n {
		if p, ok := f.item(i).servicePort(); ok {
			p.index = i
			ports = append(ports, p)
		}
	}
	return ports
}

func (f *field) servicePort() (p ServicePort, ok bool) {
	if !f.mapping() {
		return p, false
	}
	p.Name, _ = f.child("name").text()
	if p.Number, ok = f.child("port").port(); !ok || p.Number == 0 {
		return p, false
	}
	if p.Protocol, ok = f.child("protocol").defaultedProtocol(); !ok {
		return p, false
	}
	// SetDefaults_Service: 0 and "" mean the service's own port.
	switch target := f.child("targetPort"); target.value {
	case nil, int64(0), "":
		p.TargetNumber = p.Number
	default:
		if name, isName := target.value.(string); isName {
			p.TargetName = name
		} else if p.TargetNumber, ok = target.port(); !ok {
			return p, false
		}
	}
	return p, true
}
