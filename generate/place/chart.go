package place

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/generate"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/render"
)

// chartNames names things in a template of a chart: with the expressions of the
// workload's own template where these can stand elsewhere, else with what they
// rendered to, the name of the release being an expression again.
type chartNames struct {
	*planner
	placement *placement
	probe     map[key]*netpol.Workload // the workloads under another release name
}

func (p *planner) chartNames(s site, pl *placement) *chartNames {
	v, ok := p.views[s]
	if !ok {
		t := pl.target.Target
		opts := p.opts
		opts.Release = probeRelease
		c, _ := netpol.New(render.New(p.tree, opts).Render(p.ctx, t).Objects, netpol.Options{})
		v = make(view)
		for _, w := range c.Workloads {
			v[p.chartKey(w)] = w
		}
		p.views[s] = v
	}
	return &chartNames{planner: p, placement: pl, probe: v}
}

// probeRelease is a release name that nobody has.
const probeRelease = "ringfence-probe"

// chartKey identifies a workload under any release name.
func (p *planner) chartKey(w *netpol.Workload) key {
	return key{w.Source.Origin.Pos.String(), w.Kind}
}

func (n *chartNames) Policy(p *generate.Proposal) (name, namespace string) {
	w := n.placement.first
	namespace = n.expression(w, "namespace")
	if p.Subject == nil {
		return quoted(p.Name), namespace
	}
	if name = n.expression(w, "name"); name != "" {
		return appendTo(name, p.Suffix()), namespace
	}
	return n.literal(w, w.Name+p.Suffix()), namespace
}

func (n *chartNames) Pods(s *generate.Subject, _ bool, depth int) []string {
	w := s.Workloads[0]
	if n.placement.environment.from[w.Source] != n.placement.target {
		return n.Others(s.Labels)
	}
	if lines := n.selector(w, s.Labels, depth); lines != nil {
		return lines
	}
	lines := []string{"matchLabels:"}
	for _, k := range slices.Sorted(maps.Keys(s.Labels)) {
		lines = append(lines, fmt.Sprintf("  %s: %s", generate.Quote(k), n.literal(w, s.Labels[k])))
	}
	return lines
}

func (n *chartNames) Others(labels map[string]string) []string { return generate.MatchLabels(labels) }

// literal writes what something rendered to; where another release name makes
// another text of it, with the name of the release.
func (n *chartNames) literal(w *netpol.Workload, text string) string {
	release := n.placement.target.Release
	if n.opts.Release != "" {
		release = n.opts.Release
	}
	other := n.probe[n.chartKey(w)]
	if other == nil || !strings.Contains(text, release) {
		return generate.Quote(text)
	}
	renamed := strings.ReplaceAll(text, release, probeRelease)
	if !strings.HasPrefix(renamed, other.Name) && !slices.Contains(slices.Collect(maps.Values(other.Labels)), renamed) {
		return generate.Quote(text)
	}
	return strconv.Quote(strings.ReplaceAll(text, release, "{{ .Release.Name }}"))
}

// template returns the lines of a workload's template from a field on, nil where the
// field does not stand in a template of the chart itself.
func (n *chartNames) template(w *netpol.Workload, field ...any) []string {
	at := w.Source.At(field...)
	if path.Dir(at.File) != path.Join(n.placement.target.Dir, "templates") || !at.Exact {
		return nil
	}
	data, err := n.tree.ReadFile(at.File)
	if err != nil {
		return nil
	}
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	if at.Line < 1 || at.Line > len(lines) {
		return nil
	}
	return lines[at.Line-1:]
}

var (
	// portable matches an action that means the same in any template and cannot fail
	// where it does not elsewhere: a named template of the whole chart, or what every
	// release has.
	portable = regexp.MustCompile(`^\{\{-? *(?:(?:include|template) "[^"]+" [.$]|[.$]*\.(?:Release|Chart)\.[A-Z]\w*)(?: *\| *(?:quote|nindent \d+|indent \d+|trunc \d+|trimSuffix "[^"]*"|lower))* *-?\}\}$`)
	action   = regexp.MustCompile(`\{\{.*?\}\}`)
	indent   = regexp.MustCompile(`(n?indent) (\d+)`)
)

// isPortable tells whether all actions of a line can stand in another template.
func isPortable(line string) bool {
	return strings.Count(line, "{{") == len(action.FindAllString(line, -1)) &&
		!slices.ContainsFunc(action.FindAllString(line, -1), func(a string) bool { return !portable.MatchString(a) })
}

// expression returns what stands in a workload's template as its name or namespace,
// empty where it cannot stand elsewhere.
func (n *chartNames) expression(w *netpol.Workload, field string) string {
	lines := n.template(w, "metadata", field)
	if lines == nil {
		return ""
	}
	value, ok := strings.CutPrefix(strings.TrimSpace(lines[0]), field+":")
	value = strings.TrimSpace(value)
	if !ok || value == "" || !isPortable(value) || strings.Contains(value, " #") {
		return ""
	}
	return value
}

// appendTo adds a suffix to a scalar, inside of its quotes.
func appendTo(scalar, suffix string) string {
	if last := scalar[len(scalar)-1]; last == '"' || last == '\'' {
		return scalar[:len(scalar)-1] + suffix + string(last)
	}
	return scalar + suffix
}

// selector takes over the lines of a workload's own selector, nil where they cannot
// stand elsewhere or select by other labels.
func (n *chartNames) selector(w *netpol.Workload, labels map[string]string, depth int) []string {
	own := manifest.Mapping(w.Source.Data, "spec", "selector", "matchLabels")
	if len(own) != len(labels) || slices.ContainsFunc(slices.Collect(maps.Keys(labels)), func(k string) bool { return own[k] != labels[k] }) {
		return nil
	}
	lines := n.template(w, "spec", "selector", "matchLabels")
	if len(lines) == 0 || strings.TrimSpace(lines[0]) != "matchLabels:" {
		return nil
	}
	column := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	taken := []string{"matchLabels:"}
	for _, line := range lines[1:] {
		text := strings.TrimLeft(line, " ")
		inner := len(line) - len(text)
		if text == "" || inner <= column && !strings.HasPrefix(text, "{{") {
			break
		}
		if !isPortable(text) {
			if inner > column {
				return nil
			}
			break // an action that ends the block
		}
		shifted := indent.ReplaceAllStringFunc(text, func(call string) string {
			m := indent.FindStringSubmatch(call)
			spaces, _ := strconv.Atoi(m[2]) // digits, by the expression
			return fmt.Sprintf("%s %d", m[1], max(0, spaces-column+depth))
		})
		taken = append(taken, strings.Repeat(" ", max(2, inner-column))+shifted)
	}
	if len(taken) == 1 {
		return nil
	}
	return taken
}
