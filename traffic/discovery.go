package traffic

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// target is what Prometheus discovers, with the labels that it has before relabeling
// (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config).
type target struct {
	labels    map[string]string
	namespace string
	// object has the annotations at path; nil where there is none.
	object *manifest.Object
	path   []any
}

// The addresses of the pods and others are not known. They stand for themselves by
// addresses that nobody has (https://www.iana.org/assignments/ipv4-address-space).
var (
	podBlock     = netip.MustParsePrefix("240.0.0.0/8")
	clusterBlock = netip.MustParsePrefix("241.0.0.0/8")
	nodeAddress  = netip.MustParseAddr("242.0.0.1")
)

func numbered(block netip.Prefix, i int) string {
	return netip.AddrFrom4([4]byte{block.Addr().As4()[0], byte(i >> 16), byte(i >> 8), byte(i)}).String()
}

// standsFor returns whom an address stands for; ok is false for a real one.
func (x *inference) standsFor(host string) (end End, ok bool) {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return End{}, false
	}
	b := a.As16()
	i := int(b[13])<<16 | int(b[14])<<8 | int(b[15])
	switch {
	case podBlock.Contains(a) && i < len(x.cluster.Workloads):
		return End{Workload: x.cluster.Workloads[i]}, true
	case clusterBlock.Contains(a) && i < len(clusterServices):
		return End{External: clusterServices[i].end}, true
	case a == nodeAddress:
		return End{External: Node}, true
	}
	return End{}, false
}

// discover returns the targets of a role.
func (x *inference) discover(role string) []target {
	switch role {
	case "endpoints", "endpointslice":
		role = "endpoints"
	case "pod", "service", "node", "ingress":
	default:
		return nil
	}
	if _, known := x.targets[role]; !known {
		find := map[string]func() []target{
			"endpoints": x.endpointTargets, "pod": x.podTargets, "service": x.serviceTargets, "node": nodeTargets, "ingress": x.ingressTargets,
		}
		x.targets[role] = find[role]()
	}
	return x.targets[role]
}

const meta = "__meta_kubernetes_"

// addMeta adds the labels that stand for the labels or the annotations of an object.
func addMeta(labels map[string]string, prefix string, m map[string]string) {
	for key, value := range m {
		labels[meta+prefix+"_"+metaName(key)] = value
		labels[meta+prefix+"present_"+metaName(key)] = "true"
	}
}

// textMap returns the texts of a mapping at a path.
func textMap(value any, path ...any) map[string]string {
	texts := map[string]string{}
	for key, v := range manifest.Mapping(value, path...) {
		switch v := v.(type) {
		case string:
			texts[key] = v
		case bool: // which kubectl does not accept, but some renderings hold
			texts[key] = strconv.FormatBool(v)
		case int64:
			texts[key] = strconv.FormatInt(v, 10)
		}
	}
	return texts
}

// annotationsPath leads to the annotations of the pods of a workload.
func annotationsPath(w *netpol.Workload) []any {
	if w.Operated != nil && len(w.TemplatePath) == 0 {
		return []any{"spec", "podMetadata", "annotations"}
	}
	return w.Path("metadata", "annotations")
}

// positions returns the places of the workloads among all.
func (x *inference) positions() map[*netpol.Workload]int {
	if x.position == nil {
		x.position = make(map[*netpol.Workload]int, len(x.cluster.Workloads))
		for i, w := range x.cluster.Workloads {
			x.position[w] = i
		}
	}
	return x.position
}

// podMeta returns the labels of a target that is in a pod.
func (x *inference) podMeta(w *netpol.Workload) map[string]string {
	address := numbered(podBlock, x.positions()[w])
	labels := map[string]string{
		meta + "namespace": w.Namespace, meta + "pod_name": w.Name + "-0", meta + "pod_ip": address, "__address__": address,
		meta + "pod_ready": "true", meta + "pod_phase": "Running", meta + "pod_node_name": "node", meta + "pod_host_ip": nodeAddress.String(),
		meta + "pod_controller_kind": w.Kind, meta + "pod_controller_name": w.Name,
	}
	addMeta(labels, "pod_label", w.Labels)
	addMeta(labels, "pod_annotation", textMap(w.Source.Data, annotationsPath(w)...))
	return labels
}

// containerPorts returns the ports on which a scrape may go to a pod, with the names
// of their containers. A container without ports counts with none.
func containerPorts(w *netpol.Workload) (ports []netpol.Port, containers []string) {
	add := func(p netpol.Port, container string) {
		ports, containers = append(ports, p), append(containers, container)
	}
	sidecars := slices.DeleteFunc(slices.Clone(manifest.Items(w.PodSpec, "initContainers")), func(c any) bool {
		return manifest.Text(c, "restartPolicy") != "Always"
	})
	for _, c := range slices.Concat(manifest.Items(w.PodSpec, "containers"), sidecars) {
		list := manifest.Items(c, "ports")
		for _, item := range list {
			number, _ := manifest.Lookup(item, "containerPort").(int64)
			if protocol := manifest.Text(item, "protocol"); number > 0 && (protocol == "" || protocol == "TCP") {
				add(netpol.Port{Name: manifest.Text(item, "name"), Number: int(number), Protocol: netpol.TCP}, manifest.Text(c, "name"))
			}
		}
		if len(list) == 0 {
			add(netpol.Port{}, manifest.Text(c, "name"))
		}
	}
	for _, p := range w.Ports {
		if w.Operated != nil && p.Protocol == netpol.TCP {
			add(p, "")
		}
	}
	return ports, containers
}

func (x *inference) podTargets() []target {
	var targets []target
	for _, w := range x.cluster.Workloads {
		ports, containers := containerPorts(w)
		shared := x.podMeta(w)
		for j, p := range ports {
			targets = append(targets, podTarget(w, maps.Clone(shared), p, containers[j]))
		}
	}
	return targets
}

// podTarget completes the labels of a port of a pod.
func podTarget(w *netpol.Workload, labels map[string]string, p netpol.Port, container string) target {
	labels[meta+"pod_container_name"], labels[meta+"pod_container_init"] = container, "false"
	if p.Number != 0 {
		labels[meta+"pod_container_port_name"], labels[meta+"pod_container_port_protocol"] = p.Name, "TCP"
		labels[meta+"pod_container_port_number"] = strconv.Itoa(p.Number)
		labels["__address__"] += ":" + strconv.Itoa(p.Number)
	}
	return target{labels, w.Namespace, w.Source, annotationsPath(w)}
}

var serviceAnnotations = []any{"metadata", "annotations"}

// serviceLabels returns the labels of a Service itself.
func (x *inference) serviceLabels(s *netpol.Service) map[string]string {
	if s.Operated {
		return s.Labels
	}
	labels, known := x.labels[s]
	if !known {
		labels = textMap(s.Source.Data, "metadata", "labels")
		x.labels[s] = labels
	}
	return labels
}

// serviceMeta returns the labels that a Service gives to targets.
func (x *inference) serviceMeta(s *netpol.Service) map[string]string {
	labels := map[string]string{meta + "namespace": s.Namespace, meta + "service_name": s.Name, meta + "service_type": s.Type}
	addMeta(labels, "service_label", x.serviceLabels(s))
	if !s.Operated {
		addMeta(labels, "service_annotation", textMap(s.Source.Data, serviceAnnotations...))
	}
	return labels
}

func (x *inference) serviceTargets() []target {
	var targets []target
	for _, s := range x.allServices() {
		for _, p := range s.Ports {
			targets = append(targets, x.serviceTarget(s, p))
		}
	}
	return targets
}

// serviceTarget returns a port of a Service itself.
func (x *inference) serviceTarget(s *netpol.Service, p netpol.ServicePort) target {
	labels := x.serviceMeta(s)
	labels[meta+"service_port_name"], labels[meta+"service_port_number"] = p.Name, strconv.Itoa(p.Number)
	labels[meta+"service_port_protocol"] = string(p.Protocol)
	labels["__address__"] = s.Name + "." + s.Namespace + ".svc:" + strconv.Itoa(p.Number)
	return target{labels, s.Namespace, s.Source, serviceAnnotations}
}

// endpointTargets returns the ports of the pods behind Services. Prometheus discovers
// the other ports of these pods too; nobody wants them who does not say so.
func (x *inference) endpointTargets() []target {
	var targets []target
	for _, s := range x.allServices() {
		for _, t := range x.cluster.Targets(s) {
			if t.Number != 0 && t.Port.Protocol == netpol.TCP {
				targets = append(targets, x.endpointTarget(s, t))
			}
		}
	}
	for i, s := range clusterServices {
		for _, port := range sortedKeys(s.ports) {
			targets = append(targets, clusterTarget(i, port))
		}
	}
	return targets
}

// endpointTarget returns a port of a pod behind a Service.
func (x *inference) endpointTarget(s *netpol.Service, t netpol.Target) target {
	labels := x.podMeta(t.Workload)
	labels[meta+"pod_container_port_number"] = strconv.Itoa(t.Number)
	for _, p := range t.Workload.Ports {
		if p.Number == t.Number && p.Protocol == netpol.TCP {
			labels[meta+"pod_container_port_name"] = p.Name
		}
	}
	maps.Copy(labels, x.serviceMeta(s))
	addEndpoint(labels, s.Name, t.Port.Name, x.serviceLabels(s))
	labels["__address__"] += ":" + strconv.Itoa(t.Number)
	return target{labels, s.Namespace, s.Source, serviceAnnotations}
}

// addEndpoint adds the labels of an Endpoints object, which has the name and the
// labels of its Service, in both of their spellings.
func addEndpoint(labels map[string]string, service, port string, own map[string]string) {
	for _, kind := range []string{"endpoint", "endpointslice"} {
		labels[meta+kind+"_port_name"], labels[meta+kind+"_port_protocol"] = port, "TCP"
		labels[meta+kind+"_address_target_kind"] = "Pod"
	}
	labels[meta+"endpoints_name"], labels[meta+"endpointslice_name"] = service, service+"-0"
	labels[meta+"endpoint_ready"], labels[meta+"endpointslice_endpoint_conditions_ready"] = "true", "true"
	addMeta(labels, "endpoints_label", own)
	addMeta(labels, "endpointslice_label", own)
}

// clusterTarget returns a port behind a Service that clusters have by themselves.
func clusterTarget(i int, port string) target {
	s := &clusterServices[i]
	labels := map[string]string{
		meta + "namespace": s.namespace, meta + "service_name": s.name,
		"__address__": numbered(clusterBlock, i) + ":" + strconv.Itoa(s.ports[port]),
	}
	addMeta(labels, "service_label", s.labels)
	addEndpoint(labels, s.name, port, s.labels)
	return target{labels: labels, namespace: s.namespace}
}

// kubeletPort is where Prometheus finds a node, unless it is told otherwise.
const kubeletPort = 10250

func nodeTargets() []target {
	return []target{{labels: map[string]string{
		"__address__":      nodeAddress.String() + ":" + strconv.Itoa(kubeletPort),
		meta + "node_name": "node", meta + "node_address_InternalIP": nodeAddress.String(), "instance": "node",
	}}}
}

// ingressTargets returns the hosts of Ingresses; who asks for them mostly probes them.
func (x *inference) ingressTargets() []target {
	var targets []target
	for _, o := range x.objects.all {
		if o.Kind != "Ingress" || o.Group != "networking.k8s.io" && o.Group != "extensions" {
			continue
		}
		for _, rule := range manifest.Items(o.Data, "spec", "rules") {
			host := manifest.Text(rule, "host")
			if host == "" || strings.HasPrefix(host, "*") {
				continue
			}
			labels := map[string]string{
				"__address__": host, meta + "namespace": o.Namespace, meta + "ingress_name": o.Name, meta + "ingress_host": host,
				meta + "ingress_scheme": "http", meta + "ingress_path": "/",
			}
			addMeta(labels, "ingress_label", textMap(o.Data, "metadata", "labels"))
			addMeta(labels, "ingress_annotation", textMap(o.Data, serviceAnnotations...))
			targets = append(targets, target{labels, o.Namespace, o, serviceAnnotations})
		}
	}
	return targets
}

// allServices returns the Services of the cluster and those that operators make.
func (x *inference) allServices() []*netpol.Service {
	all := slices.Clone(x.cluster.Services)
	for _, s := range x.cluster.OperatedServices {
		if x.services[name{s.Namespace, s.Name}] == s {
			all = append(all, s)
		}
	}
	return all
}
