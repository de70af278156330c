// Package config reads .ringfence.yaml, the configuration of a repository.
//
// It is strict: an unknown key, a key given twice or a value of the wrong type
// is an error that names its file, line and key. Every entry keeps its position,
// so that later errors and findings can point at it. The package neither reads
// files nor looks for what they name: callers hand it bytes and ask.
//
// docs/configuration.schema.json describes the same format for editors. Paths and globs in the file
// are relative to the repository root, with slashes.
package config

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/manifest"
)

// FileName is the name of the configuration file in the repository root.
const FileName = ".ringfence.yaml"

// Config is the content of a configuration file. The zero value is that of an
// empty file: every default holds.
type Config struct {
	Targets      []Target
	Environments []Environment        // in the order of the file
	Namespaces   []Namespace          // in the order of the file
	Clusters     []DestinationCluster // in the order of the file
	// Repository is a URL under which Argo CD or Flux know the repository, besides those
	// of its git remotes; empty where the file does not say.
	Repository string
	// FailOn is the least severity that makes a check fail: "high", "medium",
	// "low", "note" or "none"; empty where the file does not say.
	FailOn string
	// KubeVersion and APIVersions are what every target meets unless it says
	// otherwise itself; empty where the file does not say.
	KubeVersion string
	APIVersions []string
	Gaps        []AcceptedGap
	Traffic     []Call
	Cluster     Cluster
	Rules       []string // folders with rules of the repository
	Severities  []Severity
	Ignores     []Ignore
	Fetch       Fetch
}

// Fetch says from where charts, artifacts and commits may be fetched.
type Fetch struct {
	// Allow are the only hosts to talk to, with a port or without, "*.domain" for all
	// below one; none: those that manifests name.
	Allow []string
}

// Target declares how one target is rendered. Several may have one Dir: a chart
// with the values of several environments.
type Target struct {
	manifest.Pos
	Dir          string // always given
	Environments []string
	Namespace    string
	Release      string
	Values       []string // files, later ones win
	Set          []string // as in "helm --set", such as "image.tag=1.2"
	KubeVersion  string
	APIVersions  []string
}

// Environment names the targets that go to one cluster.
type Environment struct {
	manifest.Pos
	Name    string
	Targets []Glob // of the targets' folders
}

// Namespace is a namespace that is declared outside the repository.
type Namespace struct {
	manifest.Pos
	Name   string
	Labels map[string]string // besides kubernetes.io/metadata.name
}

// DestinationCluster is a cluster that Argo CD applies to.
type DestinationCluster struct {
	manifest.Pos
	Name                string
	Server              string // empty where the file does not say
	Labels, Annotations map[string]string
}

// AcceptedGap is a gap that the team knows and accepts. All fields but Expiry
// are always given.
type AcceptedGap struct {
	manifest.Pos
	Code   manifest.Code
	Path   Glob // of the file that the gap is reported on
	Reason string
	Expiry time.Time // the last day of acceptance, at 0:00 UTC; zero: never ends
}

// Call is a call that no manifest tells: who makes it, and whom it reaches. Both are
// always given.
type Call struct {
	manifest.Pos
	From   string // "namespace/Kind/name" or "namespace/name"
	To     string // separated by commas; see traffic.Hint
	Reason string
}

// Accepts tells whether the entry speaks of a gap, expired or not.
func (a AcceptedGap) Accepts(gap manifest.Gap) bool {
	return a.Code == gap.Code && a.Path.Match(gap.File)
}

// Expired tells whether the last day of acceptance is over, in UTC.
func (a AcceptedGap) Expired(now time.Time) bool { return expired(a.Expiry, now) }

// EnvironmentsOf lists, sorted, the environments that claim the target rooted at
// dir under "environments:". What an entry of "targets:" says itself is not in it.
func (c *Config) EnvironmentsOf(dir string) []string {
	var names []string
	for _, e := range c.Environments {
		if slices.ContainsFunc(e.Targets, func(g Glob) bool { return g.Match(dir) }) {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Error is one mistake in a configuration file.
type Error struct {
	manifest.Pos
	Key     string // the way to the key, such as "targets[0].dir"; empty for the file
	Message string // names the key
}

func (e *Error) Error() string { return e.Pos.String() + ": " + e.Message }

// Load reads a configuration file; file is the name that positions carry. The
// error joins one *Error per mistake, in the order of the file.
func Load(data []byte, file string) (*Config, error) {
	root, err := parse(data, file)
	if err != nil {
		return nil, err
	}
	d := decoder{file: file}
	c := &Config{}
	d.config(value{node: root}, c)
	if err := d.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// parse returns the root of the only document, a null node for an empty file.
func parse(data []byte, file string) (*yaml.Node, error) {
	doc, err := manifest.Document{Text: data}.Parse()
	if err != nil {
		fault := &Error{Pos: manifest.Pos{File: file}, Message: err.Error()}
		var syntax *manifest.SyntaxError
		if errors.As(err, &syntax) {
			fault.Line, fault.Message = syntax.Line, syntax.Reason
		}
		return nil, fault
	}
	if len(doc.Content) == 0 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}, nil
	}
	root := doc.Content[0]
	// Value fails where aliases expand without end, so the decoder need not care.
	if _, err := manifest.Value(root); err != nil {
		return nil, &Error{Pos: manifest.Pos{File: file}, Message: err.Error()}
	}
	if line, more := secondDocument(data); more {
		return nil, &Error{Pos: manifest.Pos{File: file, Line: line}, Message: "a second document is not read, put everything into one"}
	}
	return root, nil
}

// secondDocument tells whether something follows the first document, and at
// which line, which is 0 where it does not parse.
func secondDocument(data []byte) (line int, more bool) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := decoder.Decode(&first); err != nil {
		return 0, false
	}
	err := decoder.Decode(&second)
	return second.Line, !errors.Is(err, io.EOF)
}

// config and the methods below it are the format: one line per key.
func (d *decoder) config(v value, c *Config) {
	d.object(v,
		field{key: "targets", decode: func(v value) { c.Targets = list(d, v, d.target) }},
		field{key: "environments", decode: func(v value) { c.Environments = entries(d, v, d.environment) }},
		field{key: "namespaces", decode: func(v value) { c.Namespaces = entries(d, v, d.namespace) }},
		field{key: "clusters", decode: func(v value) { c.Clusters = entries(d, v, d.destinationCluster) }},
		field{key: "repository", decode: func(v value) { c.Repository = d.text(v) }},
		field{key: "fail-on", decode: func(v value) { c.FailOn = d.oneOf(v, "high", "medium", "low", "note", "none") }},
		field{key: "kubeVersion", decode: func(v value) { c.KubeVersion = d.version(v) }},
		field{key: "apiVersions", decode: func(v value) { c.APIVersions = list(d, v, d.text) }},
		field{key: "gaps", decode: func(v value) { c.Gaps = list(d, v, d.acceptedGap) }},
		field{key: "traffic", decode: func(v value) { c.Traffic = list(d, v, d.call) }},
		field{key: "cluster", decode: func(v value) { c.Cluster = d.cluster(v) }},
		field{key: "rules", decode: func(v value) { c.Rules = list(d, v, d.path) }},
		field{key: "severities", decode: func(v value) { c.Severities = list(d, v, d.severity) }},
		field{key: "ignores", decode: func(v value) { c.Ignores = list(d, v, d.ignore) }},
		field{key: "fetch", decode: func(v value) { c.Fetch = d.fetch(v) }},
	)
}

func (d *decoder) fetch(v value) Fetch {
	var f Fetch
	d.object(v, field{key: "allow", decode: func(v value) { f.Allow = list(d, v, d.host) }})
	return f
}

func (d *decoder) target(v value) Target {
	t := Target{Pos: d.pos(v)}
	d.object(v,
		field{key: "dir", required: true, decode: func(v value) { t.Dir = d.path(v) }},
		field{key: "environments", decode: func(v value) { t.Environments = list(d, v, d.text) }},
		field{key: "namespace", decode: func(v value) { t.Namespace = d.text(v) }},
		field{key: "release", decode: func(v value) { t.Release = d.text(v) }},
		field{key: "values", decode: func(v value) { t.Values = list(d, v, d.path) }},
		field{key: "set", decode: func(v value) { t.Set = list(d, v, d.text) }},
		field{key: "kubeVersion", decode: func(v value) { t.KubeVersion = d.version(v) }},
		field{key: "apiVersions", decode: func(v value) { t.APIVersions = list(d, v, d.text) }},
	)
	return t
}

func (d *decoder) environment(key, v value) Environment {
	e := Environment{Pos: d.pos(key), Name: key.node.Value}
	d.object(v,
		field{key: "targets", required: true, decode: func(v value) { e.Targets = list(d, v, d.glob) }},
	)
	return e
}

func (d *decoder) namespace(key, v value) Namespace {
	n := Namespace{Pos: d.pos(key), Name: key.node.Value}
	d.object(v,
		field{key: "labels", decode: func(v value) { n.Labels = d.texts(v) }},
	)
	return n
}

func (d *decoder) destinationCluster(key, v value) DestinationCluster {
	c := DestinationCluster{Pos: d.pos(key), Name: key.node.Value}
	d.object(v,
		field{key: "server", decode: func(v value) { c.Server = d.text(v) }},
		field{key: "labels", decode: func(v value) { c.Labels = d.texts(v) }},
		field{key: "annotations", decode: func(v value) { c.Annotations = d.texts(v) }},
	)
	return c
}

func (d *decoder) acceptedGap(v value) AcceptedGap {
	a := AcceptedGap{Pos: d.pos(v)}
	d.object(v,
		field{key: "code", required: true, decode: func(v value) { a.Code = manifest.Code(d.text(v)) }},
		field{key: "path", required: true, decode: func(v value) { a.Path = d.glob(v) }},
		field{key: "reason", required: true, decode: func(v value) { a.Reason = d.text(v) }},
		field{key: "expiry", decode: func(v value) { a.Expiry = d.date(v) }},
	)
	return a
}

func (d *decoder) call(v value) Call {
	c := Call{Pos: d.pos(v)}
	d.object(v,
		field{key: "from", required: true, decode: func(v value) { c.From = d.workload(v) }},
		field{key: "to", required: true, decode: func(v value) { c.To = d.text(v) }},
		field{key: "reason", decode: func(v value) { c.Reason = d.text(v) }},
	)
	return c
}
