package helm

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// A place is a line of a template that can leave its mark in what is rendered.
type place struct {
	manifest.Pos
	text     string // the line as written
	template *template
	// expands is true where the line can become many: then the mark stands at
	// the last of them and counts for those above it as well.
	expands bool
}

// marker appends marks to template lines and numbers them.
type marker struct {
	places []place
	sign   string // how marks begin, as nothing else does
	// pattern matches one mark; its number is an index of places. trailing matches the
	// marks at the end of a line; others may lie within a string that was made of marked
	// text.
	pattern, trailing *regexp.Regexp
}

const markStart, markEnd = " #~~", "~~"

// signs matches how marks can begin.
var signs = regexp.MustCompile(` #~\d{0,9}~`)

// newMarker returns a marker for the templates that render to some texts without marks.
// These may hold what looks like one.
func newMarker(plain map[string]string) *marker {
	taken := make(map[string]bool)
	for _, text := range plain {
		if strings.Contains(text, " #~") {
			for _, sign := range signs.FindAllString(text, -1) {
				taken[sign] = true
			}
		}
	}
	m := &marker{sign: markStart}
	for n := 0; taken[m.sign]; n++ {
		m.sign = fmt.Sprintf(" #~%d~", n)
	}
	m.pattern = regexp.MustCompile(m.sign + `(\d+)` + markEnd)
	m.trailing = regexp.MustCompile(`(?:` + m.sign + `\d+` + markEnd + `)+\s*$`)
	return m
}

// mark returns the template's text with marks. Files in archives get none: their
// lines are not the reader's, the line that calls them is.
func (m *marker) mark(t *template) string {
	if t.home.archive {
		return m.watch(t, t.text)
	}
	var b strings.Builder
	var blocks blockStack
	for _, s := range statements(t.text) {
		defined := blocks.in("define") || t.partial()
		for _, a := range s.actions {
			blocks.apply(a)
		}
		line := strings.TrimRight(s.text, "\r\n")
		kind, keyEnd := s.classify(line, defined)
		if kind == unmarked || defined && !blocks.in("with") && !blocks.in("range") && s.forwards() {
			b.WriteString(s.text)
			continue
		}
		first, _, _ := strings.Cut(line, "\n")
		mark := m.sign + m.add(place{Pos: t.home.line(s.line), text: first, template: t, expands: kind == expanding}) + markEnd
		b.WriteString(line[:keyEnd])
		if keyEnd > 0 {
			b.WriteString(mark)
		}
		b.WriteString(line[keyEnd:])
		b.WriteString(mark)
		b.WriteString(s.text[len(line):])
	}
	return m.watch(t, b.String())
}

// add numbers a place.
func (m *marker) add(p place) string {
	m.places = append(m.places, p)
	return strconv.Itoa(len(m.places) - 1)
}

// hasAPI is how templates ask whether the cluster has an API.
const hasAPI = ".Capabilities.APIVersions.Has"

// watch has each question for an API tell its place.
func (m *marker) watch(t *template, text string) string {
	parts := strings.Split(text, hasAPI)
	for i, line := 1, 1; i < len(parts); i++ {
		line += strings.Count(parts[i-1], "\n")
		parts[i] = ".Capabilities.Asked " + m.add(place{Pos: t.home.line(line), template: t}) + parts[i]
	}
	return strings.Join(parts, "")
}

// A statement is a line of a template, or several lines that actions of more
// than one line hold together.
type statement struct {
	line    int    // number of the first line
	text    string // with its line break
	actions []action
}

// An action is what stands between {{ and }}.
type action struct {
	start, end int // in the statement's text, with the braces
	body       string
	comment    bool
}

// statements cuts a template at the line breaks that lie outside of actions.
func statements(text string) []statement {
	var list []statement
	s := statement{line: 1}
	start, line := 0, 1
	flush := func(end int) {
		s.text = text[start:end]
		list = append(list, s)
		start, s = end, statement{line: line}
	}
	for i := 0; i < len(text); {
		switch {
		case text[i] == '\n':
			i++
			line++
			flush(i)
		case strings.HasPrefix(text[i:], "{{"):
			a := readAction(text[i:])
			a.start, a.end = i-start, i-start+a.end
			line += strings.Count(text[i:start+a.end], "\n")
			i = start + a.end
			s.actions = append(s.actions, a)
		default:
			i++
		}
	}
	if start < len(text) {
		flush(len(text))
	}
	return list
}

// readAction reads the action that text starts with, braces included; without an
// end it goes on to the end of the text.
func readAction(text string) action {
	i := 2
	if strings.HasPrefix(text[i:], "- ") || strings.HasPrefix(text[i:], "-\n") || strings.HasPrefix(text[i:], "-\t") {
		i++
	}
	bodyStart := i
	if trimmed := strings.TrimLeft(text[i:], " \t\r\n"); strings.HasPrefix(trimmed, "/*") {
		end := strings.Index(text, "*/")
		if end < 0 {
			return action{end: len(text), comment: true}
		}
		braces := strings.Index(text[end:], "}}")
		if braces < 0 {
			return action{end: len(text), comment: true}
		}
		return action{end: end + braces + 2, comment: true}
	}
	for i < len(text) {
		switch c := text[i]; c {
		case '"', '\'', '`':
			i = skipString(text, i)
		case '}':
			if strings.HasPrefix(text[i:], "}}") {
				body := strings.TrimSuffix(text[bodyStart:i], "-")
				return action{end: i + 2, body: strings.TrimSpace(body)}
			}
			i++
		default:
			i++
		}
	}
	return action{end: len(text), body: strings.TrimSpace(text[bodyStart:])}
}

// skipString returns the index after the literal that starts at i.
func skipString(text string, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote != '`':
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return len(text)
}

var keyword = regexp.MustCompile(`^(if|with|range|define|block|else|end|template|break|continue)\b`)

// keyword returns the action's control word, "" for one that prints a value.
func (a action) keyword() string { return keyword.FindString(a.body) }

// prints tells whether the action can write text.
func (a action) prints() bool {
	switch a.keyword() {
	case "", "block", "template":
		return !a.comment && !assignment.MatchString(a.body)
	}
	return false
}

var assignment = regexp.MustCompile(`^\$\w*(\s*,\s*\$\w*)?\s*:?=`)

// blockStack follows which control structures are open.
type blockStack []string

func (b *blockStack) apply(a action) {
	switch word := a.keyword(); word {
	case "if", "with", "range", "define", "block":
		*b = append(*b, word)
	case "end":
		if n := len(*b); n > 0 {
			*b = (*b)[:n-1]
		}
	}
}

func (b blockStack) in(word string) bool { return slices.Contains(b, word) }

// What a statement can be to the marks.
const (
	unmarked  = iota
	single    // becomes one line
	expanding // can become many
)

var (
	// blockFunction matches functions whose result is YAML of many lines.
	blockFunction = regexp.MustCompile(`\b(nindent|indent|toYaml|toYamlPretty)\b`)
	newLine       = regexp.MustCompile(`\bnindent\b`)
	keyAlone      = regexp.MustCompile(`^\s*(?:- +)*[^\s#{}]+:[ \t]*$`)
)

// classify says what mark a statement gets. In templates that others include
// (defined) only what surely is YAML is marked, since their text may be used as a
// plain string or condition. keyEnd is where a second mark goes, after the key of
// a statement such as "labels: {{ … | nindent 4 }}", whose key gets a line of its
// own; 0 means none.
func (s statement) classify(line string, defined bool) (kind, keyEnd int) {
	if strings.HasSuffix(line, "-}}") {
		return unmarked, 0
	}
	var skeleton strings.Builder
	at := 0
	prints, blocks := false, false
	for _, a := range s.actions {
		skeleton.WriteString(line[at:a.start])
		at = min(a.end, len(line))
		if a.prints() {
			skeleton.WriteByte(0)
			prints = true
			blocks = blocks || blockFunction.MatchString(a.body)
		}
	}
	skeleton.WriteString(line[at:])
	shape := skeleton.String()
	switch {
	case strings.HasPrefix(strings.TrimSpace(shape), "#"):
		return unmarked, 0
	case blocks:
		if first := s.actions[0]; keyAlone.MatchString(line[:first.start]) && newLine.MatchString(first.body) {
			keyEnd = strings.LastIndexByte(line[:first.start], ':') + 1
		}
		return expanding, keyEnd
	case looksLikeYAML(shape):
		return single, 0
	case prints && !defined:
		return expanding, 0
	default:
		return unmarked, 0
	}
}

// given matches an action that prints a variable or an argument as it is.
var given = regexp.MustCompile(`^(toYaml(Pretty)?\s+)?(\.|\$)[\w.]*(\s*\|\s*(toYaml(Pretty)?|trim|n?indent \d+))*$`)

// forwards tells whether a statement of a template that others include prints only
// what it was given. The place to edit is then where it is included.
func (s statement) forwards() bool {
	if len(s.actions) != 1 {
		return false
	}
	a := s.actions[0]
	alone := strings.TrimSpace(s.text) == s.text[a.start:a.end]
	return alone && given.MatchString(a.body) && !strings.Contains(a.body, ".Values")
}

// looksLikeYAML tells whether a line reads "key: …", "- …" or the key alone.
func looksLikeYAML(line string) bool {
	line = strings.TrimSpace(line)
	if line == "-" || strings.HasPrefix(line, "- ") {
		return true
	}
	if line == "" {
		return false
	}
	if quote := line[0]; quote == '"' || quote == '\'' {
		end := strings.IndexByte(line[1:], quote)
		if end < 0 {
			return false
		}
		line = strings.TrimLeft(line[end+2:], " ")
		return line == ":" || strings.HasPrefix(line, ": ")
	}
	if comment := strings.IndexByte(line, '#'); comment >= 0 {
		line = line[:comment]
	}
	return strings.HasSuffix(line, ":") || strings.Contains(line, ": ")
}
