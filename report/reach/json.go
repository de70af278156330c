package reach

import (
	"bufio"
	"encoding/json"
	"fmt"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// version of the JSON documents; docs/map-output.md describes them.
const version = 1

// Allowed is the connections of one protocol.
type Allowed struct {
	Protocol string `json:"protocol"`
	Ports    string `json:"ports"` // "80,8000-8080"
}

// AllowedOf returns connections as JSON has them.
func AllowedOf(conn netpol.ConnSet) []Allowed {
	list := []Allowed{}
	for r := range conn.Ranges() {
		ports := fmt.Sprint(r.First)
		if r.Last > r.First {
			ports = fmt.Sprintf("%d-%d", r.First, r.Last)
		}
		if k := len(list) - 1; k >= 0 && list[k].Protocol == string(r.Protocol) {
			list[k].Ports += "," + ports
			continue
		}
		list = append(list, Allowed{string(r.Protocol), ports})
	}
	return list
}

// pair is a line for an ordered pair of nodes.
type pair struct {
	Environment string    `json:"environment"`
	From        string    `json:"from"`
	To          string    `json:"to"`
	Allowed     []Allowed `json:"allowed"`
}

// behaviour is what every node of From may connect to every node of To.
type behaviour struct {
	From    []string  `json:"from"`
	To      []string  `json:"to"`
	Allowed []Allowed `json:"allowed"`
}

// line is a behaviour with its environment.
type line struct {
	Environment string `json:"environment"`
	behaviour
}

func writeLines(b *bufio.Writer, maps []*Map, expand bool) error {
	encoder := newEncoder(b)
	for _, m := range maps {
		if expand {
			for p := range m.Relation.Pairs() {
				if err := encoder.Encode(pair{m.Environment, p.From.String(), p.To.String(), AllowedOf(p.Conn)}); err != nil {
					return err
				}
			}
			continue
		}
		for row := range m.Relation.Rows() {
			if err := encoder.Encode(line{m.Environment, behaviourOf(row)}); err != nil {
				return err
			}
		}
	}
	return nil
}

func newEncoder(b *bufio.Writer) *json.Encoder {
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	return encoder
}

func behaviourOf(row netpol.Row) behaviour {
	return behaviour{Nodes(row.From), Nodes(row.To), AllowedOf(row.Conn)}
}

// Nodes returns the names of peers.
func Nodes(peers netpol.Peers) []string {
	all := make([]string, 0, peers.Len())
	for p := range peers.All() {
		all = append(all, p.String())
	}
	return all
}

type document struct {
	Version      int           `json:"version"`
	Environments []environment `json:"environments"`
}

type environment struct {
	Name       string      `json:"name"`
	Gaps       int         `json:"gaps"` // what could not be seen of it
	Nodes      []string    `json:"nodes"`
	Workloads  []workload  `json:"workloads"`
	Behaviours []behaviour `json:"behaviours"`
	Entries    []entry     `json:"entries"`
	Uncertain  []uncertain `json:"uncertain"`
}

type workload struct {
	Node        string `json:"node"`
	File        string `json:"file"`
	Line        int    `json:"line"`
	HostNetwork bool   `json:"hostNetwork"`
	// Governed tells for each direction whether some policy is about it.
	Governed struct {
		Ingress bool `json:"ingress"`
		Egress  bool `json:"egress"`
	} `json:"governed"`
}

// entry is a port of a workload that a Service, an Ingress or a route publishes.
type entry struct {
	Node     string `json:"node"`
	Protocol string `json:"protocol"`
	Port     int    `json:"port"` // on the pods, 0 where they declare no port of the target's name
	Outside  bool   `json:"outside"`
	By       Object `json:"by"`
	File     string `json:"file"`
	Line     int    `json:"line"`
}

// Object names an object; empty strings stand for what does not apply or is not known.
type Object struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// uncertain is nodes whose verdicts in a direction rest on what is not known.
type uncertain struct {
	Nodes     []string `json:"nodes"`
	Direction string   `json:"direction"`
	Policy    Object   `json:"policy"`
	Reason    string   `json:"reason"`
	File      string   `json:"file"`
	Line      int      `json:"line"`
}

func writeJSON(b *bufio.Writer, maps []*Map) error {
	d := document{Version: version, Environments: []environment{}}
	for _, m := range maps {
		d.Environments = append(d.Environments, m.document())
	}
	encoder := newEncoder(b)
	encoder.SetIndent("", "  ")
	return encoder.Encode(d)
}

func (m *Map) document() environment {
	e := environment{Name: m.Environment, Gaps: m.Gaps, Nodes: []string{}, Workloads: []workload{}, Behaviours: []behaviour{}, Entries: []entry{}, Uncertain: []uncertain{}}
	for _, p := range m.Cluster.Peers() {
		e.Nodes = append(e.Nodes, p.String())
	}
	for _, w := range m.Cluster.Workloads {
		item := workload{Node: w.String(), File: w.Source.File, Line: w.Source.Line, HostNetwork: w.HostNetwork}
		item.Governed.Ingress, item.Governed.Egress = m.Cluster.Governed(w, netpol.Ingress), m.Cluster.Governed(w, netpol.Egress)
		e.Workloads = append(e.Workloads, item)
	}
	for row := range m.Relation.Rows() {
		e.Behaviours = append(e.Behaviours, behaviourOf(row))
	}
	for _, n := range m.Cluster.Entries() {
		pos := n.By.At(n.Path...).Pos
		e.Entries = append(e.Entries, entry{
			Node: n.Workload.String(), Protocol: string(n.Port.Protocol), Port: n.Number, Outside: n.Outside,
			By: ObjectOf(n.By.Ref), File: pos.File, Line: pos.Line,
		})
	}
	for _, d := range m.doubts() {
		e.Uncertain = append(e.Uncertain, uncertainOf(d))
	}
	return e
}

func uncertainOf(d doubt) uncertain {
	pos := d.Origin().Pos
	nodes := make([]string, len(d.peers))
	for i, p := range d.peers {
		nodes[i] = p.String()
	}
	return uncertain{
		Nodes: nodes, Direction: d.direction.Name(), Policy: ObjectOf(d.Policy.Ref),
		Reason: d.Reason, File: pos.File, Line: pos.Line,
	}
}

// ObjectOf names an object.
func ObjectOf(r manifest.Ref) Object {
	if manifest.IsPrivate(r.Namespace) {
		r.Namespace = ""
	}
	return Object{r.Group, r.Kind, r.Namespace, r.Name}
}
