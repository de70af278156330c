// Package apiserver compares what netpol says of policies with the code by which
// Kubernetes' API server decodes, defaults and validates them, and gives that code
// what ringfence generates.
//
// It is a module of its own, so that ringfence does not depend on Kubernetes.
package apiserver

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	jsonserializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apiserver/pkg/storage/names"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	"k8s.io/kubernetes/pkg/apis/networking/validation"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// verdict is what one side says of a policy. The lists are sorted and hold paths as
// the API server writes them.
type verdict struct {
	undecodable string   // why the API server cannot even decode it; empty where it can
	rejected    []string // the fields that are not valid
	unknown     []string // the fields below spec that nobody knows
}

func (v verdict) accepted() bool { return v.undecodable == "" && len(v.rejected) == 0 }

// decoder decodes JSON or YAML, strictly, and defaults and converts it.
var decoder = legacyscheme.Codecs.DecoderToVersion(
	jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, legacyscheme.Scheme, legacyscheme.Scheme,
		jsonserializer.SerializerOptions{Yaml: true, Strict: true}), networking.SchemeGroupVersion)

var unknownField = regexp.MustCompile(`unknown field "(spec\.[^"]*)"`)

// theirs is the verdict of the API server on the creation of a policy.
func theirs(t *testing.T, text []byte) verdict {
	t.Helper()
	object, err := runtime.Decode(decoder, text)
	var v verdict
	switch {
	case runtime.IsStrictDecodingError(err):
		for _, m := range unknownField.FindAllStringSubmatch(err.Error(), -1) {
			v.unknown = append(v.unknown, m[1])
		}
	case err != nil:
		return verdict{undecodable: err.Error()}
	}
	policy, ok := object.(*networking.NetworkPolicy)
	if !ok {
		t.Fatalf("decoded a %T of\n%s", object, text)
	}
	generated := policy.Name == "" && policy.GenerateName != ""
	if generated { // as the API server does before it validates
		policy.Name = names.SimpleNameGenerator.GenerateName(policy.GenerateName)
	}
	if policy.Namespace == "" {
		policy.Namespace = "default"
	}
	for _, e := range validation.ValidateNetworkPolicy(policy, validation.ValidationOptionsForNetworking(policy, nil)) {
		if generated && e.Field == "metadata.name" {
			e.Field = "metadata.generateName"
		}
		v.rejected = append(v.rejected, e.Field)
	}
	return v.sorted()
}

// ours is the verdict of netpol.
func ours(t *testing.T, text []byte) verdict {
	t.Helper()
	objects, gaps := manifest.Parse("policy.yaml", text)
	if len(objects) != 1 || len(gaps) > 0 {
		t.Fatalf("%d objects and gaps %v in\n%s", len(objects), gaps, text)
	}
	var v verdict
	for _, p := range netpol.Validate(objects[0]) {
		if p.Rejected {
			v.rejected = append(v.rejected, written(p.Path))
		} else {
			v.unknown = append(v.unknown, written(p.Path))
		}
	}
	return v.sorted()
}

func (v verdict) sorted() verdict {
	for _, list := range []*[]string{&v.rejected, &v.unknown} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return v
}

// written writes a path as the API server does, which names maps of labels and of
// annotations as a whole.
func written(path []any) string {
	var b strings.Builder
	for _, step := range path {
		if index, ok := step.(int); ok {
			encoded, _ := json.Marshal([]int{index})
			b.Write(encoded)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(step.(string))
		if step == "matchLabels" || step == "labels" || step == "annotations" {
			break
		}
	}
	return b.String()
}

// disagreement says in what the two verdicts differ, empty where they agree. Nothing
// else is known of a policy that cannot be decoded.
func disagreement(theirs, ours verdict) string {
	switch {
	case theirs.undecodable != "" && len(ours.rejected) == 0:
		return "only the API server rejects it: " + theirs.undecodable
	case theirs.undecodable != "":
		return ""
	case !slices.Equal(theirs.rejected, ours.rejected):
		return "the API server rejects [" + strings.Join(theirs.rejected, " ") + "], netpol [" + strings.Join(ours.rejected, " ") + "]"
	case !slices.Equal(theirs.unknown, ours.unknown):
		return "the API server does not know [" + strings.Join(theirs.unknown, " ") + "], netpol [" + strings.Join(ours.unknown, " ") + "]"
	default:
		return ""
	}
}
