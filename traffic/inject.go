package traffic

import (
	"net/netip"

	"github.com/ringfence/ringfence/netpol"
)

// Injector is something that puts a proxy or an agent into pods or between them. Its
// calls are in no manifest of the application.
type Injector struct {
	Name string // as sentences name it
	// domain is that of its labels and annotations; those below it are its own too.
	domain string
	// mesh is the one that the injector belongs to. Pods have one proxy of a mesh: that
	// of the first injector in the table which they ask for.
	Mesh string
	// Signs by which pods ask for it or refuse it, and those of namespaces, which ask
	// for all their pods. The first sign that says something counts.
	pods, namespaces []sign

	Control []Control // what its pods call
	// Address is the annotation that names the address of what its pods call, and
	// Variable the one of the injector itself that does where pods do not. The
	// port is that of an address which is not in the repository.
	Address, Variable string
	Port              int

	Tunnel  ProxyPort      // to which calls within the mesh go instead of the application's
	Peers   ProxyPort      // on which its proxies call each other, for whatever their pods call
	Metrics []ProxyPort    // that Prometheus scrapes
	Probes  []netpol.Block // from which probes of kubelet come
}

// sign is a label, or an annotation. It asks with a value of yes, or with any value
// where that is empty; it refuses with one of no. Case does not matter.
type sign struct {
	annotation bool
	key        string
	yes, no    []string
}

// Control is a Service of a control plane. Its port leads to the one on the pods by
// default.
type Control struct {
	Service   string
	Revisions bool // there may be others, with the name and a dash before their own
	Ports     []ControlPort
}

// ControlPort is a port of a Service, and the one on the pods.
type ControlPort struct{ Service, Pods int }

// ProxyPort is a port of what is injected; with an annotation, pods set another one.
type ProxyPort struct {
	Number     int
	annotation string
}

// truthy are the values that Go's strconv.ParseBool takes for true, and those that
// Dapr does besides (utils/strings.go of https://github.com/dapr/kit).
var truthy = []string{"true", "1", "t", "y", "yes", "on"}

// injectors are the ones of which it is documented what they call. The ports on which
// only kubelet asks need no rule: a node may always connect to its own pods
// (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
var injectors = []*Injector{
	// The ports: https://istio.io/latest/docs/ops/deployment/application-requirements/.
	// 15001 and 15006 are within the pod, 15017 is for the API server, 15021 for kubelet.
	// The precedence of the signs: the webhooks of manifests/charts/istio-control in
	// https://github.com/istio/istio, and injectRequired of pkg/kube/inject.
	{
		Name: "Istio's sidecar", domain: "istio.io", Mesh: "Istio",
		pods: []sign{
			{key: "sidecar.istio.io/inject", yes: []string{"true"}, no: []string{"false"}},
			{annotation: true, key: "sidecar.istio.io/inject", yes: []string{"true"}, no: []string{"false"}},
			{key: "istio.io/rev"},
		},
		namespaces: []sign{{key: "istio-injection", yes: []string{"enabled"}, no: []string{"disabled"}}, {key: "istio.io/rev"}},
		Control:    []Control{{Service: "istiod", Revisions: true, Ports: []ControlPort{{15012, 15012}, {15010, 15010}}}},
		Metrics:    []ProxyPort{{Number: 15020}, {Number: 15090}},
	},
	// https://istio.io/latest/docs/ambient/usage/networkpolicy/ and cni/README.md of
	// https://github.com/istio/istio. Nothing is put into the pods: the proxy of their
	// node sends for them, from their addresses.
	{
		Name: "Istio's ambient mesh", domain: "istio.io", Mesh: "Istio",
		pods:       []sign{{key: "istio.io/dataplane-mode", yes: []string{"ambient"}, no: []string{"none"}}},
		namespaces: []sign{{key: "istio.io/dataplane-mode", yes: []string{"ambient"}}},
		Tunnel:     ProxyPort{Number: 15008},
		Probes: []netpol.Block{
			{CIDR: netip.MustParsePrefix("169.254.7.127/32")},
			{CIDR: netip.MustParsePrefix("fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128")},
		},
	},
	// https://linkerd.io/2/common-errors/network-policy/ (the tunnel),
	// https://linkerd.io/2/reference/proxy-configuration/ (the annotations), and
	// charts/linkerd-control-plane and disabledByAnnotation of pkg/inject in
	// https://github.com/linkerd/linkerd2.
	{
		Name: "Linkerd's proxy", domain: "linkerd.io", Mesh: "Linkerd",
		pods:       []sign{{annotation: true, key: "linkerd.io/inject", yes: []string{"enabled", "ingress"}, no: []string{"disabled"}}},
		namespaces: []sign{{annotation: true, key: "linkerd.io/inject", yes: []string{"enabled", "ingress"}}},
		Control: []Control{
			{Service: "linkerd-dst-headless", Ports: []ControlPort{{8086, 8086}}},
			{Service: "linkerd-identity-headless", Ports: []ControlPort{{8080, 8080}}},
			{Service: "linkerd-policy", Ports: []ControlPort{{8090, 8090}}},
		},
		Tunnel:  ProxyPort{Number: 4143, annotation: "config.linkerd.io/inbound-port"},
		Metrics: []ProxyPort{{Number: 4191, annotation: "config.linkerd.io/admin-port"}},
	},
	// https://docs.dapr.io/reference/arguments-annotations-overview/, and the Services in
	// charts/dapr and pkg/injector/patcher of https://github.com/dapr/dapr.
	{
		Name: "Dapr's sidecar", domain: "dapr.io", Mesh: "Dapr",
		pods: []sign{{annotation: true, key: "dapr.io/enabled", yes: truthy}},
		Control: []Control{
			{Service: "dapr-api", Ports: []ControlPort{{443, 6500}}},
			{Service: "dapr-sentry", Ports: []ControlPort{{443, 50001}}},
			{Service: "dapr-placement-server", Ports: []ControlPort{{50005, 50005}}},
			{Service: "dapr-scheduler-server", Ports: []ControlPort{{50006, 50006}}},
		},
		Peers:   ProxyPort{Number: 50002, annotation: "dapr.io/internal-grpc-port"},
		Metrics: []ProxyPort{{Number: 9090, annotation: "dapr.io/metrics-port"}},
	},
	// https://developer.hashicorp.com/vault/docs/deploy/kubernetes/injector/annotations,
	// and templates/injector-deployment.yaml of https://github.com/hashicorp/vault-helm.
	{
		Name: "Vault's agent", domain: "vault.hashicorp.com", Mesh: "Vault",
		pods:    []sign{{annotation: true, key: "vault.hashicorp.com/agent-inject", yes: truthy}},
		Address: "vault.hashicorp.com/service", Variable: "AGENT_INJECT_VAULT_ADDR", Port: 8200,
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
