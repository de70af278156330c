package generate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// write fills in the proposal's text and makes its object of that, so that what is
// proved is what is printed.
func (p *Proposal) write() error {
	p.Text = p.Manifest(asRendered{}).String()
	objects, gaps := manifest.Parse("generated", []byte(p.Text))
	if len(gaps) > 0 || len(objects) != 1 {
		return fmt.Errorf("policy %s/%s: what was written cannot be read: %v", p.Namespace, p.Name, gaps)
	}
	p.Object = objects[0].WithNamespace(p.Namespace)
	return nil
}

// Manifest spells the policy out as it is named where it is written.
func (p *Proposal) Manifest(names Names) *Manifest {
	m := &Manifest{
		Format: p.Format, OpenBecause: p.openBecause(), Outside: p.outside(), Isolates: p.Isolates, asksNames: asksNames(p.Rules),
	}
	m.Name, m.Namespace = names.Policy(p)
	m.Selector = []string{p.Format.selector() + " {}"}
	if p.Subject != nil {
		m.Selector = slices.Concat([]string{p.Format.selector()}, indented(1, names.Pods(p.Subject, true, selectorDepth)))
	}
	for _, r := range p.Rules {
		spelled := Rule{Direction: r.direction, Comments: r.comments(p.Namespace, names)}
		if len(r.ports) > 0 {
			spelled.Within = r.open
		}
		if p.Format == Cilium {
			spelled.Lines = r.cilium(p.Namespace, names, m.asksNames)
		} else {
			spelled.Lines = r.lines(p.Namespace, names)
		}
		m.Rules = append(m.Rules, spelled)
	}
	return m
}

// openBecause lists the reasons of rules that name nobody.
func (p *Proposal) openBecause() []string {
	var reasons []string
	for _, r := range p.Rules {
		for _, n := range r.needs {
			if n.peer.open != "" && !slices.Contains(reasons, n.peer.open) {
				reasons = append(reasons, n.peer.open)
			}
		}
		if r.open != "" && !slices.Contains(reasons, r.open) {
			reasons = append(reasons, r.open)
		}
	}
	return reasons
}

// outside lists the host names that rules mean by blocks of addresses.
func (p *Proposal) outside() []string {
	var hosts []string
	for _, r := range p.Rules {
		for _, n := range r.needs {
			e := cmp.Or(n.edge, n.about)
			if n.peer.others == nil || e == nil || e.To.Host == "" && e.To.External != traffic.Internet {
				continue
			}
			host := e.To.String()
			if n.port != 0 {
				host += ":" + strconv.Itoa(n.port)
			}
			hosts = union(hosts, []string{oneLine(host)})
		}
	}
	return hosts
}

// asRendered names everything as the environment has it.
type asRendered struct{}

func (asRendered) Policy(p *Proposal) (name, namespace string) {
	if manifest.IsPrivate(p.Namespace) {
		return Quote(p.Name), ""
	}
	return Quote(p.Name), Quote(p.Namespace)
}

func (asRendered) Pods(s *Subject, _ bool, _ int) []string { return MatchLabels(s.Labels) }

func (asRendered) Others(labels map[string]string) []string { return MatchLabels(labels) }

func (asRendered) Place(line manifest.Pos) manifest.Pos { return line }

// MatchLabels spells labels out as the matchLabels of a selector.
func MatchLabels(labels map[string]string) []string {
	lines := []string{"matchLabels:"}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		lines = append(lines, fmt.Sprintf("  %s: %s", Quote(key), Quote(labels[key])))
	}
	return lines
}

// comments say what needs a rule in a policy of a namespace.
func (r *rule) comments(namespace string, names Names) []string {
	switch {
	case r.open != "" && len(r.ports) > 0:
		return []string{oneLine(r.open)}
	case r.open != "":
		return []string{oneLine("everything is allowed: " + r.open)}
	}
	var comments []string
	for _, n := range r.needs {
		if c := oneLine(n.commentIn(namespace, names)); !slices.Contains(comments, c) {
			comments = append(comments, c)
		}
	}
	return comments
}

// lines spells a rule of a NetworkPolicy out.
func (r *rule) lines(namespace string, names Names) []string {
	var fields []string
	switch {
	case r.open != "" && len(r.ports) == 0:
		return []string{"- {}"}
	case r.open != "":
		fields = append(fields, "to:", "  - podSelector: {}")
	case r.peers[0] != peer{}:
		fields = append(fields, map[netpol.Direction]string{netpol.Ingress: "from:", netpol.Egress: "to:"}[r.direction])
		for _, p := range r.peers {
			fields = append(fields, indented(1, p.spell(namespace, names))...)
		}
	}
	var ports []string
	for _, p := range r.ports {
		if p.protocol == "" {
			continue
		}
		ports = append(ports, fmt.Sprintf("  - protocol: %s", p.protocol))
		if p.number != 0 {
			ports = append(ports, fmt.Sprintf("    port: %d", p.number))
		}
	}
	if len(ports) > 0 {
		fields = append(append(fields, "ports:"), ports...)
	}
	return item(fields)
}

// spell returns the items that name a peer.
func (p peer) spell(namespace string, names Names) []string {
	switch {
	case p.subject != nil && p.subject.Namespace == namespace:
		return item(slices.Concat([]string{"podSelector:"}, indented(1, names.Pods(p.subject, false, peerDepth))))
	case p.subject != nil:
		return podsIn(p.subject.Namespace, names.Pods(p.subject, false, peerDepth))
	case p.others != nil && p.others.namespace == namespace && len(p.others.labels) == 0:
		return []string{"- podSelector: {}"}
	case p.others != nil && p.others.namespace != "" && len(p.others.labels) == 0:
		return item(inNamespace(p.others.namespace))
	case p.others != nil && p.others.namespace != "":
		return podsIn(p.others.namespace, names.Others(p.others.labels))
	default:
		var items []string
		for _, b := range p.blocks() {
			items = append(items, blockItem(b)...)
		}
		return items
	}
}

// podsIn returns an item for the pods of another namespace that a selector matches.
func podsIn(namespace string, selector []string) []string {
	return item(slices.Concat(inNamespace(namespace), []string{"podSelector:"}, indented(1, selector)))
}

func inNamespace(namespace string) []string {
	return append([]string{"namespaceSelector:"}, indented(1, MatchLabels(map[string]string{netpol.NameLabel: namespace}))...)
}

func blockItem(b netpol.Block) []string {
	return item(append([]string{"ipBlock:"}, indented(1, cidr(b))...))
}

// cidr returns the fields of a block of addresses.
func cidr(b netpol.Block) []string {
	lines := []string{"cidr: " + Quote(b.CIDR.String())}
	if len(b.Except) > 0 {
		lines = append(lines, "except:")
	}
	for _, e := range b.Except {
		lines = append(lines, "  - "+Quote(e.String()))
	}
	return lines
}

// Quote writes a string as YAML, in quotes where it could be read as something else.
func Quote(s string) string {
	plain := s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./_") == ""
	first := byte(0)
	if s != "" {
		first = s[0]
	}
	letter := first >= 'a' && first <= 'z' || first >= 'A' && first <= 'Z'
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		plain = false
	}
	if plain && letter {
		return s
	}
	return strconv.Quote(s)
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
