package config

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/manifest"
)

// maxFaults bounds how many mistakes are told; a reader mends the first ones first.
const maxFaults = 100

// A decoder walks the nodes of a file and collects what is wrong with them. It
// goes on after a mistake, so that a file's mistakes are all told at once.
type decoder struct {
	file   string
	faults []*Error
}

// A value is a node and the way to it from the root, which is empty.
type value struct {
	node *yaml.Node
	key  string
}

// A field is a key of an object. Required fields must be there; null is a value
// of none but objects and lists, where it stands for empty.
type field struct {
	key      string
	required bool
	decode   func(value)
}

func (d *decoder) err() error {
	slices.SortStableFunc(d.faults, func(a, b *Error) int { return a.Compare(b.Pos) })
	errs := make([]error, len(d.faults))
	for i, f := range d.faults {
		errs[i] = f
	}
	return errors.Join(errs...)
}

// pos is where a value stands in the file.
func (d *decoder) pos(v value) manifest.Pos {
	return manifest.Pos{File: d.file, Line: v.node.Line, Column: v.node.Column}
}

func (d *decoder) add(v value, message string) {
	if len(d.faults) < maxFaults {
		d.faults = append(d.faults, &Error{Pos: d.pos(v), Key: v.key, Message: message})
	}
}

// fault adds a mistake that starts with the quoted name of the key.
func (d *decoder) fault(v value, format string, args ...any) {
	name := "the file"
	if v.key != "" {
		name = quote(v.key)
	}
	d.add(v, name+" "+fmt.Sprintf(format, args...))
}

// object decodes a mapping whose keys are known.
func (d *decoder) object(v value, fields ...field) {
	seen := make(map[string]bool)
	ok := d.pairs(v, func(key, val value) {
		name := key.node.Value
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == name })
		if i < 0 {
			d.unknown(key, fields)
			return
		}
		seen[name] = true
		fields[i].decode(val)
	})
	for _, f := range fields {
		if ok && f.required && !seen[f.key] {
			d.fault(v, "lacks the key %q", f.key)
		}
	}
}

func (d *decoder) unknown(key value, fields []field) {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	message := "unknown key " + quote(key.key)
	if near := Nearest(key.node.Value, keys); near != "" {
		message += fmt.Sprintf(", did you mean %q", near)
	} else {
		message += ", the keys here are " + strings.Join(keys, ", ")
	}
	d.add(key, message)
}

// pairs visits the pairs of a mapping and returns false where v is none.
func (d *decoder) pairs(v value, visit func(key, val value)) bool {
	node := follow(v.node)
	if isNull(node) {
		return true
	}
	if node.Kind != yaml.MappingNode {
		d.wrongType(v, "a mapping")
		return false
	}
	lines := make(map[string]int)
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i]
		key := value{name, strings.TrimPrefix(v.key+"."+name.Value, ".")}
		switch line := lines[name.Value]; {
		case name.Kind != yaml.ScalarNode || name.Value == "" || isNull(name):
			d.fault(value{name, v.key}, "holds a key that is no name")
		case line > 0:
			d.add(key, fmt.Sprintf("duplicate key %s, first at line %d", quote(key.key), line))
		default:
			lines[name.Value] = name.Line
			visit(key, value{node.Content[i+1], key.key})
		}
	}
	return true
}

// list decodes a sequence.
func list[T any](d *decoder, v value, item func(value) T) []T {
	node := follow(v.node)
	if isNull(node) {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		d.wrongType(v, "a list")
		return nil
	}
	var items []T
	for i, n := range node.Content {
		items = append(items, item(value{n, fmt.Sprintf("%s[%d]", v.key, i)}))
	}
	return items
}

// entries decodes a mapping whose keys are names that the user chooses.
func entries[T any](d *decoder, v value, entry func(key, val value) T) []T {
	var all []T
	d.pairs(v, func(key, val value) { all = append(all, entry(key, val)) })
	return all
}

// texts decodes a mapping of names to strings, which may be empty.
func (d *decoder) texts(v value) map[string]string {
	var all map[string]string
	d.pairs(v, func(key, val value) {
		if text, ok := d.scalar(val); ok {
			if all == nil {
				all = make(map[string]string)
			}
			all[key.node.Value] = text
		}
	})
	return all
}

// scalar decodes a string. Only what every YAML parser reads as a string is
// one: 1.30 would be 1.3 to others. Dates need no quotes, they read the same.
func (d *decoder) scalar(v value) (string, bool) {
	node := follow(v.node)
	if node.Kind == yaml.ScalarNode && (node.ShortTag() == "!!str" || node.ShortTag() == "!!timestamp") {
		return node.Value, true
	}
	d.wrongType(v, "a string")
	return "", false
}

// text decodes a string that says something.
func (d *decoder) text(v value) string {
	text, ok := d.scalar(v)
	if ok && strings.TrimSpace(text) == "" {
		d.fault(v, "must not be empty")
	}
	return text
}

func (d *decoder) oneOf(v value, choices ...string) string {
	text, ok := d.scalar(v)
	if ok && !slices.Contains(choices, text) {
		d.fault(v, "must be one of %s, not %s", strings.Join(choices, ", "), quote(text))
	}
	return text
}

// version is what Helm takes as a Kubernetes version.
var version = regexp.MustCompile(`^v?[0-9]+\.[0-9]+(\.[0-9]+)?([-+][0-9A-Za-z.+-]+)?$`)

func (d *decoder) version(v value) string {
	text, ok := d.scalar(v)
	if ok && !version.MatchString(text) {
		d.fault(v, "must be a version such as 1.34, not %s", quote(text))
	}
	return text
}

// host is a name or address, with a port or without, or all names below a domain.
var host = regexp.MustCompile(`^(\*\.)?[\w-]+(\.[\w-]+)*$|^[\w-]+(\.[\w-]+)*:\d+$|^[0-9a-fA-F]*:[0-9a-fA-F:.]+$|^\[[0-9a-fA-F:.]+\]:\d+$`)

func (d *decoder) host(v value) string {
	text, ok := d.scalar(v)
	if ok && !host.MatchString(text) {
		d.fault(v, "must be a host such as example.com, example.com:8443 or *.example.com, not %s", quote(text))
	}
	return text
}

// workload is "namespace/Kind/name" or "namespace/name".
var workload = regexp.MustCompile(`^[^/\s]+(/[^/\s]+){1,2}$`)

func (d *decoder) workload(v value) string {
	text, ok := d.scalar(v)
	if ok && !workload.MatchString(text) {
		d.fault(v, "must be namespace/Kind/name or namespace/name, not %s", quote(text))
	}
	return text
}

func (d *decoder) date(v value) time.Time {
	text, ok := d.scalar(v)
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		d.fault(v, "must be a date such as 2030-01-31, not %s", quote(text))
	}
	return t
}

// path decodes the name of a file or folder in the repository.
func (d *decoder) path(v value) string {
	text := d.text(v)
	if text == "" {
		return ""
	}
	clean := path.Clean(text)
	if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") {
		d.fault(v, "must lie in the repository, not at %s", quote(text))
	}
	return clean
}

func (d *decoder) glob(v value) Glob {
	g := Glob(d.path(v))
	if wrong := g.check(); wrong != "" {
		d.fault(v, "%s", wrong)
	}
	return g
}

func (d *decoder) wrongType(v value, want string) {
	node := follow(v.node)
	got, hint := kind(node), ""
	if want == "a string" && (got == "a number" || got == "a boolean") {
		hint = ", put it in quotes"
	}
	d.fault(v, "must be %s, not %s%s", want, got, hint)
}

func kind(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch node.ShortTag() {
	case "!!null":
		return "empty"
	case "!!bool":
		return "a boolean"
	case "!!int", "!!float":
		return "a number"
	case "!!str", "!!timestamp":
		return "a string"
	default:
		return quote(node.ShortTag())
	}
}

func follow(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

// quote is strconv.Quote for names that are short enough to read.
func quote(name string) string {
	const longest = 200
	if runes := []rune(name); len(runes) > longest {
		name = string(runes[:longest]) + "…"
	}
	return strconv.Quote(name)
}

// Nearest returns the choice that name most likely stands for, if any. Case and
// the way that words are joined do not count: failOn is near fail-on.
func Nearest(name string, choices []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, c := range choices {
		if n := Distance(bare(name), bare(c)); n < least && n < len(c) {
			best, least = c, n
		}
	}
	return best
}

func bare(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(name))
}

// Distance counts the letters to insert, delete or replace (Levenshtein). It is
// at least the difference of the lengths, so long names need no table.
func Distance(a, b string) int {
	if diff := max(len(a)-len(b), len(b)-len(a)); diff > len(b) {
		return diff
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
