package traffic

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// setting is a value that a workload is given.
type setting struct {
	workload *netpol.Workload
	kind     string // of the evidence
	key      string // by which the workload knows it; empty where it has none
	value    string
	from     source
	secret   bool // the value must not be shown
	line     int  // of a text with several lines, from 1; 0 where it has one
	// group is what is read together: a container, a part of a file.
	group string
	// confidence is the most that the setting can give.
	confidence Confidence
}

// source is where a value was written.
type source struct {
	object *manifest.Object
	path   []any
}

// origin returns the place of a setting. A text of several lines begins below the
// line that names it.
func (s *setting) origin() manifest.Origin {
	o := s.from.object.At(s.from.path...)
	if s.line > 0 && o.Line > 0 {
		o.Line, o.Column = o.Line+s.line, 0
	}
	return o
}

// objects finds ConfigMaps, Secrets and others by their names.
type objects struct {
	all    []*manifest.Object
	byName map[manifest.Ref]*manifest.Object
}

func index(all []*manifest.Object) *objects {
	o := &objects{all: all, byName: make(map[manifest.Ref]*manifest.Object, len(all))}
	for _, object := range all {
		o.byName[object.Ref] = object
	}
	return o
}

func (o *objects) core(kind, namespace, name string) *manifest.Object {
	return o.byName[manifest.Ref{Kind: kind, Namespace: namespace, Name: name}]
}

// data returns the keys of a ConfigMap or Secret with their values, decoded.
func data(o *manifest.Object) []datum {
	if o == nil {
		return nil
	}
	var all []datum
	for _, field := range []string{"data", "stringData"} {
		for key, value := range manifest.Mapping(o.Data, field) {
			text, ok := value.(string)
			if !ok {
				continue
			}
			if field == "data" && o.Kind == "Secret" {
				decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
				if err != nil {
					continue
				}
				text = string(decoded)
			}
			all = append(all, datum{key, text, source{o, []any{field, key}}, o.Kind == "Secret"})
		}
	}
	slices.SortFunc(all, func(a, b datum) int { return strings.Compare(a.key, b.key) })
	return all
}

type datum struct {
	key, value string
	from       source
	secret     bool
}

// readSettings finds calls in what workloads are given.
func (x *inference) readSettings() {
	for _, w := range x.cluster.Workloads {
		var settings []*setting
		for _, list := range []string{"initContainers", "containers"} {
			for i, c := range manifest.Items(w.PodSpec, list) {
				settings = append(settings, x.containerSettings(w, manifest.Mapping(c), []any{"spec", list, i})...)
			}
		}
		settings = append(settings, x.mounted.of(w)...)
		settings = append(settings, x.operatedSettings(w)...)
		settings = append(settings, annotationSettings(w)...)
		settings = append(settings, x.componentSettings(w)...)
		x.callAll(settings)
		x.readPeers(w, settings)
		x.readRegistries(settings)
	}
}

// addressAnnotations give addresses to containers that are injected into pods
// (https://developer.hashicorp.com/vault/docs/deploy/kubernetes/injector/annotations,
// https://docs.dapr.io/reference/arguments-annotations-overview/).
var addressAnnotations = []string{
	"vault.hashicorp.com/service", "vault.hashicorp.com/proxy-address", "dapr.io/placement-host-address", "dapr.io/scheduler-host-address",
}

// annotationSettings returns the annotations of a workload's pods that are addresses.
func annotationSettings(w *netpol.Workload) []*setting {
	var settings []*setting
	for _, key := range addressAnnotations {
		path := append(annotationsPath(w), key)
		if value := manifest.Text(w.Source.Data, path...); value != "" {
			settings = append(settings, &setting{
				workload: w, kind: "injector", key: key, value: value, from: source{w.Source, path}, group: "annotations", confidence: High,
			})
		}
	}
	return settings
}

// variable is an environment variable of a container.
type variable struct {
	datum
	whole bool // it holds no reference to another one
}

// containerSettings returns the environment, the command and the arguments of a
// container, with references to variables replaced as kubelet does.
func (x *inference) containerSettings(w *netpol.Workload, c map[string]any, path []any) []*setting {
	vars := x.environment(w, c, path)
	known := map[string]string{}
	var settings []*setting
	group := pathGroup(path)
	for _, v := range vars {
		known[v.key] = v.value
		settings = append(settings, &setting{workload: w, kind: "env", key: v.key, value: v.value, from: v.from, secret: v.secret, group: group, confidence: High})
	}
	for _, list := range []string{"command", "args"} {
		previous := ""
		for i, item := range manifest.Items(c, list) {
			text, ok := item.(string)
			if !ok {
				continue
			}
			from := source{w.Source, w.Path(append(slices.Clone(path), list, i)...)}
			settings = append(settings, argumentSettings(w, expand(text, known), previous, from, group)...)
			previous = text
		}
	}
	return settings
}

func pathGroup(path []any) string {
	var b strings.Builder
	for _, step := range path {
		if s, ok := step.(string); ok {
			b.WriteString("/" + s)
		} else {
			b.WriteString("/" + string(rune('0'+step.(int))))
		}
	}
	return b.String()
}

// environment returns a container's variables in the order in which kubelet sets
// them: those of envFrom first, of which later ones win, and then those of env.
func (x *inference) environment(w *netpol.Workload, c map[string]any, path []any) []variable {
	var vars []variable
	place := map[string]int{}
	set := func(v variable) {
		if i, known := place[v.key]; known {
			vars[i] = v
			return
		}
		place[v.key] = len(vars)
		vars = append(vars, v)
	}
	for _, item := range manifest.Items(c, "envFrom") {
		prefix := manifest.Text(item, "prefix")
		for kind, field := range map[string]string{"ConfigMap": "configMapRef", "Secret": "secretRef"} {
			if ref := manifest.Text(item, field, "name"); ref != "" {
				for _, d := range data(x.objects.core(kind, w.Namespace, ref)) {
					d.key = prefix + d.key
					set(variable{d, true})
				}
			}
		}
	}
	known := map[string]string{}
	for _, v := range vars {
		known[v.key] = v.value
	}
	for i, item := range manifest.Items(c, "env") {
		v, ok := x.variable(w, item, append(slices.Clone(path), "env", i))
		if !ok {
			continue
		}
		if v.from.object == w.Source {
			v.value = expand(v.value, known)
		}
		known[v.key] = v.value
		set(v)
	}
	return vars
}

// variable reads an item of env; ok is false for one whose value manifests do not
// tell.
func (x *inference) variable(w *netpol.Workload, item any, path []any) (v variable, ok bool) {
	v.key = manifest.Text(item, "name")
	if value, isText := manifest.Lookup(item, "value").(string); isText {
		v.value, v.from = value, source{w.Source, w.Path(append(path, "value")...)}
		return v, v.key != ""
	}
	if isHostIP(item) {
		v.value, v.from = hostIP, source{w.Source, w.Path(append(path, "valueFrom")...)}
		return v, v.key != ""
	}
	for kind, field := range map[string]string{"ConfigMap": "configMapKeyRef", "Secret": "secretKeyRef"} {
		ref := manifest.Mapping(item, "valueFrom", field)
		if ref == nil {
			continue
		}
		for _, d := range data(x.objects.core(kind, w.Namespace, manifest.Text(ref, "name"))) {
			if d.key == manifest.Text(ref, "key") {
				d.key = v.key
				return variable{datum: d}, true
			}
		}
	}
	return v, false
}

// expand replaces $(NAME) by what is known; $$(NAME) is an escaped $(NAME), and an
// unknown name stays
// (https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
func expand(value string, known map[string]string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(value, '$')
		if i < 0 || i+1 >= len(value) {
			return b.String() + value
		}
		b.WriteString(value[:i])
		value = value[i:]
		end := strings.IndexByte(value, ')')
		switch {
		case value[1] == '$':
			b.WriteByte('$')
			value = value[2:]
		case value[1] == '(' && end > 0:
			if replacement, ok := known[value[2:end]]; ok {
				b.WriteString(replacement)
			} else {
				b.WriteString(value[:end+1])
			}
			value = value[end+1:]
		default:
			b.WriteByte('$')
			value = value[1:]
		}
	}
}

// argumentSettings reads an argument: --key=value, the value after --key, or a
// script of several lines.
func argumentSettings(w *netpol.Workload, value, previous string, from source, group string) []*setting {
	s := &setting{workload: w, kind: "argument", value: value, from: from, group: group, confidence: High}
	if strings.ContainsRune(strings.TrimSpace(value), '\n') {
		return scriptSettings(s)
	}
	if strings.HasPrefix(value, "-") {
		key, rest, found := strings.Cut(strings.TrimLeft(value, "-"), "=")
		if !found {
			return nil
		}
		s.key, s.value = key, rest
	} else if strings.HasPrefix(previous, "-") && !strings.Contains(previous, "=") {
		s.key = strings.TrimLeft(previous, "-")
	}
	return []*setting{s}
}

// scriptSettings cuts a script into lines, without comments and what it only
// prints.
func scriptSettings(whole *setting) []*setting {
	var lines []*setting
	for i, line := range strings.Split(whole.value, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "echo ") || strings.HasPrefix(line, "printf ") {
			continue
		}
		s := *whole
		s.kind, s.value, s.line = "script", line, i+1
		if key, value, ok := strings.Cut(line, "="); ok && isDomain(strings.TrimPrefix(key, "export ")) {
			s.key, s.value = strings.TrimPrefix(key, "export "), value
		}
		lines = append(lines, &s)
	}
	return lines
}
