package traffic

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// called is a field of an object that tells the API server whom to call.
type called struct {
	group, kind string
	path        []any // of a reference to a Service, or of an object with a service or url
	client      bool  // the path leads to a WebhookClientConfig
	evidence    string
}

// calledByAPIServer are the fields by which the API server learns of webhooks and of
// other servers of its API
// (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/,
// https://kubernetes.io/docs/tasks/extend-kubernetes/setup-extension-api-server/,
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/).
var calledByAPIServer = []called{
	{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration", []any{"webhooks", "*", "clientConfig"}, true, "webhook"},
	{"admissionregistration.k8s.io", "MutatingWebhookConfiguration", []any{"webhooks", "*", "clientConfig"}, true, "webhook"},
	{"apiregistration.k8s.io", "APIService", []any{"spec", "service"}, false, "apiservice"},
	{"apiextensions.k8s.io", "CustomResourceDefinition", []any{"spec", "conversion", "webhook", "clientConfig"}, true, "conversion"},
	{"apiextensions.k8s.io", "CustomResourceDefinition", []any{"spec", "conversion", "webhookClientConfig"}, true, "conversion"}, // v1beta1
}

// readControl finds the calls that the API server makes.
func (x *inference) readControl() {
	for _, o := range x.objects.all {
		for _, c := range calledByAPIServer {
			if o.Group != c.group || o.Kind != c.kind || c.evidence == "conversion" && !converts(o) {
				continue
			}
			visit(o.Data, c.path, func(value any, at []any) {
				if !c.client {
					x.serve(o, c, value, at)
					return
				}
				x.serve(o, c, manifest.Mapping(value, "service"), append(slices.Clip(at), "service"))
				x.serveURL(o, c, manifest.Text(value, "url"), append(slices.Clip(at), "url"))
			})
		}
	}
}

// converts tells whether a CustomResourceDefinition asks a webhook: with the strategy
// None its configuration is not allowed, and a default of charts that patch it.
func converts(o *manifest.Object) bool {
	return manifest.Text(o.Data, "spec", "conversion", "strategy") == "Webhook"
}

// serve adds the call of a ServiceReference, whose port is 443 where it has none.
func (x *inference) serve(o *manifest.Object, c called, ref any, at []any) {
	r := reference{x.namespaceIn(o, manifest.Text(ref, "namespace")), manifest.Text(ref, "name"), portOf(manifest.Lookup(ref, "port")), netpol.TCP}
	if r.service == "" {
		return // an APIService of the API server itself has none
	}
	if r.port == "" {
		r.port = "443"
	}
	x.lead(End{External: APIServer}, r, Evidence{
		Kind: c.evidence, Origin: o.At(append(slices.Clip(at), "name")...), Confidence: High,
		Text: o.Kind + " " + o.Name + " names Service " + r.service,
	})
}

// serveURL adds the call of a URL that names a Service, as it may where the API
// server uses the cluster's DNS. Nothing but the full name can be meant.
func (x *inference) serveURL(o *manifest.Object, c called, url string, at []any) {
	for _, a := range addresses(url) {
		p, ok := x.resolve(a.host, "")
		if !ok || p.service == nil || !strings.Contains(a.host, ".") {
			continue
		}
		x.callService(End{External: APIServer}, p, a, Evidence{
			Kind: c.evidence, Origin: o.At(at...), Confidence: High,
			Text: o.Kind + " " + o.Name + " names " + a.host,
		})
	}
}

// apiPort is the port on which the API server itself listens by default, behind the
// port 443 of the Service kubernetes
// (https://kubernetes.io/docs/reference/networking/ports-and-protocols/).
const apiPort = 6443

// isAPIServer tells whether a host is the Service by which every cluster offers its
// API, and which no manifest declares
// (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/).
func isAPIServer(host, namespace string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	switch host {
	case "kubernetes":
		return namespace == "default"
	case "kubernetes.default", "kubernetes.default.svc":
		return true
	default:
		return strings.HasPrefix(host, "kubernetes.default.svc.")
	}
}
