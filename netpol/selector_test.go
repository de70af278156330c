package netpol

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	fieldpath "k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"github.com/ringfence/ringfence/manifest"
)

// plainData reads a YAML text.
func plainData(text string) (any, bool) {
	doc, err := manifest.Document{Text: []byte(text)}.Parse()
	if err != nil {
		return nil, false
	}
	data, err := manifest.Value(doc)
	return data, err == nil
}

// labelsOf reads labels: a YAML mapping, of which only what is text counts.
func labelsOf(text string) map[string]string {
	data, _ := plainData(text)
	m, _ := data.(map[string]any)
	set := make(map[string]string)
	for key, value := range m {
		if s, ok := value.(string); ok {
			set[key] = s
		}
	}
	return set
}

// apiSelector is what Kubernetes makes of a selector; ok is false where the API server
// rejects it.
func apiSelector(t *testing.T, data any) (s labels.Selector, ok bool) {
	t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	var written metav1.LabelSelector
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &written); err != nil {
		return nil, false
	}
	if len(metav1validation.ValidateLabelSelector(&written, metav1validation.LabelSelectorValidationOptions{}, fieldpath.NewPath("s"))) > 0 {
		return nil, false
	}
	if s, err = metav1.LabelSelectorAsSelector(&written); err != nil {
		t.Fatalf("%s is valid and no selector: %v", text, err)
	}
	return s, true
}

// FuzzSelector: what a label selector matches, and whether it is one, is what Kubernetes'
// own code says, also where another one was read before; and so is what it matches that
// is printed.
func FuzzSelector(f *testing.F) {
	f.Add("matchLabels: {app: web}", "{matchExpressions: [{key: app, operator: In, values: [web, db]}]}", "{app: web, tier: front}")
	f.Add("matchExpressions: [{key: a/b, operator: NotIn, values: ['', x]}, {key: c, operator: Exists}, {key: d, operator: DoesNotExist}]", "{}", "{c: ''}")
	f.Add("matchLabels: {a: null, b: 1}", "matchExpressions: [null, {key: a}]", "{}")
	f.Add("{matchLabels: [], matchExpressions: {}}", "[]", "{a: b}")
	f.Add("{matchExpressions: [{key: a, operator: Exists, values: []}], other: 1}", "~", "{a: b}")
	f.Fuzz(func(t *testing.T, first, second, set string) {
		a, okA := plainData(first)
		b, okB := plainData(second)
		if !okA || !okB {
			return
		}
		have := labelsOf(set)
		r := &reader{
			object:  &manifest.Object{Data: map[string]any{"a": a, "b": b}},
			decoder: newDecoder(make(map[string]*Selector)),
		}
		selectors := [2]*Selector{r.root().child("a").selector(), nil}
		rejected := [2]int{r.rejected, 0}
		selectors[1] = r.root().child("b").selector()
		rejected[1] = r.rejected - rejected[0]
		for i, data := range []any{a, b} {
			s := selectors[i]
			want, valid := apiSelector(t, data)
			if s.invalid == valid || valid != (rejected[i] == 0) {
				t.Fatalf("%v: %d problems, want it to be valid: %t", data, rejected[i], valid)
			}
			if got := s.Matches(have); got != (valid && want.Matches(labels.Set(have))) {
				t.Fatalf("%v matches %v: got %t, want %t", data, have, got, !got)
			}
			if !valid || s.IsEmpty() != want.Empty() {
				if valid {
					t.Fatalf("%v is empty: got %t", data, s.IsEmpty())
				}
				continue
			}
			if s.IsEmpty() {
				continue
			}
			printed, err := labels.Parse(s.String())
			if err != nil || printed.Matches(labels.Set(have)) != s.Matches(have) {
				t.Errorf("%v is printed as %q, which matches otherwise: %v", data, s, err)
			}
		}
	})
}

// A calicoParser reads Calico's selectors token by token, with all that they can say
// (https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#selectors), and
// evaluates them on the way.
type calicoParser struct {
	rest string
	set  map[string]string
	bad  bool
}

func (p *calicoParser) next(pattern string) (string, bool) {
	p.rest = strings.TrimLeft(p.rest, " \t")
	token := regexp.MustCompile(`^(?:` + pattern + `)`).FindString(p.rest)
	p.rest = p.rest[len(token):]
	return token, token != ""
}

func (p *calicoParser) need(pattern string) string {
	token, ok := p.next(pattern)
	p.bad = p.bad || !ok
	return token
}

func (p *calicoParser) value() string {
	token := p.need(`'[^']*'|"[^"]*"`)
	if p.bad {
		return ""
	}
	return token[1 : len(token)-1]
}

func (p *calicoParser) or() bool {
	met := p.and()
	for !p.bad {
		if _, more := p.next(`\|\|`); !more {
			break
		}
		other := p.and()
		met = met || other
	}
	return met
}

func (p *calicoParser) and() bool {
	met := p.not()
	for !p.bad {
		if _, more := p.next(`&&`); !more {
			break
		}
		other := p.not()
		met = met && other
	}
	return met
}

func (p *calicoParser) not() bool {
	if _, negated := p.next(`!`); negated {
		return !p.not()
	}
	return p.term()
}

func (p *calicoParser) term() bool {
	const label = `[a-zA-Z0-9_./-]+`
	if _, ok := p.next(`\(`); ok {
		met := p.or()
		p.need(`\)`)
		return met
	}
	if _, ok := p.next(`(?:all|global)\(\s*\)`); ok {
		return true
	}
	if _, ok := p.next(`has\(`); ok {
		_, has := p.set[p.need(label)]
		p.need(`\)`)
		return has
	}
	value, has := p.set[p.need(label)]
	operator := p.need(`==|!=|in\s*\{|not\s+in\s*\{|contains|starts\s+with|ends\s+with`)
	switch {
	case p.bad:
		return false
	case operator == "==":
		return p.value() == value && has
	case operator == "!=":
		return p.value() != value || !has
	case operator == "contains":
		return strings.Contains(value, p.value()) && has
	case strings.HasPrefix(operator, "starts"):
		return strings.HasPrefix(value, p.value()) && has
	case strings.HasPrefix(operator, "ends"):
		return strings.HasSuffix(value, p.value()) && has
	}
	within := false
	for !p.bad {
		if p.value() == value && has {
			within = true
		}
		if _, more := p.next(`,`); !more {
			break
		}
	}
	p.need(`\}`)
	return within != strings.HasPrefix(operator, "not")
}

// FuzzCalicoSelector: a selector of Calico that is evaluated is one, and matches what it
// says; one of a single condition, or of several that must all hold, is evaluated.
func FuzzCalicoSelector(f *testing.F) {
	for _, text := range []string{
		"all()", "has(a) && !has(b)", "a == 'x' && b != \"y\"", "a in {'x', \"y\"}", "a not in { 'x' }", "! has( a/b.c )",
		"a == 'x' || b == 'y'", "(a == 'x')", "a starts with 'x'", "a == 'x && has(b)'", "a == 'x\" && b == \"y'", "has(a)&&all()", "", " \t",
	} {
		f.Add(text, "{a: x, b: y}")
		f.Add(text, "{b: y, c: z}")
	}
	simple := regexp.MustCompile(`^([a-z]+ == '[a-z]*'|[a-z]+ != "[a-z]*"|!?has\([a-z]+\)|[a-z]+ (not )?in \{'[a-z]*'(, '[a-z]*')*\})( && (!?has\([a-z]+\)|[a-z]+ == '[a-z]*'))*$`)
	f.Fuzz(func(t *testing.T, text, set string) {
		have := labelsOf(set)
		r := &reader{object: &manifest.Object{Data: map[string]any{"s": text}}, decoder: newDecoder(nil)}
		s, ok := r.root().child("s").calicoSelector()
		if !ok {
			if simple.MatchString(text) {
				t.Errorf("%q is not evaluated", text)
			}
			return
		}
		p := &calicoParser{rest: text, set: have}
		want := strings.Trim(text, " \t") == "" || p.or()
		p.bad = p.bad || strings.Trim(p.rest, " \t") != ""
		if p.bad {
			t.Fatalf("%q is evaluated as %s, and is no selector from %q on", text, s, p.rest)
		}
		for _, r := range s.Requirements { // by which Kubernetes knows what Calico names otherwise
			if r.Key == NameLabel && strings.Contains(text, "projectcalico.org/name") {
				return
			}
		}
		if got := s.Matches(have); got != want {
			t.Errorf("%q matches %v: got %t, want %t", text, have, got, want)
		}
	})
}
