package generate

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// entities are Cilium's names for externals
// (https://docs.cilium.io/en/stable/security/policy/language/#entities-based). What a
// load balancer sends on may come from nodes. The API server's is none for callers in
// all clusters: it "may not work for ingress traffic".
var entities = map[netpol.Direction]map[traffic.External][]string{
	netpol.Ingress: {
		traffic.Internet:  {"world", "host", "remote-node"},
		traffic.Node:      {"host", "remote-node"},
		traffic.APIServer: {"kube-apiserver"},
	},
	netpol.Egress: {
		traffic.Internet:  {"world"},
		traffic.Node:      {"host", "remote-node"},
		traffic.APIServer: {"kube-apiserver"},
	},
}

// isEntity tells whether an external has a name; the API server as a caller only where
// its addresses are known, and so are the ones from which it calls.
func isEntity(e traffic.External, d netpol.Direction, known bool) bool {
	return entities[d][e] != nil && (known || e != traffic.APIServer || d == netpol.Egress)
}

// asksNames tells whether rules allow names of hosts, which Cilium learns from the
// answers of the DNS that pass through its proxy: a rule for the DNS has to say so
// (https://docs.cilium.io/en/stable/security/policy/language/#dns-based).
func asksNames(rules []*rule) bool {
	return slices.ContainsFunc(rules, func(r *rule) bool { return len(r.peers) > 0 && len(r.ports) > 0 && r.peers[0].host != "" })
}

// mostPorts is how many ports Cilium takes in one item of toPorts.
const mostPorts = 40

// cilium spells a rule of a CiliumNetworkPolicy out.
func (r *rule) cilium(namespace string, names Names, asksNames bool) []string {
	side := map[netpol.Direction]string{netpol.Ingress: "from", netpol.Egress: "to"}[r.direction]
	if r.open != "" && len(r.ports) == 0 {
		return item([]string{side + "Entities:", "  - all"})
	}
	var ports []string
	for chunk := range slices.Chunk(r.ports, mostPorts) {
		lines := []string{"ports:"}
		for _, port := range chunk {
			lines = append(lines, fmt.Sprintf("  - port: \"%d\"", port.number), "    protocol: "+string(port.protocol))
		}
		if asksNames && r.isDNS() {
			lines = append(lines, "rules:", "  dns:", `    - matchPattern: "*"`)
		}
		ports = append(ports, indented(1, item(lines))...)
	}
	if r.open != "" {
		return item(slices.Concat([]string{side + "Endpoints:", "  - {}", "toPorts:"}, ports))
	}
	var rules []string
	for _, p := range r.peers {
		for _, fields := range p.cilium(r.direction, side, namespace, names) {
			rules = append(rules, item(slices.Concat(fields, []string{"toPorts:"}, ports))...)
		}
	}
	return rules
}

// isDNS tells whether the rule is about those who answer for names.
func (r *rule) isDNS() bool {
	return len(r.peers) > 0 && r.peers[0].others != nil && r.peers[0].others.dns
}

// cilium returns the fields that name a peer. Those of one rule must be of one kind, so
// that some peers need several; anybody needs none.
func (p peer) cilium(d netpol.Direction, side, namespace string, names Names) [][]string {
	switch {
	case p.subject != nil:
		return [][]string{endpoints(side, p.subject.Namespace, namespace, names.Pods(p.subject, false, endpointDepth))}
	case p.others != nil && p.others.namespace != "":
		var selector []string
		if len(p.others.labels) > 0 {
			selector = names.Others(p.others.labels)
		}
		return [][]string{endpoints(side, p.others.namespace, namespace, selector)}
	case p.isOnNode():
		return [][]string{blocks(side, p.blocks()), {side + "Entities:", "  - host"}}
	case p.blocks() != nil:
		return [][]string{blocks(side, p.blocks())}
	case p.host != "":
		return [][]string{{"toFQDNs:", "  - matchName: " + Quote(p.host)}}
	case p.external != "":
		lines := []string{side + "Entities:"}
		for _, entity := range entities[d][p.external] {
			lines = append(lines, "  - "+entity)
		}
		return [][]string{lines}
	default:
		return [][]string{nil}
	}
}

// endpointDepth is how far the lines of a label selector are indented below
// spec.ingress[].fromEndpoints[], in spaces.
const endpointDepth = 10

// endpoints names pods; those of another namespace by a label that Cilium gives them
// (https://docs.cilium.io/en/stable/security/policy/kubernetes/#namespaces).
func endpoints(side, namespace, own string, selector []string) []string {
	if namespace == own && len(selector) == 0 {
		return []string{side + "Endpoints:", "  - {}"}
	}
	if namespace != own {
		label := "  " + Quote("k8s:io.kubernetes.pod.namespace") + ": " + Quote(namespace)
		if i := slices.Index(selector, "matchLabels:"); i >= 0 {
			selector = slices.Insert(slices.Clone(selector), i+1, label)
		} else {
			selector = append([]string{"matchLabels:", label}, selector...)
		}
	}
	return append([]string{side + "Endpoints:"}, indented(1, item(selector))...)
}

func blocks(side string, all []netpol.Block) []string {
	lines := []string{side + "CIDRSet:"}
	for _, b := range all {
		lines = append(lines, indented(1, item(cidr(b)))...)
	}
	return lines
}

// evaluable returns what stands for a policy in a proof. What Cilium knows of names,
// nodes and the API server netpol does not: addresses outside of the cluster stand for
// them, and rules for the contents of DNS are left out.
func evaluable(o *manifest.Object) (*manifest.Object, error) {
	if o.Group != "cilium.io" {
		return o, nil
	}
	text, err := json.Marshal(o.Data)
	if err != nil {
		return nil, err
	}
	var data map[string]any // of its own
	if err := json.Unmarshal(text, &data); err != nil {
		return nil, err
	}
	for _, d := range []netpol.Direction{netpol.Ingress, netpol.Egress} {
		for _, r := range manifest.Items(data, "spec", d.Name()) {
			withStandIns(manifest.Mapping(r))
		}
	}
	if text, err = json.Marshal(data); err != nil {
		return nil, err
	}
	objects, gaps := manifest.Parse(o.File, text)
	if len(gaps) > 0 || len(objects) != 1 {
		return nil, fmt.Errorf("%s: what stands for it cannot be read: %v", o.Ref, gaps)
	}
	return objects[0].WithNamespace(o.Namespace), nil
}

func withStandIns(r map[string]any) {
	if r["toFQDNs"] != nil {
		delete(r, "toFQDNs")
		r["toCIDRSet"] = []any{map[string]any{"cidr": "0.0.0.0/0"}, map[string]any{"cidr": "::/0"}}
	}
	for _, side := range []string{"fromEntities", "toEntities"} {
		for i, name := range manifest.Items(r, side) {
			if name == "host" || name == "remote-node" || name == "kube-apiserver" {
				manifest.Items(r, side)[i] = "world"
			}
		}
	}
	for _, ports := range manifest.Items(r, "toPorts") {
		delete(manifest.Mapping(ports), "rules")
	}
}
