package argocd

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	sigsyaml "sigs.k8s.io/yaml"
)

// A renderer puts parameters into the strings of a template, in one of the two
// languages of ApplicationSets.
type renderer struct {
	goTemplate bool
	options    []string // of Go templates
	run        func(Execution) (string, error)
}

// all renders every string of a value, also keys.
func (r renderer) all(value any, params map[string]any) (any, error) {
	switch v := value.(type) {
	case string:
		return r.text(v, params)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			rendered, err := r.all(item, params)
			if err != nil {
				return nil, err
			}
			list[i] = rendered
		}
		return list, nil
	case map[string]any:
		m := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			rendered, err := r.all(v[key], params)
			if err != nil {
				return nil, err
			}
			name, err := r.text(key, params)
			if err != nil {
				return nil, err
			}
			m[name] = rendered
		}
		return m, nil
	default:
		return value, nil
	}
}

func (r renderer) text(text string, params map[string]any) (string, error) {
	if !r.goTemplate {
		return replaceTags(text, params)
	}
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	x := Execution{Text: text, Options: r.options, Params: params}
	if r.run == nil || substitution.MatchString(text) {
		return x.Run()
	}
	x.Params, _ = encodable(params).(map[string]any)
	return r.run(x)
}

// substitution matches templates that only put fields of parameters into a text.
var substitution = regexp.MustCompile(`^(?:[^{]|\{[^{]|\{\{-? *\.[\w.]* *-?\}\})*$`)

// templated tells which texts have tags at all: on one line.
var templated = regexp.MustCompile(`.*{{.*}}.*`)

// replaceTags replaces each {{name}} for which there is a string.
func replaceTags(text string, params map[string]any) (string, error) {
	if !templated.MatchString(text) {
		return text, nil
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		tag, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return "", fmt.Errorf("the template %q does not end", "{{"+oneLine(rest))
		}
		if value, ok := params[strings.TrimSpace(tag)].(string); ok {
			b.WriteString(value)
		} else {
			b.WriteString("{{" + tag + "}}")
		}
		text = after
	}
}

// maxOutput bounds what one template makes, in bytes, and maxItems what one of its
// functions does.
const (
	maxOutput = 4 << 20
	maxItems  = 10_000
)

// An Execution is a Go template to execute.
type Execution struct {
	Text    string
	Options []string       // of package text/template
	Params  map[string]any // as manifest.EncodeValue takes them, where they come from Execute
}

// Run executes the template in this process. Output and what single functions make are
// bounded; time and memory are not.
func (x Execution) Run() (result string, err error) {
	defer func() {
		if p := recover(); p != nil { // by an option that text/template does not know
			err = fmt.Errorf("%v", p)
		}
	}()
	t, err := functions().Clone()
	if err != nil {
		return "", err
	}
	if t, err = t.Option(x.Options...).Parse(x.Text); err != nil {
		return "", templateError(err)
	}
	var out limited
	if err := t.Execute(&out, x.Params); err != nil {
		return "", templateError(err)
	}
	return out.String(), nil
}

// templateError leaves out what text/template says of a template without a name.
func templateError(err error) error {
	text := oneLine(err.Error())
	if _, cause, found := strings.Cut(text, ">: "); found {
		return errors.New(cause)
	}
	return errors.New(strings.TrimPrefix(text, "template: "))
}

type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxOutput {
		return 0, fmt.Errorf("makes more than %d bytes", maxOutput)
	}
	return l.Buffer.Write(p)
}

// random are the functions that give something else each time.
var random = []string{
	"now", "ago", "randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "randInt", "shuffle", "uuidv4", "bcrypt", "htpasswd",
	"genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey",
	"encryptAES",
}

// functions is a template with the functions of Argo CD: those of sprig without the
// environment and the network, and a few of its own. Functions whose result is not the
// same twice, and "slugify", which has a table of all languages, are errors here.
var functions = sync.OnceValue(func() *template.Template {
	all := sprig.GenericFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(all, name)
	}
	for _, name := range append(random, "slugify") {
		all[name] = func(...any) (string, error) { return "", fmt.Errorf("function %q is not evaluated", name) }
	}
	bound(all)
	all["normalize"] = normalize
	all["toYaml"] = func(v any) (string, error) {
		data, err := sigsyaml.Marshal(v)
		return strings.TrimSuffix(string(data), "\n"), err
	}
	all["fromYaml"] = func(text string) (m map[string]any, err error) { return m, sigsyaml.Unmarshal([]byte(text), &m) }
	all["fromYamlArray"] = func(text string) (list []any, err error) { return list, sigsyaml.Unmarshal([]byte(text), &list) }
	return template.New("").Funcs(all)
})

// bound replaces the functions that make as much as a number says.
func bound(all template.FuncMap) {
	errTooMany := fmt.Errorf("makes more than %d items", maxItems)
	repeat := all["repeat"].(func(int, string) string)
	all["repeat"] = func(n int, text string) (string, error) {
		if n < 0 || n*len(text) > maxOutput || n > maxOutput {
			return "", fmt.Errorf("cannot repeat a text %d times", n)
		}
		return repeat(n, text), nil
	}
	until := all["until"].(func(int) []int)
	all["until"] = func(n int) ([]int, error) {
		if n > maxItems || n < -maxItems {
			return nil, errTooMany
		}
		return until(n), nil
	}
	untilStep := all["untilStep"].(func(int, int, int) []int)
	all["untilStep"] = func(start, stop, step int) ([]int, error) {
		if step != 0 && (stop-start)/step > maxItems {
			return nil, errTooMany
		}
		return untilStep(start, stop, step), nil
	}
	seq := all["seq"].(func(...int) string)
	all["seq"] = func(numbers ...int) (string, error) {
		if slices.ContainsFunc(numbers, func(n int) bool { return n > maxItems || n < -maxItems }) {
			return "", errTooMany
		}
		return seq(numbers...), nil
	}
}

var notInNames = regexp.MustCompile("[^-a-z0-9.]")

// normalize makes a text one that can be a name (Argo CD's SanitizeName).
func normalize(name string) string {
	name = notInNames.ReplaceAllString(strings.ToLower(name), "-")
	return strings.Trim(name[:min(len(name), 253)], "-.")
}
