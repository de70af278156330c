package generate

import (
	"net/netip"

	"github.com/ringfence/ringfence/netpol"
)

// injector is something that puts a proxy or an agent into pods or between them. Its
// calls are in no manifest of the application.
type injector struct {
	name string // as sentences name it
	// domain is that of its labels and annotations; those below it are its own too.
	domain string
	// mesh is the one that the injector belongs to. Pods have one proxy of a mesh: that
	// of the first injector in the table which they ask for.
	mesh string
	// Signs by which pods ask for it or refuse it, and those of namespaces, which ask
	// for all their pods. The first sign that says something counts.
	pods, namespaces []sign

	control []control // what its pods call
	// address is the annotation that names the address of what its pods call, and
	// variable the one of the injector itself that does where pods do not. The
	// port is that of an address which is not in the repository.
	address, variable string
	port              int

	tunnel  proxyPort      // to which calls within the mesh go instead of the application's
	peers   proxyPort      // on which its proxies call each other, for whatever their pods call
	metrics []proxyPort    // that Prometheus scrapes
	probes  []netpol.Block // from which probes of kubelet come
}

// sign is a label, or an annotation. It asks with a value of yes, or with any value
// where that is empty; it refuses with one of no. Case does not matter.
type sign struct {
	annotation bool
	key        string
	yes, no    []string
}

// control is a Service of a control plane. Its port leads to the one on the pods by
// default.
type control struct {
	service   string
	revisions bool // there may be others, with the name and a dash before their own
	ports     []controlPort
}

type controlPort struct{ service, pods int }

// proxyPort is a port of what is injected; with an annotation, pods set another one.
type proxyPort struct {
	number     int
	annotation string
}

// truthy are the values that Go's strconv.ParseBool takes for true, and those that
// Dapr does besides (utils/strings.go of https://github.com/dapr/kit).
var truthy = []string{"true", "1", "t", "y", "yes", "on"}

// injectors are the ones of which it is documented what they call. The ports on which
// only kubelet asks need no rule: a node may always connect to its own pods
// (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
var injectors = []injector{
	// The ports: https://istio.io/latest/docs/ops/deployment/application-requirements/.
	// 15001 and 15006 are within the pod, 15017 is for the API server, 15021 for kubelet.
	// The precedence of the signs: the webhooks of manifests/charts/istio-control in
	// https://github.com/istio/istio, and injectRequired of pkg/kube/inject.
	{
		name: "Istio's sidecar", domain: "istio.io", mesh: "Istio",
		pods: []sign{
			{key: "sidecar.istio.io/inject", yes: []string{"true"}, no: []string{"false"}},
			{annotation: true, key: "sidecar.istio.io/inject", yes: []string{"true"}, no: []string{"false"}},
			{key: "istio.io/rev"},
		},
		namespaces: []sign{{key: "istio-injection", yes: []string{"enabled"}, no: []string{"disabled"}}, {key: "istio.io/rev"}},
		control:    []control{{service: "istiod", revisions: true, ports: []controlPort{{15012, 15012}, {15010, 15010}}}},
		metrics:    []proxyPort{{number: 15020}, {number: 15090}},
	},
	// https://istio.io/latest/docs/ambient/usage/networkpolicy/ and cni/README.md of
	// https://github.com/istio/istio. Nothing is put into the pods: the proxy of their
	// node sends for them, from their addresses.
	{
		name: "Istio's ambient mesh", domain: "istio.io", mesh: "Istio",
		pods:       []sign{{key: "istio.io/dataplane-mode", yes: []string{"ambient"}, no: []string{"none"}}},
		namespaces: []sign{{key: "istio.io/dataplane-mode", yes: []string{"ambient"}}},
		tunnel:     proxyPort{number: 15008},
		probes: []netpol.Block{
			{CIDR: netip.MustParsePrefix("169.254.7.127/32")},
			{CIDR: netip.MustParsePrefix("fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128")},
		},
	},
	// https://linkerd.io/2/common-errors/network-policy/ (the tunnel),
	// https://linkerd.io/2/reference/proxy-configuration/ (the annotations), and
	// charts/linkerd-control-plane and disabledByAnnotation of pkg/inject in
	// https://github.com/linkerd/linkerd2.
	{
		name: "Linkerd's proxy", domain: "linkerd.io", mesh: "Linkerd",
		pods:       []sign{{annotation: true, key: "linkerd.io/inject", yes: []string{"enabled", "ingress"}, no: []string{"disabled"}}},
		namespaces: []sign{{annotation: true, key: "linkerd.io/inject", yes: []string{"enabled", "ingress"}}},
		control: []control{
			{service: "linkerd-dst-headless", ports: []controlPort{{8086, 8086}}},
			{service: "linkerd-identity-headless", ports: []controlPort{{8080, 8080}}},
			{service: "linkerd-policy", ports: []controlPort{{8090, 8090}}},
		},
		tunnel:  proxyPort{number: 4143, annotation: "config.linkerd.io/inbound-port"},
		metrics: []proxyPort{{number: 4191, annotation: "config.linkerd.io/admin-port"}},
	},
	// https://docs.dapr.io/reference/arguments-annotations-overview/, and the Services in
	// charts/dapr and pkg/injector/patcher of https://github.com/dapr/dapr.
	{
		name: "Dapr's sidecar", domain: "dapr.io", mesh: "Dapr",
		pods: []sign{{annotation: true, key: "dapr.io/enabled", yes: truthy}},
		control: []control{
			{service: "dapr-api", ports: []controlPort{{443, 6500}}},
			{service: "dapr-sentry", ports: []controlPort{{443, 50001}}},
			{service: "dapr-placement-server", ports: []controlPort{{50005, 50005}}},
			{service: "dapr-scheduler-server", ports: []controlPort{{50006, 50006}}},
		},
		peers:   proxyPort{number: 50002, annotation: "dapr.io/internal-grpc-port"},
		metrics: []proxyPort{{number: 9090, annotation: "dapr.io/metrics-port"}},
	},
	// https://developer.hashicorp.com/vault/docs/deploy/kubernetes/injector/annotations,
	// and templates/injector-deployment.yaml of https://github.com/hashicorp/vault-helm.
	{
		name: "Vault's agent", domain: "vault.hashicorp.com", mesh: "Vault",
		pods:    []sign{{annotation: true, key: "vault.hashicorp.com/agent-inject", yes: truthy}},
		address: "vault.hashicorp.com/service", variable: "AGENT_INJECT_VAULT_ADDR", port: 8200,
	},
}

// says tells what a sign says of the labels or annotations of a pod or namespace.
func (s sign) says(labels, annotations map[string]string) answer {
	values := labels
	if s.annotation {
		values = annotations
	}
	value := values[s.key]
	switch {
	case value == "":
		return silent
	case isOneOf(value, s.no):
		return refuses
	case len(s.yes) == 0 || isOneOf(value, s.yes):
		return asks
	default:
		return silent
	}
}

// answer is whether something is asked for.
type answer int

const (
	silent answer = iota
	asks
	refuses
)
