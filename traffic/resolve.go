package traffic

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// place is what a host name stands for.
type place struct {
	service *netpol.Service
	pod     *netpol.Workload // of a pod that is named itself
	host    string           // outside of the cluster
	block   netip.Prefix
	missing bool // it is a name of the cluster that nothing has
}

// resolve finds what a host stands for when pods of a namespace ask for it, by the
// search path that kubelet gives them
// (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/). ok is
// false for what is no name of anything.
func (x *inference) resolve(host, namespace string) (p place, ok bool) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return place{block: netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())}, !a.IsLoopback() && !a.IsUnspecified()
	}
	if !isDomain(host) || isLocal(host) {
		return place{}, false
	}
	labels := strings.Split(host, ".")
	if i := slices.Index(labels, "svc"); i >= 2 {
		return x.named(labels[:i-1], x.releaseNamespace(labels[i-1], namespace), true)
	}
	switch len(labels) {
	case 1:
		return x.named(labels, namespace, false)
	case 2:
		if p, ok := x.named(labels[:1], x.releaseNamespace(labels[1], namespace), false); ok {
			return p, ok
		}
		if p, ok := x.named(labels, namespace, false); ok {
			return p, ok
		}
	case 3:
		if p, ok := x.named(labels[:2], x.releaseNamespace(labels[2], namespace), false); ok {
			return p, ok
		}
	}
	return place{host: host}, len(labels) > 1
}

// releaseNamespace is the namespace that a name written by the caller means. A chart
// whose release's namespace is not known renders it as "default".
func (x *inference) releaseNamespace(written, caller string) string {
	if written == "default" && manifest.IsPrivate(caller) && x.cluster.Namespace(written) == nil {
		return caller
	}
	return written
}

// namespaceIn is the namespace that an object writes. One without a namespace of its own
// means the private one where there is only one: that of the chart that it is from.
func (x *inference) namespaceIn(o *manifest.Object, written string) string {
	if o.Namespace != "" {
		return x.releaseNamespace(written, o.Namespace)
	}
	var private []*netpol.Namespace
	for _, n := range x.cluster.Namespaces {
		if n.Private {
			private = append(private, n)
		}
	}
	if len(private) != 1 {
		return written
	}
	return x.releaseNamespace(written, private[0].Name)
}

// named finds service or pod.service in a namespace. A name that can be nothing
// else is missing where nothing has it.
func (x *inference) named(labels []string, namespace string, only bool) (p place, ok bool) {
	service := x.services[name{namespace, labels[len(labels)-1]}]
	switch {
	case service == nil:
		return place{missing: true}, only
	case service.Type == "ExternalName":
		return x.externalName(service)
	case len(labels) == 1:
		return place{service: service}, true
	case len(labels) == 2:
		if w := x.podNamed(service, labels[0]); w != nil {
			return place{service: service, pod: w}, true
		}
	}
	return place{service: service}, true
}

// externalName follows a Service that is an alias, once: what it names is no
// Service of a namespace unless it says so in full.
func (x *inference) externalName(s *netpol.Service) (place, bool) {
	host := strings.ToLower(strings.TrimSuffix(s.ExternalName, "."))
	labels := strings.Split(host, ".")
	if i := slices.Index(labels, "svc"); i == 2 {
		if target := x.services[name{labels[1], labels[0]}]; target != nil && target.Type != "ExternalName" {
			return place{service: target}, true
		}
		return place{missing: true}, true
	}
	return place{host: host}, isDomain(host)
}

// Servers returns the workloads that a Service is there for: those that it selects, but
// where others stay without the ones that only do a task. Charts give the labels of their
// Service to Jobs and tests too.
func Servers(c *netpol.Cluster, s *netpol.Service) []*netpol.Workload {
	backends := c.Backends(s)
	staying := slices.DeleteFunc(slices.Clone(backends), func(w *netpol.Workload) bool {
		return w.Kind == "Job" || w.Kind == "CronJob" || w.Source.IsHelmTest()
	})
	if len(staying) == 0 {
		return backends
	}
	return staying
}

// podNamed finds the workload of a headless service whose pods have the hostname:
// NAME-ORDINAL for a StatefulSet, or spec.hostname.
func (x *inference) podNamed(s *netpol.Service, hostname string) *netpol.Workload {
	base := hostname
	if i := strings.LastIndexByte(hostname, '-'); i > 0 && strings.Trim(hostname[i+1:], "0123456789") == "" {
		base = hostname[:i]
	}
	for _, w := range x.cluster.Backends(s) {
		own, _ := w.PodSpec["hostname"].(string)
		if own == hostname || w.Kind == "StatefulSet" && w.Name == base {
			return w
		}
	}
	return nil
}

// isLocal tells whether a host is the pod itself.
func isLocal(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "localhost.localdomain"
}

// isDomain tells whether s is a DNS name, of underscores too, as SRV names have.
func isDomain(s string) bool {
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	letters := false
	for label := range strings.SplitSeq(s, ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			switch {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
				letters = true
			case '0' <= c && c <= '9', c == '-', c == '_':
			default:
				return false
			}
		}
	}
	return letters
}
