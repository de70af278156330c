package flux

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/envsubst"
	"github.com/google/go-cmp/cmp"
	kyaml "sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
)

// vars are the variables of the cases below.
const vars = `
    app: web
    env: prod
    port: "8080"
    flag: "yes"
    sure: "true"
    nothing: ""
    number: "1.5"
    exp: "1e3"
    zip: "0123"
    path: a/b/c
    host: web.example.org
    Mixed: aBc
    map: '{a: 1}'
    list: '[x, z]'
    colon: 'a: b'
    hash: 'a #b'
    quote: '"'
    dollar: a$b
    ref: ${app}
    lines: |
      one
      two
    _x1: under
`

// substitutions are cases of what a field says, and what it has become: the value
// as JSON.
var substitutions = []struct{ name, text, want string }{
	{"plain", `${app}`, `"web"`},
	{"in the middle", `a-${app}-b`, `"a-web-b"`},
	{"two", `${app}-${env}`, `"web-prod"`},
	{"adjacent", `${app}${env}`, `"webprod"`},
	{"without braces", `$app`, `"$app"`},
	{"missing", `${none}`, `null`},
	{"missing in text", `a${none}b`, `"ab"`},
	{"empty", `a${nothing}b`, `"ab"`},
	{"underscore", `${_x1}`, `"under"`},
	{"lower case is another name", `${mixed}a`, `"a"`},
	{"upper case", `${Mixed}`, `"aBc"`},
	{"number", `${port}`, `8080`},
	{"number in quotes", `"${port}"`, `8080`},
	{"number in text", `${port}/tcp`, `"8080/tcp"`},
	{"two numbers", `${port}${port}`, `80808080`},
	{"fraction", `${number}`, `1.5`},
	{"exponent", `${exp}`, `1000`},
	{"leading zero", `${zip}`, `83`},
	{"boolean", `${sure}`, `true`},
	{"yes of YAML 1.1", `${flag}`, `true`},
	{"boolean in text", `is-${sure}`, `"is-true"`},
	{"quoted by the author's escape", `'"${port}"'`, `"\"8080\""`},
	{"mapping", `${map}`, `{"a":1}`},
	{"sequence", `${list}`, `["x","z"]`},
	{"line breaks are dropped", `${lines}`, `"onetwo"`},
	{"comment sign cuts", `${hash}`, `"a"`},
	{"a variable's text is not read again", `${ref}`, `"${app}"`},
	{"dollar in a value", `${dollar}`, `"a$b"`},

	{"default of :=, missing", `${none:=x}`, `"x"`},
	{"default of :=, given", `${app:=x}`, `"web"`},
	{"default of :=, empty", `${nothing:=x}`, `"x"`},
	{"default of :-, missing", `${none:-x}`, `"x"`},
	{"default of :-, given", `${app:-x}`, `"web"`},
	{"default of :-, empty", `${nothing:-x}`, `"x"`},
	{"default of =, missing", `${none=x}`, `"x"`},
	{"default of =, empty", `${nothing=x}`, `"x"`},
	{"default without text", `a${none:-}b`, `"ab"`},
	{"default is a number", `${none:=5}`, `5`},
	{"default is a quantity", `${none:=5Gi}`, `"5Gi"`},
	{"default is a boolean", `${none:=false}`, `false`},
	{"default is a path", `${none:=/var/lib}`, `"/var/lib"`},
	{"default with a space", `${none:=a b}`, `"a b"`},
	{"default is a variable", `${none:=${app}}`, `"web"`},
	{"default is text and a variable", `${none:=a-${app}-b}`, `"a-web-b"`},
	{"default of a default", `${none:=${nil:=deep}}`, `"deep"`},
	{"default of :? is no error", `${none:?x}`, `"x"`},
	{"default of :+ is one too", `${app:+x}`, `"web"`},

	{"escape", `$${app}`, `"${app}"`},
	{"escape in text", `a$${app}b`, `"a${app}b"`},
	{"escape and use", `$${app}=${app}`, `"${app}=web"`},
	{"two dollars", `a$$b`, `"a$b"`},
	{"three dollars", `$$${app}`, `"$web"`},
	{"one dollar", `a$b`, `"a$b"`},
	{"dollar at the end", `a$`, `"a$"`},
	{"command", `$(app)`, `"$(app)"`},

	{"upper", `${app^^}`, `"WEB"`},
	{"upper first", `${app^}`, `"Web"`},
	{"lower", `${Mixed,,}`, `"abc"`},
	{"lower first", `${Mixed,}`, `"aBc"`},
	{"length", `${#app}`, `3`},
	{"from", `${app:1}`, `"eb"`},
	{"from and length", `${host:0:3}`, `"web"`},
	{"from the end", `"${app: -1}"`, `"web"`},
	{"replace first", `${path/\//-}`, `"a-b/c"`},
	{"replace all", `${path//\//-}`, `"a-b-c"`},
	{"replace prefix", `${host/#web/api}`, `"api.example.org"`},
	{"replace suffix", `${host/%org/com}`, `"web.example.com"`},
	{"cut prefix", `${host#web.}`, `"example.org"`},
	{"cut suffix", `${host%.org}`, `"web.example"`},
	{"cut shortest", `${path#*/}`, `"b/c"`},
	{"cut longest", `${path##*/}`, `"c"`},
}

func kustomization(t *testing.T, spec string, more ...string) (*Cluster, *Kustomization) {
	t.Helper()
	objects, gaps := manifest.Parse("ks.yaml", []byte(`apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 1h
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
`+spec))
	for i, text := range more {
		o, g := manifest.Parse(fmt.Sprintf("data-%d.yaml", i), []byte(text))
		objects, gaps = append(objects, o...), append(gaps, g...)
	}
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	c := Read(context.Background(), objects, Repository{Own: func(string) (bool, bool) { return false, false }})
	if len(c.Gaps) > 0 {
		t.Fatal(c.Gaps)
	}
	return c, c.Kustomizations[0]
}

func object(t *testing.T, text string) *manifest.Object {
	t.Helper()
	objects, gaps := manifest.Parse("app.yaml", []byte(text))
	if len(objects) != 1 || len(gaps) > 0 {
		t.Fatalf("%d objects, gaps %v", len(objects), gaps)
	}
	return objects[0]
}

// TestSubstitute compares each case with what is expected, and with what Flux's
// module makes of the text as Flux hands it over.
func TestSubstitute(t *testing.T) {
	c, k := kustomization(t, "  postBuild:\n   substitute:"+vars)
	variables, gaps := c.Variables(k)
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	for _, test := range substitutions {
		t.Run(test.name, func(t *testing.T) {
			o := object(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: "+test.text)
			got, gap := variables.Substitute(o)
			if gap != nil {
				t.Fatal(gap.Reason)
			}
			if diff := cmp.Diff(test.want, jsonOf(t, got.Data["x"])); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(jsonOf(t, flux(t, o, k.Spec.PostBuild.Substitute)), jsonOf(t, got.Data)); diff != "" {
				t.Errorf("differs from Flux (-Flux +got):\n%s", diff)
			}
		})
	}
}

// flux does what Flux's pkg/kustomize does with an object.
func flux(t *testing.T, o *manifest.Object, vars map[string]string) any {
	t.Helper()
	text, err := kyaml.Marshal(o.Data)
	if err != nil {
		t.Fatal(err)
	}
	out, err := envsubst.Eval(string(text), func(name string) (string, bool) { return strings.ReplaceAll(vars[name], "\n", ""), true })
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := kyaml.Unmarshal([]byte(out), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestSubstituteFails(t *testing.T) {
	c, k := kustomization(t, "  postBuild:\n   substitute:"+vars)
	variables, _ := c.Variables(k)
	for name, test := range map[string]struct{ text, want string }{
		"no closing brace":       {"x: ${app", `variables of ConfigMap "a" cannot be substituted: missing closing brace`},
		"no name":                {"x: ${}", `variables of ConfigMap "a" cannot be substituted: unable to parse variable name`},
		"array of a script":      {"x: ${a[@]}", `variables of ConfigMap "a" cannot be substituted: missing closing brace`},
		"default without colon":  {"x: ${none-x}", `variables of ConfigMap "a" cannot be substituted: missing closing brace`},
		"a value that is a pair": {"x: ${colon}", `variables of ConfigMap "a" cannot be substituted: the object is no YAML any more: yaml: line 5: mapping values are not allowed in this context`},
		"a name that is none":    {"metadata: {name: '${port}'}", `variables of ConfigMap "${port}" cannot be substituted: its kind or name is no string any more, or empty`},
	} {
		t.Run(name, func(t *testing.T) {
			text := "apiVersion: v1\nkind: ConfigMap\n" + test.text
			if !strings.Contains(text, "metadata") {
				text += "\nmetadata: {name: a}"
			}
			o := object(t, text)
			got, gap := variables.Substitute(o)
			if gap == nil || gap.Code != manifest.SubstitutionFailed || gap.Reason != test.want {
				t.Errorf("got gap %+v, want %q", gap, test.want)
			}
			if got != o {
				t.Error("the object changed")
			}
		})
	}
}

func TestOptOut(t *testing.T) {
	c, k := kustomization(t, "  postBuild: {substitute: {app: web}}")
	variables, _ := c.Variables(k)
	for meta, want := range map[string]string{
		`labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}`:      "${app}",
		`annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}`: "${app}",
		`annotations: {kustomize.toolkit.fluxcd.io/substitute: enabled}`:  "web",
		`annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}`:      "web",
	} {
		got, _ := variables.Substitute(object(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, "+meta+"}\nx: ${app}"))
		if got.Data["x"] != want {
			t.Errorf("%s: x is %q, want %q", meta, got.Data["x"], want)
		}
	}
}

// TestVariables checks where values come from, in Flux's order, and what is not known.
func TestVariables(t *testing.T) {
	const data = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: flux-system}
data: {a: map, b: map, c: map, d: map}
---
apiVersion: v1
kind: Secret
metadata: {name: plain, namespace: flux-system}
data: {b: c2VjcmV0, bad: '%'}
stringData: {c: secret}
---
apiVersion: v1
kind: Secret
metadata: {name: sops, namespace: flux-system}
stringData: {token: "ENC[AES256_GCM,data:x,type:str]", open: text}
sops: {version: 3.9.0}
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: sealed, namespace: flux-system}
spec: {encryptedData: {sealed: AgBx}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: made, namespace: flux-system}
spec:
  target: {name: external, template: {data: {secret: "{{ .x }}", host: example.org}}}
  dataFrom: [{extract: {key: all}}]
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: pulled, namespace: flux-system}
spec:
  data: [{secretKey: one, remoteRef: {key: x}}]
  dataFrom: [{extract: {key: all}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: other}
data: {a: other}
`
	tests := map[string]struct {
		build string
		text  string
		want  string
		notes []string
	}{
		"no postBuild":         {``, `${a:=x}`, `${a:=x}`, nil},
		"no variables":         {`{substitute: {}}`, `${a:=x}`, `${a:=x}`, nil},
		"always":               {`{substituteStrategy: Always}`, `${a:=x}`, `x`, nil},
		"with variables":       {`{substituteStrategy: WithVariables}`, `${a:=x}`, `${a:=x}`, nil},
		"of a ConfigMap":       {`{substituteFrom: [{kind: ConfigMap, name: settings}]}`, `${a}`, `map`, nil},
		"later ones win":       {`{substituteFrom: [{kind: ConfigMap, name: settings}, {kind: Secret, name: plain}]}`, `${a} ${b} ${c}`, `map secret secret`, []string{`ks.yaml:8: 1 of the variables of Secret "plain" are encrypted or come from elsewhere: they stay as they are written`}},
		"the order is listed":  {`{substituteFrom: [{kind: Secret, name: plain}, {kind: ConfigMap, name: settings}]}`, `${a} ${b} ${c}`, `map map map`, []string{`ks.yaml:8: 1 of the variables of Secret "plain" are encrypted or come from elsewhere: they stay as they are written`}},
		"its own win":          {`{substitute: {b: own}, substituteFrom: [{kind: ConfigMap, name: settings}]}`, `${a} ${b}`, `map own`, nil},
		"optional and missing": {`{substitute: {a: own}, substituteFrom: [{kind: ConfigMap, name: none, optional: true}]}`, `${a} ${b:-x}`, `own x`, nil},
		"optional and there":   {`{substituteFrom: [{kind: ConfigMap, name: settings, optional: true}]}`, `${a}`, `map`, nil},
		"encrypted":            {`{substituteFrom: [{kind: Secret, name: sops}]}`, `${token} ${token:-x} ${open} ${none}.`, `${token} ${token} text .`, []string{`ks.yaml:8: 1 of the variables of Secret "sops" are encrypted or come from elsewhere: they stay as they are written`}},
		"sealed":               {`{substituteFrom: [{kind: Secret, name: sealed}]}`, `${sealed}`, `${sealed}`, []string{`ks.yaml:8: 1 of the variables of Secret "sealed" are encrypted or come from elsewhere: they stay as they are written`}},
		"external": {
			`{substituteFrom: [{kind: Secret, name: external}]}`, `${secret} ${host} ${none:=x}`, `${secret} example.org x`,
			[]string{`ks.yaml:8: 1 of the variables of Secret "external" are encrypted or come from elsewhere: they stay as they are written`},
		},
		"external, without a template": {
			`{substituteFrom: [{kind: Secret, name: pulled}]}`, `${one} ${other}`, `${one} ${other}`,
			[]string{`ks.yaml:8: what Secret "pulled" holds is not known: its variables stay as they are written, or have their defaults`},
		},
		"not base64": {`{substituteFrom: [{kind: Secret, name: plain}]}`, `${bad}`, `${bad}`, []string{`ks.yaml:8: 1 of the variables of Secret "plain" are encrypted or come from elsewhere: they stay as they are written`}},
		"not in the repository": {
			`{substitute: {a: own}, substituteFrom: [{kind: Secret, name: none}]}`, `${a} ${b}`, `own ${b}`,
			[]string{`ks.yaml:8: Secret "none" of namespace "flux-system" is not in the repository: its variables stay as they are written, or have their defaults`},
		},
		"a default over what is not known": {
			`{substituteFrom: [{kind: Secret, name: none}]}`, `${a:=x} ${b:=x} ${b}`, `x ${b} ${b}`,
			[]string{`ks.yaml:8: Secret "none" of namespace "flux-system" is not in the repository: its variables stay as they are written, or have their defaults`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			spec := ""
			if test.build != "" {
				spec = "  postBuild: " + test.build
			}
			c, k := kustomization(t, spec, data)
			variables, gaps := c.Variables(k)
			var notes []string
			for _, g := range gaps {
				if !g.Note || g.Code != manifest.UnknownValue {
					t.Errorf("%+v is no note of an unknown value", g)
				}
				notes = append(notes, fmt.Sprintf("%s:%d: %s", g.File, g.Line, g.Reason))
			}
			if diff := cmp.Diff(test.notes, notes); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			got, gap := variables.Substitute(object(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: "+test.text))
			if gap != nil {
				t.Fatal(gap.Reason)
			}
			if got.Data["x"] != test.want {
				t.Errorf("x is %q, want %q", got.Data["x"], test.want)
			}
		})
	}
}

// TestUnknownIsNotChanged checks that nothing is computed from a value that is not known.
func TestUnknownIsNotChanged(t *testing.T) {
	c, k := kustomization(t, "  postBuild: {substituteFrom: [{kind: Secret, name: none}]}")
	variables, _ := c.Variables(k)
	for _, text := range []string{"${a^^}", "${#a}", "${a:0:1}", "${a/x/y}", "${a%x}"} {
		o := object(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: "+text)
		got, gap := variables.Substitute(o)
		if gap == nil || gap.Code != manifest.UnknownValue || got != o {
			t.Errorf("%s: gap %+v, object changed: %v", text, gap, got != o)
		}
	}
}

// TestSubstitutedOrigins checks that what substitution changed stands where it was
// written, by way of the variable's definition.
func TestSubstitutedOrigins(t *testing.T) {
	c, k := kustomization(t, "  postBuild:\n    substitute:\n      app: web\n      map: '{a: {b: c}}'\n    substituteFrom: [{kind: ConfigMap, name: settings}]", `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: flux-system}
data:
  port: "80"
`)
	variables, _ := c.Variables(k)
	o, gap := variables.Substitute(object(t, `apiVersion: v1
kind: Service
metadata:
  name: ${app}
  labels: {fixed: as-is}
spec:
  ports:
    - port: ${port}
      name: ${app}-${port}
  size: ${none:=5}
  ${app}: key
  deep: ${map}
  script: echo $HOME
`))
	if gap != nil {
		t.Fatal(gap.Reason)
	}
	app, port := "ks.yaml:10:7", "data-0.yaml:6:3"
	for _, test := range []struct {
		path  []any
		line  int
		exact bool
		via   []string
	}{
		{nil, 1, true, nil},
		{[]any{"kind"}, 2, true, nil},
		{[]any{"metadata", "name"}, 4, false, []string{app}},
		{[]any{"metadata", "labels", "fixed"}, 5, true, nil},
		{[]any{"spec", "ports", 0}, 8, true, nil},
		{[]any{"spec", "ports", 0, "port"}, 8, false, []string{port}},
		{[]any{"spec", "ports", 0, "name"}, 9, false, []string{port, app}},
		{[]any{"spec", "size"}, 10, false, nil},
		{[]any{"spec", "web"}, 6, false, nil},
		{[]any{"spec", "script"}, 13, true, nil},
		{[]any{"spec", "deep", "a", "b"}, 12, false, []string{"ks.yaml:11:7"}},
	} {
		origin := o.At(test.path...)
		var via []string
		for _, p := range origin.Via {
			via = append(via, p.String())
		}
		if origin.File != "app.yaml" || origin.Line != test.line || origin.Exact != test.exact || !cmp.Equal(via, test.via) {
			t.Errorf("%v is at %s, exact %v, via %v; want line %d, exact %v, via %v", test.path, origin.Pos, origin.Exact, via, test.line, test.exact, test.via)
		}
	}
}

// FuzzSubstitute compares with Flux's module on any text and value.
func FuzzSubstitute(f *testing.F) {
	for _, test := range substitutions {
		f.Add(test.text, "web")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		value = strings.ReplaceAll(value, "\n", "")
		variables := &Variables{values: map[string]datum{"app": {text: value}}}
		objects, _ := manifest.Parse("app.yaml", []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: "+text))
		if len(objects) != 1 {
			return
		}
		o := objects[0]
		got, gap := variables.Substitute(o)
		if gap != nil {
			return
		}
		if want := jsonOf(t, flux(t, o, map[string]string{"app": value})); want != jsonOf(t, got.Data) {
			t.Errorf("got %s, Flux has %s", jsonOf(t, got.Data), want)
		}
	})
}

func TestSubstituteBounds(t *testing.T) {
	long := strings.Repeat("x", maxArgument+1)
	variables := &Variables{values: map[string]datum{"long": {text: long}, "big": {text: strings.Repeat("x", 1<<16)}, "a": {text: "b"}}}
	for name, text := range map[string]string{
		"a function on a long value": "${long%%x*}",
		"many functions":             strings.Repeat("${a^}", maxFunctions+1),
		"many escapes":               strings.Repeat("$$ ", maxEscapes+1),
		"a large object":             "$" + strings.Repeat("x", maxText),
		"a large result":             strings.Repeat("${big}", 100),
	} {
		t.Run(name, func(t *testing.T) {
			o := object(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: '"+text+"'")
			got, gap := variables.Substitute(o)
			if gap == nil || gap.Code != manifest.LimitExceeded || got != o {
				t.Errorf("gap %+v, object changed: %v", gap, got != o)
			}
		})
	}
}
