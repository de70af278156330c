package place

import (
	"cmp"
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
	probes    *probes
	keys      map[*manifest.Object]key // of what the target renders to
}

// probes are the workloads of a chart rendered again, by what stays the same: as
// before, which tells what is random, and under another release name.
type probes struct {
	again, renamed map[key]*netpol.Workload
}

// probeRelease is a release name that nobody has.
const probeRelease = "ringfence-probe"

// spellForChart spells a proposal out for a template of a chart. What Helm would take
// for an action in a comment is none, and names that are random are cut short.
func (p *planner) spellForChart(pl *placement) *generate.Manifest {
	names := &chartNames{planner: p, placement: pl, probes: p.probesOf(pl), keys: p.chartKeysOf(pl.target)}
	m := pl.proposal.Manifest(names)
	clean := []string{"{{", "{ {"}
	for _, w := range pl.environment.Cluster.Workloads {
		if lasting := names.lasting(w); lasting != w.Name && pl.environment.from[w.Source] == pl.target {
			clean = append(clean, w.Name, lasting)
		}
	}
	for _, r := range m.Rules {
		for i, c := range r.Comments {
			r.Comments[i] = strings.NewReplacer(clean...).Replace(c)
		}
	}
	for i, reason := range m.OpenBecause {
		m.OpenBecause[i] = strings.NewReplacer(clean...).Replace(reason)
	}
	return m
}

func (p *planner) probesOf(pl *placement) *probes {
	if p.probed[pl.target] == nil {
		render := func(release string) map[key]*netpol.Workload {
			opts := p.opts
			opts.Release = release
			opts.Lots++ // what is random differs
			objects := render.New(p.tree, opts).Render(p.ctx, pl.target.Target).Objects
			c, _ := netpol.New(objects, netpol.Options{})
			workloads := make(map[key]*netpol.Workload)
			keys := chartKeys(objects)
			for _, w := range c.Workloads {
				workloads[keys[w.Source]] = w
			}
			return workloads
		}
		p.probed[pl.target] = &probes{again: render(p.opts.Release), renamed: render(probeRelease)}
	}
	return p.probed[pl.target]
}

// chartKeys identify the objects of a chart under any release name: by the line that
// makes them, and a number where it makes several.
func chartKeys(objects []*manifest.Object) map[*manifest.Object]key {
	keys, made := make(map[*manifest.Object]key), make(map[key]int)
	for _, o := range objects {
		k := key{o.Origin.Pos.String(), o.Kind}
		made[k]++
		keys[o] = key{k.pos, fmt.Sprintf("%s %d", k.name, made[k])}
	}
	return keys
}

// chartKeysOf returns the keys of a target that is a chart. They are made once.
func (p *planner) chartKeysOf(t *render.Result) map[*manifest.Object]key {
	if p.charts[t] == nil {
		p.charts[t] = chartKeys(t.Objects)
	}
	return p.charts[t]
}

// probed returns a workload as one of the probes has it, nil for none.
func (n *chartNames) probed(probe map[key]*netpol.Workload, w *netpol.Workload) *netpol.Workload {
	return probe[n.keys[w.Source]]
}

func (n *chartNames) Policy(p *generate.Proposal) (name, namespace string) {
	w := n.placement.first
	namespace = n.namespace(w)
	if p.Subject == nil {
		return quoted(p.Name), namespace
	}
	if name = n.expression(w, "name"); name != "" {
		return appendTo(name, p.Suffix()), namespace
	}
	renamed := ""
	if other := n.probed(n.probes.renamed, w); other != nil {
		renamed = other.Name
	}
	return n.literal(w, n.lasting(w), renamed, p.Suffix()), namespace
}

// namespace is that of the workload's template, as an expression or as rendered, and
// empty for the release's.
func (n *chartNames) namespace(w *netpol.Workload) string {
	if e := n.expression(w, "namespace"); e != "" {
		return e
	}
	text := manifest.Text(w.Source.Data, "metadata", "namespace")
	if text == "" || text == cmp.Or(n.placement.target.ReleaseNamespace, n.placement.target.Namespace, n.opts.Namespace, render.HelmNamespace) {
		return ""
	}
	renamed := text
	if other := n.probed(n.probes.renamed, w); other != nil {
		renamed = manifest.Text(other.Source.Data, "metadata", "namespace")
	}
	return n.literal(w, text, renamed, "")
}

func (n *chartNames) Pods(s *generate.Subject, _ bool, depth int) []string {
	w := s.Workloads[0]
	if n.placement.environment.from[w.Source] != n.placement.target {
		return n.Others(s.Labels)
	}
	if lines := n.selector(w, s.Labels, depth); lines != nil {
		return lines
	}
	var renamed map[string]string
	if other := n.probed(n.probes.renamed, w); other != nil {
		renamed = other.Labels
	}
	lines := []string{"matchLabels:"}
	for _, k := range slices.Sorted(maps.Keys(s.Labels)) {
		lines = append(lines, fmt.Sprintf("  %s: %s", generate.Quote(k), n.literal(w, s.Labels[k], renamed[k], "")))
	}
	return lines
}

func (n *chartNames) Others(labels map[string]string) []string { return generate.MatchLabels(labels) }

// literal writes what something rendered to, with the name of the release as an
// expression where another name makes another text of it.
func (n *chartNames) literal(w *netpol.Workload, text, renamed, suffix string) string {
	release := cmp.Or(n.opts.Release, n.placement.target.Release)
	switch {
	case text == renamed || n.lasting(w) != w.Name:
	case strings.ReplaceAll(text, release, probeRelease) == renamed:
		return strconv.Quote(strings.ReplaceAll(text, release, "{{ .Release.Name }}") + suffix)
	default:
		n.remark("%s: the policy of %s is for a release named %s only: %q cannot be written as an expression", n.placement.target.Name, w, release, text)
	}
	return generate.Quote(text + suffix)
}

// lasting is the name of a workload without what is random in it, and so differs from
// one render to the next.
func (n *chartNames) lasting(w *netpol.Workload) string {
	again := n.probed(n.probes.again, w)
	if again == nil || again.Name == w.Name {
		return w.Name
	}
	same := 0
	for same < min(len(again.Name), len(w.Name)) && again.Name[same] == w.Name[same] {
		same++
	}
	// What is random may begin alike, so only whole parts of the name count.
	last := strings.LastIndexAny(w.Name[:same], "-.")
	if last <= 0 {
		return strings.ToLower(w.Kind)
	}
	return w.Name[:last]
}

// template returns the lines of a workload's template from a field on, nil where the
// field does not stand in a template of the chart itself; and how the dot must be
// written there to mean the chart.
func (n *chartNames) template(w *netpol.Workload, field ...any) (lines []string, dot *regexp.Regexp) {
	at := w.Source.At(field...)
	if n.apart[place{n.placement.home, n.placement.key}] || !strings.HasPrefix(at.File, path.Join(n.placement.target.Dir, "templates")+"/") {
		return nil, nil
	}
	data, err := n.tree.ReadFile(at.File)
	if err != nil {
		return nil, nil
	}
	lines = strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	if at.Line < 1 || at.Line > len(lines) {
		return nil, nil
	}
	dot = portable
	if movesDot(lines[:at.Line-1]) {
		dot = portableInside
	}
	return lines[at.Line-1:], dot
}

var (
	// portable matches an action that means the same in any template and cannot fail
	// where it does not elsewhere: a named template of the whole chart, what every
	// release has, or a value of the chart. Inside of a block that moves the dot only
	// the dollar means the chart.
	portable       = portableFrom(`[.$]`, `[.$]*`)
	portableInside = portableFrom(`\$`, `\$`)
	action         = regexp.MustCompile(`\{\{.*?\}\}`)
	block          = regexp.MustCompile(`\{\{-? *(if|with|range|define|block|end)\b`)
	indent         = regexp.MustCompile(`(n?indent) (\d+)`)
)

func portableFrom(chart, prefix string) *regexp.Regexp {
	return regexp.MustCompile(`^\{\{-? *(?:(?:include|template) "[^"]+" ` + chart + `|` + prefix + `\.(?:Release|Chart)\.[A-Z]\w*|` +
		`(?:default ` + prefix + `\.Release\.Namespace )?` + prefix + `\.Values\.\w+(?: *\| *default ` + prefix + `\.Release\.Namespace)?)` +
		`(?: *\| *(?:quote|nindent \d+|indent \d+|trunc \d+|trimSuffix "[^"]*"|lower))* *-?\}\}$`)
}

// movesDot tells whether the dot means something else than the chart after some lines
// of a template.
func movesDot(lines []string) bool {
	var open []string
	for _, line := range lines {
		for _, m := range block.FindAllStringSubmatch(line, -1) {
			if m[1] != "end" {
				open = append(open, m[1])
			} else if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	return slices.ContainsFunc(open, func(b string) bool { return b != "if" })
}

// isPortable tells whether all actions of a line can stand in another template.
func isPortable(line string, dot *regexp.Regexp) bool {
	actions := action.FindAllString(line, -1)
	return strings.Count(line, "{{") == len(actions) && !slices.ContainsFunc(actions, func(a string) bool { return !dot.MatchString(a) })
}

// expression returns what stands in a workload's template as its name or namespace,
// empty where it cannot stand elsewhere.
func (n *chartNames) expression(w *netpol.Workload, field string) string {
	lines, dot := n.template(w, "metadata", field)
	if lines == nil {
		return ""
	}
	value, ok := strings.CutPrefix(strings.TrimSpace(lines[0]), field+":")
	value = strings.TrimSpace(value)
	if !ok || value == "" || !isPortable(value, dot) || strings.Contains(value, " #") {
		return ""
	}
	if field == "name" && strings.Contains(value, ".Values.") {
		return "" // releases with other values have policies of their own, which need other names
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
	lines, dot := n.template(w, "spec", "selector", "matchLabels")
	if len(lines) == 0 || strings.TrimSpace(lines[0]) != "matchLabels:" {
		return nil
	}
	column := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	taken := []string{"matchLabels:"}
	for _, line := range lines[1:] {
		text := strings.TrimLeft(line, " ")
		inner := len(line) - len(text)
		if m := indent.FindStringSubmatch(text); m != nil && m[1] == "nindent" {
			inner, _ = strconv.Atoi(m[2]) // digits, by the expression
		}
		if text == "" || inner <= column {
			break
		}
		if !isPortable(text, dot) {
			return nil
		}
		shifted := indent.ReplaceAllStringFunc(text, func(call string) string {
			m := indent.FindStringSubmatch(call)
			spaces, _ := strconv.Atoi(m[2]) // digits, by the expression
			return fmt.Sprintf("%s %d", m[1], max(0, spaces-column+depth))
		})
		taken = append(taken, strings.Repeat(" ", inner-column)+shifted)
	}
	if len(taken) == 1 {
		return nil
	}
	return taken
}
