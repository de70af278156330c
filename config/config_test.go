package config

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ringfence/ringfence/manifest"
)

const full = `# what we run
targets:
  - dir: charts/shop
    environments: [prod, staging]
    namespace: shop
    release: shop
    values: [charts/shop/values.yaml, envs/prod.yaml]
    set: ["image.tag=1.2"]
    kubeVersion: "1.33"
    apiVersions: [monitoring.coreos.com/v1]
environments:
  prod: {targets: ["apps/*/overlays/prod", ./clusters/prod/**]}
  "2024": {targets: [old/]}
namespaces:
  monitoring: {labels: {team: obs, empty: ""}}
  kube-system:
clusters:
  prod-eu: {server: "https://eu.example.com", labels: {stage: prod}, annotations: {region: eu}}
  dev:
repository: https://git.example.com/team/gitops
fail-on: high
kubeVersion: v1.34.2
apiVersions: [cert-manager.io/v1]
gaps:
  - code: remote-reference
    path: infra/**
    reason: the base lives in another repository
    expiry: 2030-01-31
traffic:
  - from: shop/Deployment/web
    to: "db.data:5432, external:internet"
    reason: seen in production
  - {from: shop/cart, to: redis}
cluster:
  dns:
    pods: {namespace: openshift-dns, labels: {dns.operator.openshift.io/daemonset-dns: default}}
    port: 5353
    node-local: [169.254.20.10, "fd00::10"]
  cni: calico
  api-server: [10.0.0.1/32]
  nodes: [10.1.2.3/16, "2001:db8::/64"]
  ingress-controller: {namespace: ingress}
  prometheus: {namespace: monitoring, labels: {app: prometheus}}
  private-ranges: [10.0.0.0/8]
  operator-pods: [{namespace: data, labels: {cluster: orders}}]
rules: [policies/rules/]
severities:
  - {rule: missing-default-deny, severity: low}
  - {rule: unprotected-workload, severity: off, path: "tests/**", environment: dev}
ignores:
  - rule: host-network-pod
    resource: monitoring/DaemonSet/node-*
    path: infra/**
    environment: prod-*
    reason: must see the node
    expiry: 2030-01-31
fetch:
  allow: [charts.example.com, "*.ghcr.io"]
`

func TestLoad(t *testing.T) {
	at := func(line, column int) manifest.Pos { return manifest.Pos{File: FileName, Line: line, Column: column} }
	want := &Config{
		Targets: []Target{{
			Pos: at(3, 5), Dir: "charts/shop", Environments: []string{"prod", "staging"}, Namespace: "shop", Release: "shop",
			Values: []string{"charts/shop/values.yaml", "envs/prod.yaml"}, Set: []string{"image.tag=1.2"},
			KubeVersion: "1.33", APIVersions: []string{"monitoring.coreos.com/v1"},
		}},
		Environments: []Environment{
			{Pos: at(12, 3), Name: "prod", Targets: []Glob{"apps/*/overlays/prod", "clusters/prod/**"}},
			{Pos: at(13, 3), Name: "2024", Targets: []Glob{"old"}},
		},
		Namespaces: []Namespace{
			{Pos: at(15, 3), Name: "monitoring", Labels: map[string]string{"team": "obs", "empty": ""}},
			{Pos: at(16, 3), Name: "kube-system"},
		},
		Clusters: []DestinationCluster{
			{
				Pos: at(18, 3), Name: "prod-eu", Server: "https://eu.example.com",
				Labels: map[string]string{"stage": "prod"}, Annotations: map[string]string{"region": "eu"},
			},
			{Pos: at(19, 3), Name: "dev"},
		},
		Repository:  "https://git.example.com/team/gitops",
		FailOn:      "high",
		KubeVersion: "v1.34.2",
		APIVersions: []string{"cert-manager.io/v1"},
		Gaps: []AcceptedGap{{
			Pos: at(25, 5), Code: manifest.RemoteReference, Path: "infra/**",
			Reason: "the base lives in another repository", Expiry: time.Date(2030, 1, 31, 0, 0, 0, 0, time.UTC),
		}},
		Traffic: []Call{
			{Pos: at(30, 5), From: "shop/Deployment/web", To: "db.data:5432, external:internet", Reason: "seen in production"},
			{Pos: at(33, 5), From: "shop/cart", To: "redis"},
		},
		Cluster: Cluster{
			DNS: DNS{
				Pods:      &Pods{Pos: at(36, 11), Namespace: "openshift-dns", Labels: map[string]string{"dns.operator.openshift.io/daemonset-dns": "default"}},
				Port:      5353,
				NodeLocal: []netip.Addr{netip.MustParseAddr("169.254.20.10"), netip.MustParseAddr("fd00::10")},
			},
			CNI:               "calico",
			APIServer:         []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")},
			Nodes:             []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/64")},
			IngressController: &Pods{Pos: at(42, 23), Namespace: "ingress"},
			Prometheus:        &Pods{Pos: at(43, 15), Namespace: "monitoring", Labels: map[string]string{"app": "prometheus"}},
			PrivateRanges:     []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			OperatorPods:      []*Pods{{Pos: at(45, 19), Namespace: "data", Labels: map[string]string{"cluster": "orders"}}},
		},
		Rules: []string{"policies/rules"},
		Severities: []Severity{
			{Pos: at(48, 5), Rule: "missing-default-deny", Severity: "low"},
			{Pos: at(49, 5), Rule: "unprotected-workload", Severity: Off, Path: "tests/**", Environment: "dev"},
		},
		Ignores: []Ignore{{
			Pos: at(51, 5), Rule: "host-network-pod", Resource: "monitoring/DaemonSet/node-*", Path: "infra/**", Environment: "prod-*",
			Reason: "must see the node", Expiry: time.Date(2030, 1, 31, 0, 0, 0, 0, time.UTC),
		}},
		Fetch: Fetch{Allow: []string{"charts.example.com", "*.ghcr.io"}},
	}
	got, err := Load([]byte(full), FileName)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A document is one case for both the decoder and the schema. Errors are the
// lines of the decoder's error, empty for a document that is accepted.
type document struct {
	name, text string
	errors     []string
	// beyondSchema marks what JSON Schema cannot say.
	beyondSchema bool
}

var documents = []document{
	{name: "full", text: full},
	{name: "empty", text: ""},
	{name: "comment only", text: "# nothing yet\n"},
	{name: "byte-order mark and CRLF", text: "\ufefffail-on: low\r\nkubeVersion: \"1.34\"\r\n"},
	{name: "separator", text: "---\nfail-on: low\n"},
	{name: "null collections", text: "targets:\nenvironments: ~\nnamespaces: null\ngaps:\napiVersions:\n"},
	{name: "JSON", text: `{"fail-on": "none", "targets": [{"dir": "a"}]}`},
	{name: "alias", text: "apiVersions: &a [x/v1]\ntargets: [{dir: a, apiVersions: *a}]"},
	{name: "yes is a string", text: "targets: [{dir: a, release: yes}]"},
	{
		name: "unknown key", text: "fail-on: low\nenviroments:\n  prod: {}\n",
		errors: []string{`.ringfence.yaml:2:1: unknown key "enviroments", did you mean "environments"`},
	},
	{
		name: "other key style", text: "failOn: low\nkube_version: '1.34'\n",
		errors: []string{
			`.ringfence.yaml:1:1: unknown key "failOn", did you mean "fail-on"`,
			`.ringfence.yaml:2:1: unknown key "kube_version", did you mean "kubeVersion"`,
		},
	},
	{
		name: "unknown key without a neighbour", text: "environments:\n  prod: {targets: [], colour: red}\n",
		errors: []string{`.ringfence.yaml:2:23: unknown key "environments.prod.colour", the keys here are targets`},
	},
	{
		name: "unknown key in a list", text: "targets:\n- dir: a\n  nmaespace: b\n",
		errors: []string{`.ringfence.yaml:3:3: unknown key "targets[0].nmaespace", did you mean "namespace"`},
	},
	{
		name: "merge key", text: "targets:\n- &a {dir: a}\n- {<<: *a}\n",
		errors: []string{
			`.ringfence.yaml:3:3: "targets[1]" lacks the key "dir"`,
			`.ringfence.yaml:3:4: unknown key "targets[1].<<", the keys here are dir, environments, namespace, release, values, set, kubeVersion, apiVersions`,
		},
	},
	{
		name: "duplicate key", text: "fail-on: low\n\nfail-on: high\n", beyondSchema: true,
		errors: []string{`.ringfence.yaml:3:1: duplicate key "fail-on", first at line 1`},
	},
	{
		name: "duplicate name", text: "environments:\n  a: {targets: []}\n  a: {targets: []}\n", beyondSchema: true,
		errors: []string{`.ringfence.yaml:3:3: duplicate key "environments.a", first at line 2`},
	},
	{
		name: "wrong types", text: "targets: {dir: a}\nenvironments: [prod]\nnamespaces: {a: [b]}\nfail-on: [high]\napiVersions: x/v1\ngaps: 3\n",
		errors: []string{
			`.ringfence.yaml:1:10: "targets" must be a list, not a mapping`,
			`.ringfence.yaml:2:15: "environments" must be a mapping, not a list`,
			`.ringfence.yaml:3:17: "namespaces.a" must be a mapping, not a list`,
			`.ringfence.yaml:4:10: "fail-on" must be a string, not a list`,
			`.ringfence.yaml:5:14: "apiVersions" must be a list, not a string`,
			`.ringfence.yaml:6:7: "gaps" must be a list, not a number`,
		},
	},
	{
		name: "wrong root", text: "- a\n",
		errors: []string{`.ringfence.yaml:1:1: the file must be a mapping, not a list`},
	},
	{
		name: "unquoted version", text: "kubeVersion: 1.30\n",
		errors: []string{`.ringfence.yaml:1:14: "kubeVersion" must be a string, not a number, put it in quotes`},
	},
	{
		name: "no version", text: "kubeVersion: newest\n",
		errors: []string{`.ringfence.yaml:1:14: "kubeVersion" must be a version such as 1.34, not "newest"`},
	},
	{
		name: "label that is no string", text: "namespaces: {a: {labels: {x: true, y: ~}}}\n",
		errors: []string{
			`.ringfence.yaml:1:30: "namespaces.a.labels.x" must be a string, not a boolean, put it in quotes`,
			`.ringfence.yaml:1:39: "namespaces.a.labels.y" must be a string, not empty`,
		},
	},
	{
		name: "binary", text: "targets: [{dir: !!binary aGk=}]\n", beyondSchema: true,
		errors: []string{`.ringfence.yaml:1:17: "targets[0].dir" must be a string, not "!!binary"`},
	},
	{
		name: "unknown severity", text: "fail-on: hihg\n",
		errors: []string{`.ringfence.yaml:1:10: "fail-on" must be one of high, medium, low, note, none, not "hihg"`},
	},
	{
		name: "missing keys", text: "targets: [{}]\ngaps:\n- code: a\nenvironments: {x: }\n",
		errors: []string{
			`.ringfence.yaml:1:11: "targets[0]" lacks the key "dir"`,
			`.ringfence.yaml:3:3: "gaps[0]" lacks the key "path"`,
			`.ringfence.yaml:3:3: "gaps[0]" lacks the key "reason"`,
			`.ringfence.yaml:4:19: "environments.x" lacks the key "targets"`,
		},
	},
	{
		name: "a call without ends", text: "traffic: [{reason: a}]\n",
		errors: []string{
			`.ringfence.yaml:1:11: "traffic[0]" lacks the key "from"`,
			`.ringfence.yaml:1:11: "traffic[0]" lacks the key "to"`,
		},
	},
	{
		name: "no workload", text: "traffic:\n- {from: web, to: db}\n- {from: a/b/c/d, to: db}\n- {from: 'a/ b', to: ''}\n",
		errors: []string{
			`.ringfence.yaml:2:10: "traffic[0].from" must be namespace/Kind/name or namespace/name, not "web"`,
			`.ringfence.yaml:3:10: "traffic[1].from" must be namespace/Kind/name or namespace/name, not "a/b/c/d"`,
			`.ringfence.yaml:4:10: "traffic[2].from" must be namespace/Kind/name or namespace/name, not "a/ b"`,
			`.ringfence.yaml:4:22: "traffic[2].to" must not be empty`,
		},
	},
	{
		name: "no such key of the cluster", text: "cluster: {apiServer: [], dns: {nodelocal: []}, nodes: }\n",
		errors: []string{
			`.ringfence.yaml:1:11: unknown key "cluster.apiServer", did you mean "api-server"`,
			`.ringfence.yaml:1:32: unknown key "cluster.dns.nodelocal", did you mean "node-local"`,
		},
	},
	{
		name: "no blocks", text: "cluster: {api-server: [10.0.0.1], nodes: 10.0.0.0/8, private-ranges: [0.0.0.0/0]}\n",
		errors: []string{
			`.ringfence.yaml:1:24: "cluster.api-server[0]" must be a block of addresses such as 10.0.0.0/8, not "10.0.0.1"`,
			`.ringfence.yaml:1:42: "cluster.nodes" must be a list, not a string`,
			`.ringfence.yaml:1:71: "cluster.private-ranges[0]" must not be every address`,
		},
	},
	{
		name: "no DNS", text: "cluster: {dns: {port: 70000, node-local: [localhost]}}\n",
		errors: []string{
			`.ringfence.yaml:1:23: "cluster.dns.port" must be a port, not 70000`,
			`.ringfence.yaml:1:43: "cluster.dns.node-local[0]" must be an address such as 169.254.20.10, not "localhost"`,
		},
	},
	{
		name: "a port in words", text: "cluster: {dns: {port: '53'}}\n",
		errors: []string{`.ringfence.yaml:1:23: "cluster.dns.port" must be a number, not a string`},
	},
	{
		name: "no namespace", text: "cluster: {prometheus: {labels: {app: x}}, ingress-controller: {namespace: ' '}}\n",
		errors: []string{
			`.ringfence.yaml:1:23: "cluster.prometheus" lacks the key "namespace"`,
			`.ringfence.yaml:1:75: "cluster.ingress-controller.namespace" must not be empty`,
		},
	},
	{
		name: "blank reason", text: "gaps: [{code: a, path: b, reason: ' '}]\n",
		errors: []string{`.ringfence.yaml:1:35: "gaps[0].reason" must not be empty`},
	},
	{
		name: "no date", text: "gaps: [{code: a, path: b, reason: c, expiry: 2030-02-30}]\n",
		errors: []string{`.ringfence.yaml:1:46: "gaps[0].expiry" must be a date such as 2030-01-31, not "2030-02-30"`},
	},
	{
		name: "absolute path", text: "targets: [{dir: /etc}]\n",
		errors: []string{`.ringfence.yaml:1:17: "targets[0].dir" must lie in the repository, not at "/etc"`},
	},
	{
		name: "path that leaves", text: "targets: [{dir: a, values: [a/../../b]}]\n", beyondSchema: true,
		errors: []string{`.ringfence.yaml:1:29: "targets[0].values[0]" must lie in the repository, not at "a/../../b"`},
	},
	{
		name: "bad bracket", text: "environments: {a: {targets: ['x/[a-/y']}}\n", beyondSchema: true,
		errors: []string{`.ringfence.yaml:1:30: "environments.a.targets[0]" is not a valid pattern: a bracket or backslash has no end`},
	},
	{
		name: "negated bracket", text: "environments: {a: {targets: ['x/[!a]']}}\n", beyondSchema: true,
		errors: []string{`.ringfence.yaml:1:30: "environments.a.targets[0]" cannot hold "[!", write "[^" for all other characters`},
	},
	{
		name: "braces", text: "environments: {a: {targets: ['{x,y}']}}\n",
		errors: []string{`.ringfence.yaml:1:30: "environments.a.targets[0]" cannot hold braces, list the patterns instead`},
	},
	{
		name: "exclusion", text: "environments: {a: {targets: ['!x']}}\n",
		errors: []string{`.ringfence.yaml:1:30: "environments.a.targets[0]" cannot exclude with "!"`},
	},
	{
		name: "key that is no name", text: "environments: {? [a] : {}, ~: {}, '': {}}\n", beyondSchema: true,
		errors: []string{
			`.ringfence.yaml: line 1: a key must be a scalar`,
		},
	},
	{
		name: "empty name", text: "environments: {'': {targets: []}}\n",
		errors: []string{`.ringfence.yaml:1:16: "environments" holds a key that is no name`},
	},
	{
		name: "control characters", text: "\"a\\eb\\n\": 1\n",
		errors: []string{`.ringfence.yaml:1:1: unknown key "a\x1bb\n", the keys here are targets, environments, namespaces, clusters, repository, fail-on, kubeVersion, apiVersions, gaps, traffic, cluster, rules, severities, ignores, fetch`},
	},
	{
		name: "hosts", text: "fetch: {allow: ['https://example.com', example.com/charts, '*', '*.example.com:8443', me@example.com, 'example.com:8443', '*.example.com', '[::1]:5000', '::1', 10.0.0.1]}\n",
		errors: []string{
			`.ringfence.yaml:1:17: "fetch.allow[0]" must be a host such as example.com, example.com:8443 or *.example.com, not "https://example.com"`,
			`.ringfence.yaml:1:40: "fetch.allow[1]" must be a host such as example.com, example.com:8443 or *.example.com, not "example.com/charts"`,
			`.ringfence.yaml:1:60: "fetch.allow[2]" must be a host such as example.com, example.com:8443 or *.example.com, not "*"`,
			`.ringfence.yaml:1:65: "fetch.allow[3]" must be a host such as example.com, example.com:8443 or *.example.com, not "*.example.com:8443"`,
			`.ringfence.yaml:1:87: "fetch.allow[4]" must be a host such as example.com, example.com:8443 or *.example.com, not "me@example.com"`,
		},
	},
	{
		name: "an ignore of everything", text: "ignores:\n- reason: a\n- {rule: x, expires: 2030-01-01}\n",
		errors: []string{
			`.ringfence.yaml:2:3: "ignores[0]" ignores everything: give a rule, resource, path or environment`,
			`.ringfence.yaml:3:3: "ignores[1]" lacks the key "reason"`,
			`.ringfence.yaml:3:13: unknown key "ignores[1].expires", did you mean "expiry"`,
		},
	},
	{
		name: "no resource", text: "ignores: [{resource: web, reason: a}, {resource: a/b/c/d, reason: b}, {resource: a//c, reason: c}]\n",
		errors: []string{
			`.ringfence.yaml:1:22: "ignores[0].resource" must be Kind/name or namespace/Kind/name, not "web"`,
			`.ringfence.yaml:1:50: "ignores[1].resource" must be Kind/name or namespace/Kind/name, not "a/b/c/d"`,
			`.ringfence.yaml:1:82: "ignores[2].resource" must be Kind/name or namespace/Kind/name, not "a//c"`,
		},
	},
	{
		name: "resource of any depth", text: "ignores: [{resource: '**/web', reason: a}]\n", beyondSchema: true,
		errors: []string{`.ringfence.yaml:1:22: "ignores[0].resource" cannot hold "**", a part matches one name`},
	},
	{
		name: "no such severity", text: "severities: [{rule: a, severity: none}, {rule: b}, {rule: c, severity: false}]\n",
		errors: []string{
			`.ringfence.yaml:1:34: "severities[0].severity" must be one of high, medium, low, note, off, not "none"`,
			`.ringfence.yaml:1:41: "severities[1]" lacks the key "severity"`,
			`.ringfence.yaml:1:72: "severities[2].severity" must be a string, not a boolean, put it in quotes`,
		},
	},
	{
		name: "syntax", text: "fail-on: low\ntargets: [\n", beyondSchema: true,
		errors: []string{`.ringfence.yaml:3: did not find expected node content`},
	},
	{
		name: "second document", text: "fail-on: low\n---\nfail-on: high\n", beyondSchema: true,
		errors: []string{`.ringfence.yaml:2: a second document is not read, put everything into one`},
	},
	{
		name: "second document after dots", text: "fail-on: low\n...\nfail-on: high\n", beyondSchema: true,
		errors: []string{`.ringfence.yaml: a second document is not read, put everything into one`},
	},
	{
		name: "alias to itself", text: "targets: &a [*a]\n", beyondSchema: true,
		errors: []string{`.ringfence.yaml: nested deeper than 1000 levels`},
	},
}

func TestLoadErrors(t *testing.T) {
	for _, doc := range documents {
		t.Run(doc.name, func(t *testing.T) {
			c, err := Load([]byte(doc.text), FileName)
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(doc.errors, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (c == nil) != (err != nil) {
				t.Errorf("config %v with error %v", c, err)
			}
		})
	}
}

func TestErrorCarriesPositionAndKey(t *testing.T) {
	_, err := Load([]byte("targets:\n- dir: a\n  nmaespace: b\n"), "x.yaml")
	var fault *Error
	if !errors.As(err, &fault) {
		t.Fatalf("got %T, want *Error", err)
	}
	want := Error{
		Pos: manifest.Pos{File: "x.yaml", Line: 3, Column: 3}, Key: "targets[0].nmaespace",
		Message: `unknown key "targets[0].nmaespace", did you mean "namespace"`,
	}
	if diff := cmp.Diff(want, *fault); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestManyMistakesAreBounded(t *testing.T) {
	_, err := Load([]byte("apiVersions: ["+strings.Repeat("1,", 10_000)+"]"), FileName)
	if n := strings.Count(err.Error(), "\n") + 1; n != maxFaults {
		t.Errorf("got %d mistakes, want %d", n, maxFaults)
	}
}

func TestEnvironmentsOf(t *testing.T) {
	c, err := Load([]byte(`
environments:
  prod: {targets: ["apps/*/overlays/prod", all]}
  canary: {targets: [apps/shop/**, all]}
`), FileName)
	if err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string][]string{
		"apps/shop/overlays/prod": {"canary", "prod"},
		"apps/cart/overlays/prod": {"prod"},
		"all":                     {"canary", "prod"},
		"apps/cart":               nil,
		".":                       nil,
	} {
		if diff := cmp.Diff(want, c.EnvironmentsOf(dir)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", dir, diff)
		}
	}
}

func TestAcceptedGap(t *testing.T) {
	accepted := AcceptedGap{Code: manifest.MissingFile, Path: "infra/**", Expiry: time.Date(2030, 1, 31, 0, 0, 0, 0, time.UTC)}
	gap := func(code manifest.Code, file string) manifest.Gap {
		return manifest.Gap{Code: code, Pos: manifest.Pos{File: file, Line: 3}}
	}
	if !accepted.Accepts(gap(manifest.MissingFile, "infra/dns/kustomization.yaml")) {
		t.Error("refused a gap of its code and path")
	}
	if accepted.Accepts(gap(manifest.InvalidYAML, "infra/a.yaml")) || accepted.Accepts(gap(manifest.MissingFile, "apps/a.yaml")) {
		t.Error("accepted a gap of another code or path")
	}
	for now, want := range map[string]bool{
		"2030-01-30T00:00:00Z":      false,
		"2030-01-31T23:59:59Z":      false,
		"2030-02-01T00:00:00Z":      true,
		"2030-02-01T00:30:00+01:00": false,
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := accepted.Expired(at); got != want {
			t.Errorf("expired at %s: got %t, want %t", now, got, want)
		}
	}
	if (AcceptedGap{}).Expired(time.Now()) {
		t.Error("an entry without expiry expired")
	}
}

func FuzzLoad(f *testing.F) {
	for _, doc := range documents {
		f.Add([]byte(doc.text))
	}
	schema := compileSchema(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Load(data, FileName)
		if err != nil {
			var fault *Error
			if !errors.As(err, &fault) || fault.File != FileName {
				t.Errorf("error %v is no *Error with a file", err)
			}
			return
		}
		c.EnvironmentsOf("apps/a/overlays/prod")
		if err := schema.Validate(plainData(t, data)); err != nil {
			t.Errorf("the schema refuses what Load accepts: %v", err)
		}
	})
}
