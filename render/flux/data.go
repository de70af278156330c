package flux

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// A datum is what one key of a ConfigMap or Secret holds.
type datum struct {
	text    string
	pos     manifest.Pos
	unknown bool // it is encrypted
}

// readData remembers ConfigMaps and Secrets, and what becomes a Secret.
func (c *Cluster) readData(o *manifest.Object) {
	switch o.Group + "/" + o.Kind {
	case "/ConfigMap", "/Secret":
		c.data[o.Ref] = o
	case "bitnami.com/SealedSecret":
		ref := manifest.Ref{Kind: "Secret", Namespace: o.Namespace, Name: o.Name}
		if name := manifest.Text(o.Data, "spec", "template", "metadata", "name"); name != "" {
			ref.Name = name
		}
		if c.data[ref] == nil {
			c.data[ref] = o
		}
	}
}

// HasData tells whether the ConfigMap or Secret of a name is known.
func (c *Cluster) HasData(kind, namespace, name string) bool {
	_, ok := find(c.data, manifest.Ref{Kind: kind, Namespace: namespace, Name: name})
	return ok
}

// dataOf returns what a ConfigMap or Secret holds; false means that it is not in
// the repository.
func (c *Cluster) dataOf(kind, namespace, name string) (map[string]datum, bool) {
	o, ok := find(c.data, manifest.Ref{Kind: kind, Namespace: namespace, Name: name})
	if !ok {
		return nil, false
	}
	all := make(map[string]datum)
	fill := func(read func(text string) (string, bool), path ...any) {
		for key, value := range manifest.Mapping(o.Data, path...) {
			text, isText := value.(string)
			d := datum{pos: o.At(append(path, key)...).Pos, unknown: true}
			if isText && !sealed(text) {
				if plain, ok := read(text); ok {
					d.text, d.unknown = plain, false
				}
			}
			all[key] = d
		}
	}
	plain := func(text string) (string, bool) { return text, true }
	decoded := func(text string) (string, bool) {
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		return string(data), err == nil
	}
	hidden := func(string) (string, bool) { return "", false }
	switch {
	case o.Kind == "SealedSecret":
		fill(hidden, "spec", "encryptedData")
	case o.Kind == "Secret":
		fill(decoded, "data")
		fill(plain, "stringData") // wins over data
	default:
		fill(plain, "data")
	}
	return all, true
}

// sealed tells whether text is a value that SOPS encrypted.
func sealed(text string) bool { return strings.HasPrefix(text, "ENC[") && strings.HasSuffix(text, "]") }

func missing(kind, namespace, name string) string {
	if manifest.IsPrivate(namespace) {
		return fmt.Sprintf("%s %q is not in the repository", kind, name)
	}
	return fmt.Sprintf("%s %q of namespace %q is not in the repository", kind, name, namespace)
}
