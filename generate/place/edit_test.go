package place

import "testing"

func TestAddResource(t *testing.T) {
	tests := []struct{ name, before, after string }{
		{"after the last entry, as that is written", "resources:\n- a.yaml # first\n# then\n- b.yaml   # second\nnamespace: x\n", "resources:\n- a.yaml # first\n# then\n- b.yaml   # second\n- new.yaml\nnamespace: x\n"},
		{"indented", "kind: Kustomization\nresources:\n    - a.yaml\n    # - off.yaml\npatches: []\n", "kind: Kustomization\nresources:\n    - a.yaml\n    - new.yaml\n    # - off.yaml\npatches: []\n"},
		{"quoted and odd spacing", "resources:\n -   \"a.yaml\"\n", "resources:\n -   \"a.yaml\"\n - new.yaml\n"},
		{"no end of line at the end", "resources:\n- a.yaml", "resources:\n- a.yaml\n- new.yaml"},
		{"other line ends", "resources:\r\n- a.yaml\r\nnamePrefix: x-\r\n", "resources:\r\n- a.yaml\r\n- new.yaml\r\nnamePrefix: x-\r\n"},
		{"in brackets", "resources: [a.yaml, b.yaml] # all\n", "resources: [a.yaml, b.yaml, new.yaml] # all\n"},
		{"in brackets with a last comma", "resources: [a.yaml, ]\n", "resources: [a.yaml, new.yaml]\n"},
		{"brackets over lines", "resources: [\n  a.yaml,\n  b.yaml]\n", "resources: [\n  a.yaml,\n  b.yaml, new.yaml]\n"},
		{"a bracket below", "resources: [\n  a.yaml, # first\n  b.yaml # second\n] # all\n", "resources: [\n  a.yaml, # first\n  b.yaml, # second\n  new.yaml\n] # all\n"},
		{"a bracket below a last comma", "resources: [\n    \"a.yaml\",\n]\nnamespace: x\n", "resources: [\n    \"a.yaml\",\n    new.yaml,\n]\nnamespace: x\n"},
		{"a bracket below the first line", "resources: [a.yaml\n]\n", "resources: [a.yaml,\n  new.yaml\n]\n"},
		{"an anchor", "resources: &all\n- &first my-app.yaml\n", "resources: &all\n- &first my-app.yaml\n- new.yaml\n"},
		{"a dash for itself", "resources:\n-\n  my-app.yaml\nnamespace: x\n", "resources:\n-\n  my-app.yaml\n- new.yaml\nnamespace: x\n"},
		{"mixed line ends", "# top\nresources:\r\n- a.yaml\r\nnamespace: x\n", "# top\nresources:\r\n- a.yaml\r\n- new.yaml\r\nnamespace: x\n"},
		{"no list, and empty lines at the end", "namespace: x\n\n\n", "namespace: x\n\n\nresources:\n  - new.yaml\n"},
		{"no list, and a text that keeps its empty lines", "patches:\n- patch: |+\n    a: b\n\n", "patches:\n- patch: |+\n    a: b\n\nresources:\n  - new.yaml\n"},
		{"no list and other line ends", "namespace: x\r\n", "namespace: x\r\nresources:\r\n  - new.yaml\r\n"},
		{"an empty list", "resources: []\nnamespace: x\n", "resources: [new.yaml]\nnamespace: x\n"},
		{"no list", "namespace: x # here\n", "namespace: x # here\nresources:\n  - new.yaml\n"},
		{"no list and no end of line", "namespace: x", "namespace: x\nresources:\n  - new.yaml\n"},
		{"a null list", "resources:\nnamespace: x\n", "resources:\n  - new.yaml\nnamespace: x\n"},
		{"a document that begins", "---\n# top\nresources:\n- a.yaml\n", "---\n# top\nresources:\n- a.yaml\n- new.yaml\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			after, err := addResource([]byte(test.before), "new.yaml")
			if err != nil || string(after) != test.after {
				t.Fatalf("got %q, %v; want %q", after, err, test.after)
			}
			if _, err := resourcesOf(after); err != nil {
				t.Error(err)
			}
		})
	}
}

// What cannot be edited without touching more is refused.
func TestAddResourceRefuses(t *testing.T) {
	for _, text := range []string{
		"resources: a.yaml\n", "resources: [a.yaml\n", "{namespace: x}\n", `{"resources": ["a.yaml"], "namespace": "x"` + "\n",
		"namespace: x\n...\n", "a: &a [a.yaml]\nresources: *a\n", "- a\n", "", "resources:\n- >-\n  a\n  b\n",
	} {
		if after, err := addResource([]byte(text), "new.yaml"); err == nil {
			t.Errorf("%q became %q", text, after)
		}
	}
}

func TestRemoveResource(t *testing.T) {
	tests := []struct{ name, before, after string }{
		{"an entry", "resources:\n- a.yaml # keep\n- new.yaml\n- b.yaml\n", "resources:\n- a.yaml # keep\n- b.yaml\n"},
		{"the last entry", "resources:\n- a.yaml\n- new.yaml\nnamespace: x\n", "resources:\n- a.yaml\nnamespace: x\n"},
		{"in brackets", "resources: [a.yaml, new.yaml] # all\n", "resources: [a.yaml] # all\n"},
		{"first in brackets", "resources: [new.yaml, b.yaml]\n", "resources: [b.yaml]\n"},
		{"quoted", "resources: [a.yaml, \"new.yaml\", b.yaml]\n", "resources: [a.yaml, b.yaml]\n"},
		{"written another way", "resources:\n- a.yaml\n- ./new.yaml\n", "resources:\n- a.yaml\n"},
		{"a line in brackets", "resources: [\n  a.yaml,\n  new.yaml,\n]\n", "resources: [\n  a.yaml,\n]\n"},
		{"the list that it was added for", "namespace: x\nresources:\n  - new.yaml\n", "namespace: x\n"},
		{"not there", "resources: [a.yaml]\n", "resources: [a.yaml]\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			after, err := removeResource([]byte(test.before), "new.yaml")
			if err != nil || string(after) != test.after {
				t.Errorf("got %q, %v; want %q", after, err, test.after)
			}
		})
	}
}
