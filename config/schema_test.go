package config

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// TestSchema keeps the published schema, which editors use, and the decoder together.
func TestSchema(t *testing.T) {
	schema := compileSchema(t)
	for _, doc := range documents {
		if doc.beyondSchema {
			continue
		}
		t.Run(doc.name, func(t *testing.T) {
			err := schema.Validate(plainData(t, []byte(doc.text)))
			if (err != nil) != (doc.errors != nil) {
				t.Errorf("the decoder says %q, the schema says %v", doc.errors, err)
			}
		})
	}
}

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "docs", "configuration.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// plainData reads YAML as an editor does: a date is a string.
func plainData(t testing.TB, data []byte) any {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		t.Fatal(err)
	}
	return plainNode(t, &node)
}

func plainNode(t testing.TB, node *yaml.Node) any {
	t.Helper()
	switch {
	case node.Kind == 0:
		return nil
	case node.Kind == yaml.DocumentNode:
		return plainNode(t, node.Content[0])
	case node.Kind == yaml.AliasNode:
		return plainNode(t, node.Alias)
	case node.Kind == yaml.SequenceNode:
		list := []any{}
		for _, item := range node.Content {
			list = append(list, plainNode(t, item))
		}
		return list
	case node.Kind == yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i < len(node.Content); i += 2 {
			object[node.Content[i].Value] = plainNode(t, node.Content[i+1])
		}
		return object
	case node.ShortTag() == "!!timestamp":
		return node.Value
	}
	var scalar any
	if err := node.Decode(&scalar); err != nil {
		t.Fatal(err)
	}
	return scalar
}
