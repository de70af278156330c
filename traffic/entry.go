package traffic

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// readEntries finds the calls that Services of the types NodePort and LoadBalancer,
// Ingresses and routes let in.
func (x *inference) readEntries() {
	for _, e := range x.cluster.Entries() {
		if !e.Outside || !slices.Contains(Servers(x.cluster, e.Service), e.Workload) {
			continue
		}
		from, kind := End{External: IngressController}, strings.ToLower(e.By.Kind)
		if e.By.Ref == e.Service.Ref {
			from, kind = End{External: Internet}, strings.ToLower(e.Service.Type)
		}
		x.add(from, End{Workload: e.Workload}, e.Number, e.Port.Protocol, Evidence{
			Kind: kind, Origin: e.By.At(e.Path...), Text: entryText(e), Confidence: High,
		})
	}
}

func entryText(e netpol.Entry) string {
	if e.By.Ref == e.Service.Ref {
		return "Service " + e.Service.Name + " is of type " + e.Service.Type
	}
	return e.By.Kind + " " + e.By.Name + " leads to Service " + e.Service.Name
}

// servedHosts returns the host names under which Ingresses and routes publish
// workloads.
func servedHosts(all []*manifest.Object) map[string]bool {
	hosts := map[string]bool{}
	add := func(value any) {
		if host, ok := value.(string); ok && host != "" {
			hosts[strings.ToLower(host)] = true
		}
	}
	for _, o := range all {
		switch o.Group {
		case "networking.k8s.io", "extensions", "gateway.networking.k8s.io", "route.openshift.io":
			add(manifest.Lookup(o.Data, "spec", "host"))
			for _, rule := range manifest.Items(o.Data, "spec", "rules") {
				add(manifest.Lookup(rule, "host"))
			}
			for _, host := range manifest.Items(o.Data, "spec", "hostnames") {
				add(host)
			}
		default:
			for _, host := range customHosts(o) {
				add(host)
			}
		}
	}
	return hosts
}
