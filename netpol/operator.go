package netpol

import (
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// operator is what is documented of the pods that an operator makes of one kind of
// custom resources. In texts, {name} and {namespace} are those of the resource.
type operator struct {
	// labels are those that every one of the pods has.
	labels map[string]string
	// more are the keys of labels that pods may have besides, with values that are not
	// known; what ends in a slash is the prefix of such keys.
	more []string
	// given are the paths at which a resource gives labels to its pods.
	given [][]any
	// inherits is true where pods have the labels of the resource too.
	inherits bool
	// template leads to what the resource says of the pods in the form of a pod
	// template. Where it is nil, the resource's spec has the fields of a pod's spec.
	template []any
	account  string // the service account, unless the resource names another one
	ports    []Port
	portName []any // of a path at which the resource names the first port
	// listeners leads to a list of further ports; listener is before their names.
	listeners []any
	listener  string
	services  []operatorService
	// absent tells whether no pods are made of a resource; nil for never.
	absent func(*manifest.Object) bool
	// members leads to the number of pods, which is one unless the resource or members
	// says otherwise; those of a group call each other on the ports of ring.
	members  []any
	replicas int64
	ring     []Port
}

// operatorService is a Service that an operator makes.
type operatorService struct {
	name   string
	labels map[string]string
	by     []string      // the keys of the labels by which it selects; nil for all that are known
	ports  []ServicePort // nil for those of the pods
}

func tcp(name string, number int) Port { return Port{Name: name, Number: number, Protocol: TCP} }

// operator returns what is known of the operator of a kind, nil for nothing.
func (k kind) operator() *operator {
	if !strings.Contains(k.group, ".") {
		return nil
	}
	return operators[k]
}

// Operated is what an operator does to the pods of a workload.
type Operated struct {
	// Ring are the ports on which the pods call each other, nil where there is one.
	Ring []Port

	operator *operator
}

// addOperated adds the pods that an operator makes of an object, and their Services.
func (b *builder) addOperated(o *manifest.Object, op *operator) {
	if op.absent != nil && op.absent(o) {
		return
	}
	w := &Workload{Ref: o.Ref, Source: o, TemplatePath: op.template, PodSpec: op.podSpec(o), Labels: op.podLabels(o)}
	w.Operated = &Operated{operator: op}
	w.HostNetwork, _ = w.PodSpec["hostNetwork"].(bool)
	w.Ports = slices.Clone(op.ports)
	if name := manifest.Text(o.Data, op.portName...); name != "" && op.portName != nil {
		w.Ports[0].Name = name
	}
	for _, item := range manifest.Items(o.Data, op.listeners...) {
		if number, ok := manifest.Lookup(item, "port").(int64); ok && op.listeners != nil {
			w.Ports = append(w.Ports, tcp(op.listener+manifest.Text(item, "name"), int(number)))
		}
	}
	replicas := max(op.replicas, 1)
	if n, ok := manifest.Lookup(o.Data, op.members...).(int64); ok && op.members != nil {
		replicas = n
	}
	if replicas > 1 {
		w.Operated.Ring = op.ring
	}
	w.namespace = b.cluster.namespace(w.Namespace)
	b.cluster.Workloads = append(b.cluster.Workloads, w)
	for _, s := range op.services {
		b.addOperatedService(w, s)
	}
}

// addOperatedService adds a Service once, which several resources may share.
func (b *builder) addOperatedService(w *Workload, made operatorService) {
	c, op := b.cluster, w.Operated.operator
	s := &Service{Ref: w.Ref, Source: w.Source, Type: "ClusterIP", Operated: true, Labels: made.labels, namespace: w.namespace}
	s.Group, s.Kind, s.Name = "", "Service", filled(made.name, w.Ref)
	if slices.ContainsFunc(c.OperatedServices, func(o *Service) bool { return o.Ref == s.Ref }) {
		return
	}
	by := made.by
	if by == nil {
		by = slices.Sorted(maps.Keys(op.labels))
	}
	for _, key := range by {
		if value, known := w.Labels[key]; known {
			s.Selector.Requirements = append(s.Selector.Requirements, Requirement{Key: key, Operator: In, Values: []string{value}})
		}
	}
	s.Ports = made.ports
	if made.ports == nil {
		s.Headless = true // what it publishes is what the pods listen on, also beyond what is known
		for _, p := range w.Ports {
			s.Ports = append(s.Ports, ServicePort{Name: p.Name, Protocol: p.Protocol, Number: p.Number, TargetNumber: p.Number})
		}
	}
	c.OperatedServices = append(c.OperatedServices, s)
}

func filled(text string, ref manifest.Ref) string {
	return strings.NewReplacer("{name}", ref.Name, "{namespace}", ref.Namespace).Replace(text)
}

// podSpec returns what a resource says of the spec of its pods.
func (op *operator) podSpec(o *manifest.Object) map[string]any {
	spec, _ := manifest.Lookup(o.Data, slices.Concat(op.template, []any{"spec"})...).(map[string]any)
	if account := filled(op.account, o.Ref); account != "" && manifest.Text(spec, "serviceAccountName") == "" {
		spec = maps.Clone(spec)
		if spec == nil {
			spec = map[string]any{}
		}
		if own := manifest.Text(spec, "serviceAccount"); own != "" {
			account = own
		}
		spec["serviceAccountName"] = account
	}
	return spec
}

// podLabels returns the labels that are known: not one that holds the name of a namespace
// that is not. Those of the operator win, for it selects its pods by them.
func (op *operator) podLabels(o *manifest.Object) map[string]string {
	labels := map[string]string{}
	add := func(path []any, but string) {
		given, _ := manifest.Lookup(o.Data, path...).(map[string]any)
		for key, value := range given {
			if value, ok := value.(string); ok && (but == "" || !strings.HasPrefix(key, but)) {
				labels[key] = value
			}
		}
	}
	if op.inherits {
		add([]any{"metadata", "labels"}, "app.kubernetes.io/")
	}
	for _, path := range op.given {
		add(path, "")
	}
	for key, value := range op.labels {
		if !manifest.IsPrivate(o.Namespace) || !strings.Contains(value, "{namespace}") {
			labels[key] = filled(value, o.Ref)
		}
	}
	return labels
}

// mayHave tells whether the pods may have a label that is not known.
func (op *operator) mayHave(key string) bool {
	return addedLabels[key] != nil || slices.ContainsFunc(op.more, func(more string) bool {
		return key == more || strings.HasSuffix(more, "/") && strings.HasPrefix(key, more)
	})
}

// open returns a label of which a selector makes it depend whether it matches the
// pods of a workload that an operator makes; ok is false where it is certain.
func (w *Workload) open(s *Selector) (key string, ok bool) {
	if w.Operated == nil || s.invalid {
		return "", false
	}
	for i := range s.Requirements {
		r := &s.Requirements[i]
		if _, has := w.Labels[r.Key]; !has && w.Operated.operator.mayHave(r.Key) {
			key = r.Key
		} else if !r.Matches(w.Labels) {
			return "", false
		}
	}
	return key, key != ""
}

// doubtOperated doubts what selectors say of labels that operators may give to pods.
func (c *Cluster) doubtOperated() {
	operated := slices.DeleteFunc(slices.Clone(c.Workloads), func(w *Workload) bool { return w.Operated == nil })
	if len(operated) == 0 {
		return
	}
	for _, policies := range [][]*Policy{c.Policies, c.Others} {
		for _, p := range policies {
			for _, w := range operated {
				if key, open := w.open(&p.Selector); open && (p.namespace == nil || p.namespace == w.namespace) {
					w.doubts = append(w.doubts, Doubt{Policy: p, Reason: "an operator may add the label " + key, path: p.SelectorPath()})
				}
			}
		}
		for item := range itemsOf(policies) {
			if item.PodSelector == nil {
				continue
			}
			for _, w := range operated {
				if key, open := w.open(item.PodSelector); open && c.mayHold(item, w.namespace) {
					item.Rule.doubt("an operator may add the label "+key, item.Path()...)
					break
				}
			}
		}
	}
}

// mayHold tells whether a peer is about a namespace.
func (c *Cluster) mayHold(p *RulePeer, n *Namespace) bool {
	if p.NamespaceSelector != nil {
		return p.NamespaceSelector.Matches(n.Labels)
	}
	return p.Rule.Policy.namespace == nil || p.Rule.Policy.namespace == n
}
