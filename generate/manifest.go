package generate

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// Marker is the annotation by which generated policies are known.
const Marker = "ringfence.dev/generated"

// Names says how things are called in the file that a policy is written to: a base
// does not know what its overlays add, and a chart has expressions.
type Names interface {
	// Policy returns the name and the namespace of the policy as YAML; without a
	// namespace, it is left to what applies the policy.
	Policy(p *Proposal) (name, namespace string)
	// Pods returns the lines of a label selector for pods of the environment: those
	// that the policy is about (own), or those of a peer. The lines will be
	// indented by depth spaces, their own first one included.
	Pods(s *Subject, own bool, depth int) []string
	// Others returns the lines of a label selector for pods that are not in the
	// environment.
	Others(labels map[string]string) []string
	// Place returns where a line lies once the policy is written, which may list it in
	// the file of the line.
	Place(line manifest.Pos) manifest.Pos
}

// How far the lines of label selectors are indented in a policy, in spaces.
const (
	selectorDepth = 4  // below spec.podSelector
	peerDepth     = 12 // below spec.ingress[].from[].podSelector
)

// A Manifest is a policy in YAML, in parts that can be compared and joined.
type Manifest struct {
	Format          Format
	Name, Namespace string // as YAML; the namespace may be empty
	Selector        []string
	Isolates        []netpol.Direction
	Rules           []Rule
	OpenBecause     []string
	Outside         []string // host names that blocks of addresses stand for

	// asksNames is true where Cilium is to learn names of hosts: a rule for DNS
	// without that would undo one with it.
	asksNames bool
}

// A Rule is a rule of a Manifest: the lines of an item of a list.
type Rule struct {
	Direction netpol.Direction
	Comments  []string
	Lines     []string
	Within    string // why all pods of the namespace are allowed, empty where they are not
}

// String returns the policy as a YAML document.
func (m *Manifest) String() string {
	lines := append(m.Format.kind(), "metadata:", "  name: "+m.Name)
	if m.Namespace != "" {
		lines = append(lines, "  namespace: "+m.Namespace)
	}
	lines = append(lines, "  annotations:", "    "+Marker+`: "true"`)
	if len(m.OpenBecause) > 0 {
		lines = append(lines, "    "+netpol.OpenBecause+": "+Quote(strings.Join(m.OpenBecause, "; ")))
	}
	if len(m.Outside) > 0 {
		lines = append(lines, "    "+netpol.Outside+": "+Quote(strings.Join(m.Outside, ", ")))
	}
	lines = append(lines, "spec:")
	lines = append(lines, indented(1, m.Selector)...)
	if m.Format != Cilium {
		lines = append(lines, "  policyTypes:")
		for _, d := range m.Isolates {
			lines = append(lines, "    - "+d.String())
		}
	}
	for _, d := range m.Isolates {
		first := true
		for _, r := range m.Rules {
			if r.Direction != d {
				continue
			}
			if first {
				lines = append(lines, "  "+d.Name()+":")
				first = false
			}
			for _, c := range r.Comments {
				lines = append(lines, "    # "+c)
			}
			lines = append(lines, indented(2, r.Lines)...)
		}
		if first && m.Format == Cilium { // which isolates by having rules, if only one that allows nothing
			lines = append(lines, "  "+d.Name()+":", "    - {}")
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// Join adds the rules of another policy for the same pods, as another environment
// needs them. It does nothing and returns false where the two isolate differently.
func (m *Manifest) Join(o *Manifest) bool {
	if m.asksNames != o.asksNames || !slices.Equal(m.Isolates, o.Isolates) || !slices.Equal(m.Selector, o.Selector) {
		return false
	}
	for _, r := range o.Rules {
		i := slices.IndexFunc(m.Rules, func(have Rule) bool { return have.Direction == r.Direction && slices.Equal(have.Lines, r.Lines) })
		if i < 0 {
			m.Rules = append(m.Rules, r)
			continue
		}
		m.Rules[i].Comments = union(m.Rules[i].Comments, r.Comments)
	}
	m.OpenBecause, m.Outside = union(m.OpenBecause, o.OpenBecause), union(m.Outside, o.Outside)
	return true
}

// union appends to a list what it does not have.
func union(list, more []string) []string {
	list = slices.Clone(list)
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// kind returns the lines that say what an object is.
func (f Format) kind() []string {
	if f == Cilium {
		return []string{"apiVersion: cilium.io/v2", "kind: CiliumNetworkPolicy"}
	}
	return []string{"apiVersion: networking.k8s.io/v1", "kind: NetworkPolicy"}
}

// selector returns the field that selects the pods that a policy is about.
func (f Format) selector() string {
	if f == Cilium {
		return "endpointSelector:"
	}
	return "podSelector:"
}

// item makes lines the item of a list.
func item(lines []string) []string {
	out := indented(1, lines)
	out[0] = "- " + lines[0]
	return out
}

// indented indents lines by two spaces for each level.
func indented(levels int, lines []string) []string {
	out := slices.Clone(lines)
	for i, line := range out {
		out[i] = strings.Repeat("  ", levels) + line
	}
	return out
}
