package flux

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// A datum is what one key of a ConfigMap or Secret holds.
type datum struct {
	text    string
	pos     manifest.Pos
	unknown bool // it is encrypted, or comes from outside the repository
}

// A holding is what a ConfigMap or Secret holds.
type holding struct {
	data map[string]datum
	open bool // it may hold more than is known
}

// readData remembers ConfigMaps and Secrets, and what becomes a Secret.
func (c *Cluster) readData(o *manifest.Object) {
	ref := manifest.Ref{Kind: "Secret", Namespace: o.Namespace, Name: o.Name}
	switch o.Group + "/" + o.Kind {
	case "/ConfigMap", "/Secret":
		c.data[o.Ref] = o
		return
	case "bitnami.com/SealedSecret":
		ref.Name = cmp.Or(manifest.Text(o.Data, "spec", "template", "metadata", "name"), o.Name)
	case "external-secrets.io/ExternalSecret":
		ref.Name = cmp.Or(manifest.Text(o.Data, "spec", "target", "name"), o.Name)
	default:
		return
	}
	if c.data[ref] == nil {
		c.data[ref] = o
	}
}

// dataOf returns what a ConfigMap or Secret holds; false means that it is not in
// the repository.
func (c *Cluster) dataOf(kind, namespace, name string) (holding, bool) {
	o, ok := find(c.data, manifest.Ref{Kind: kind, Namespace: namespace, Name: name})
	if !ok {
		return holding{}, false
	}
	h := holding{data: make(map[string]datum)}
	switch o.Kind {
	case "SealedSecret":
		h.fill(o, func(string) (string, bool) { return "", false }, "spec", "encryptedData")
	case "ExternalSecret":
		h.external(o)
	case "Secret":
		h.fill(o, decoded, "data")
		h.fill(o, plain, "stringData") // wins over data
	default:
		h.fill(o, plain, "data")
	}
	return h, true
}

// fill adds the data at a path; read gives the text of one, false where it is not
// known.
func (h *holding) fill(o *manifest.Object, read func(text string) (string, bool), path ...any) {
	for key, value := range manifest.Mapping(o.Data, path...) {
		text, isText := value.(string)
		d := datum{pos: o.At(append(path, key)...).Pos, unknown: true}
		if isText {
			if text, ok := read(text); ok {
				d.text, d.unknown = text, false
			}
		}
		h.data[key] = d
	}
}

// external adds what the Secret of an ExternalSecret holds: what its template says,
// and without one what it takes from elsewhere.
func (h *holding) external(o *manifest.Object) {
	template := manifest.Mapping(o.Data, "spec", "target", "template")
	if template["data"] == nil || template["mergePolicy"] == "Merge" {
		for i, item := range manifest.Items(o.Data, "spec", "data") {
			h.data[manifest.Text(item, "secretKey")] = datum{pos: o.At("spec", "data", i).Pos, unknown: true}
		}
		h.open = manifest.Items(o.Data, "spec", "dataFrom") != nil
	}
	h.open = h.open || template["templateFrom"] != nil
	h.fill(o, func(text string) (string, bool) { return text, !strings.Contains(text, "{{") }, "spec", "target", "template", "data")
}

// plain is the text of a value as it is written, unless SOPS encrypted it.
func plain(text string) (string, bool) {
	return text, !strings.HasPrefix(text, "ENC[") || !strings.HasSuffix(text, "]")
}

func decoded(text string) (string, bool) {
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	return string(data), err == nil
}

func missing(kind, namespace, name string) string {
	if manifest.IsPrivate(namespace) {
		return fmt.Sprintf("%s %q is not in the repository", kind, name)
	}
	return fmt.Sprintf("%s %q of namespace %q is not in the repository", kind, name, namespace)
}
