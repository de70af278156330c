package manifest

import (
	"bytes"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Scalar is a scalar of a YAML or JSON text that is no manifest, such as the
// configuration of a program.
type Scalar struct {
	Path  []string // keys, and indexes of lists
	Value string   // as written
	Line  int      // 1-based, within the text
}

// Scalars returns the scalars of all documents of a text that is YAML or JSON, in
// their order. What aliases repeat is left out. ok is false for another text, and
// for one that is only a scalar.
func Scalars(text []byte) (scalars []Scalar, ok bool) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		if err := decoder.Decode(&doc); err != nil {
			return scalars, err.Error() == "EOF" && len(scalars) > 0
		}
		if len(doc.Content) == 0 || doc.Content[0].Kind == yaml.ScalarNode {
			return nil, false
		}
		scalars = appendScalars(scalars, doc.Content[0], nil)
	}
}

func appendScalars(scalars []Scalar, n *yaml.Node, path []string) []Scalar {
	path = path[:len(path):len(path)]
	switch n.Kind {
	case yaml.ScalarNode:
		return append(scalars, Scalar{Path: path, Value: n.Value, Line: n.Line})
	case yaml.SequenceNode:
		for i, item := range n.Content {
			scalars = appendScalars(scalars, item, append(path, strconv.Itoa(i)))
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			scalars = appendScalars(scalars, n.Content[i+1], append(path, n.Content[i].Value))
		}
	}
	return scalars
}
