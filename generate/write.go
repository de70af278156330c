package generate

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// Marker is the annotation by which generated policies are known.
const (
	Marker      = "ringfence.dev/generated"
	OpenBecause = "ringfence.dev/open-because"
)

// What stands for a host name outside of the cluster: all addresses but those of
// the metadata services of clouds.
var (
	outsideV4 = netpol.Block{CIDR: netip.MustParsePrefix("0.0.0.0/0"), Except: []netip.Prefix{netip.MustParsePrefix("169.254.0.0/16")}}
	outsideV6 = netpol.Block{CIDR: netip.MustParsePrefix("::/0"), Except: []netip.Prefix{netip.MustParsePrefix("fd00:ec2::254/128")}}
)

// yamlWriter writes lines at a depth of two spaces each.
type yamlWriter struct{ strings.Builder }

func (w *yamlWriter) line(depth int, format string, args ...any) {
	w.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

// write fills in the proposal's text and makes its object of that, so that what is
// proved is what is printed.
func (p *Proposal) write() error {
	w := &yamlWriter{}
	w.line(0, "apiVersion: networking.k8s.io/v1")
	w.line(0, "kind: NetworkPolicy")
	w.line(0, "metadata:")
	w.line(1, "name: %s", quote(p.Name))
	if !manifest.IsPrivate(p.Namespace) {
		w.line(1, "namespace: %s", quote(p.Namespace))
	}
	w.line(1, "annotations:")
	w.line(2, "%s: \"true\"", Marker)
	if why := p.openBecause(); why != "" {
		w.line(2, "%s: %s", OpenBecause, quote(why))
	}
	w.line(0, "spec:")
	p.writeSpec(w)
	p.Text = w.String()
	objects, gaps := manifest.Parse("generated", []byte(p.Text))
	if len(gaps) > 0 || len(objects) != 1 {
		return fmt.Errorf("policy %s/%s: what was written cannot be read: %v", p.Namespace, p.Name, gaps)
	}
	p.Object = objects[0].WithNamespace(p.Namespace)
	return nil
}

// openBecause joins the reasons of rules that name nobody.
func (p *Proposal) openBecause() string {
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
	return strings.Join(reasons, "; ")
}

func (p *Proposal) writeSpec(w *yamlWriter) {
	if p.Subject == nil {
		w.line(1, "podSelector: {}")
	} else {
		w.line(1, "podSelector:")
		writeLabels(w, 2, p.Subject.labels)
	}
	w.line(1, "policyTypes:")
	for _, d := range p.Isolates {
		w.line(2, "- %s", d)
	}
	for _, d := range p.Isolates {
		rules := slices.DeleteFunc(slices.Clone(p.Rules), func(r *rule) bool { return r.direction != d })
		if len(rules) == 0 {
			continue
		}
		w.line(1, "%s:", d.Name())
		for _, r := range rules {
			r.write(w, p.Namespace)
		}
	}
}

func writeLabels(w *yamlWriter, depth int, labels map[string]string) {
	w.line(depth, "matchLabels:")
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		w.line(depth+1, "%s: %s", quote(key), quote(labels[key]))
	}
}

func (r *rule) write(w *yamlWriter, namespace string) {
	if r.open != "" {
		w.line(2, "# everything is allowed: %s", r.open)
		w.line(2, "- {}")
		return
	}
	var comments []string
	for _, n := range r.needs {
		if c := n.comment(); !slices.Contains(comments, c) {
			comments = append(comments, c)
		}
	}
	for _, c := range comments {
		w.line(2, "# %s", oneLine(c))
	}
	first := "- "
	side := "from"
	if r.direction == netpol.Egress {
		side = "to"
	}
	if (r.peers[0] != peer{}) {
		w.line(2, "%s%s:", first, side)
		first = "  "
		for _, p := range r.peers {
			p.write(w, namespace)
		}
	}
	ports := slices.DeleteFunc(slices.Clone(r.ports), func(p port) bool { return p.number == 0 && p.protocol == "" })
	if len(ports) == 0 {
		return
	}
	w.line(2, "%sports:", first)
	for _, p := range ports {
		w.line(3, "- protocol: %s", p.protocol)
		if p.number != 0 {
			w.line(3, "  port: %d", p.number)
		}
	}
}

func (p peer) write(w *yamlWriter, namespace string) {
	switch {
	case p.subject != nil && p.subject.namespace == namespace:
		w.line(3, "- podSelector:")
		writeLabels(w, 5, p.subject.labels)
	case p.subject != nil:
		w.line(3, "- namespaceSelector:")
		writeLabels(w, 5, map[string]string{netpol.NameLabel: p.subject.namespace})
		w.line(4, "podSelector:")
		writeLabels(w, 5, p.subject.labels)
	case p.dns:
		w.line(3, "- namespaceSelector:")
		writeLabels(w, 5, map[string]string{netpol.NameLabel: "kube-system"})
		w.line(4, "podSelector:")
		writeLabels(w, 5, map[string]string{"k8s-app": "kube-dns"})
	case p.outside:
		writeBlock(w, outsideV4)
		writeBlock(w, outsideV6)
	default:
		writeBlock(w, netpol.Block{CIDR: p.block})
	}
}

func writeBlock(w *yamlWriter, b netpol.Block) {
	w.line(3, "- ipBlock:")
	w.line(5, "cidr: %s", quote(b.CIDR.String()))
	if len(b.Except) > 0 {
		w.line(5, "except:")
		for _, e := range b.Except {
			w.line(6, "- %s", quote(e.String()))
		}
	}
}

// quote writes a string as YAML, in quotes where it could be read as something else.
func quote(s string) string {
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
