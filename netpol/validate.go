package netpol

import (
	"slices"
	"strings"

	api "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/ringfence/ringfence/manifest"
)

// Validate returns what is wrong with a policy, whatever cluster it is for: what the
// API server rejects, and fields that it does not know. New gives the same as gaps.
//
// The verdict on a networking.k8s.io/v1 NetworkPolicy, and the fields that it names,
// are those of Kubernetes' own code (testdata/apiserver holds the comparison), but for
// metadata that authors do not write, such as owners and finalizers. Other kinds are
// held to the schema of their definition as far as their policies are evaluated.
func Validate(o *manifest.Object) []Problem {
	r := &reader{object: o, decoder: newDecoder(map[string]*Selector{})}
	r.policiesOf((&Cluster{}).undeclared)
	return r.problems
}

// metadata reads what authors write of metadata (ValidateObjectMeta, apimachinery).
func (r *reader) metadata() {
	meta := r.root().child("metadata")
	if !meta.mapping() {
		return
	}
	fields, _ := meta.some("name", "namespace", "labels", "annotations", "generateName")
	namespace := &fields[1]
	checkNames(&fields[0], &fields[4])
	if name := r.object.Namespace; !manifest.IsPrivate(name) && badNamespace(name) {
		namespace.reject("%q is no name of a namespace", name)
	}
	namespace.text()
	fields[2].labelList()
	fields[3].annotations()
}

// MayBeNamed tells whether the API server accepts a name and a namespace for an object;
// a namespace that nobody knows is accepted.
func MayBeNamed(namespace, name string) bool {
	return !badName(name, false) && (manifest.IsPrivate(namespace) || !badNamespace(namespace))
}

// checkNames reads the two fields of metadata that name an object.
func checkNames(name, generated *field) {
	own, okOwn := name.text()
	prefix, okPrefix := generated.text()
	switch {
	case okOwn && own == "" && okPrefix && prefix == "":
		name.reject("is missing")
	case own != "" && badName(own, false):
		name.reject("%q is no name of an object", own)
	}
	if prefix != "" && (badName(prefix, true) || own == "" && badName(prefix+"x", false)) {
		generated.reject("%q is no start of a name of an object", prefix)
	}
}

func badNamespace(name string) bool {
	plain := len(name) <= validation.DNS1123LabelMaxLength && plainDomain(name) && !strings.Contains(name, ".")
	return !plain && len(api.ValidateNamespaceName(name, false)) > 0
}

func badName(name string, isPrefix bool) bool {
	return !plainDomain(name) && len(api.NameIsDNSSubdomain(name, isPrefix)) > 0
}

// annotations checks the keys, which follow the rule of labels in any case, and the
// values.
func (f *field) annotations() {
	m, isMap := f.value.(map[string]any)
	if !isMap {
		f.mapping()
		return
	}
	size := 0
	var suspect []string
	for key, v := range m {
		value, isText := v.(string)
		size += len(key) + len(value)
		if !isText || !plainKey(key) {
			suspect = append(suspect, key)
		}
	}
	slices.Sort(suspect)
	for _, key := range suspect {
		annotation := f.child(key)
		annotation.text()
		if len(validation.IsQualifiedName(strings.ToLower(key))) > 0 {
			annotation.reject("%q is no annotation key", key)
		}
	}
	if size > api.TotalAnnotationSizeLimitB {
		f.reject("hold %d bytes, want at most %d", size, api.TotalAnnotationSizeLimitB)
	}
}
