package manifest

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const deployment = `# a comment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: &labels
    app: web
spec:
  template:
    metadata:
      labels:
        <<: *labels
        tier: front
    spec:
      containers:
      - name: web
        ports:
        - containerPort: 80
        - {containerPort: 81, protocol: UDP}
      hostNetwork: yes
`

func parseOne(t *testing.T, text string) *Object {
	t.Helper()
	objects, gaps := Parse("f.yaml", []byte(text))
	if len(objects) != 1 || len(gaps) != 0 {
		t.Fatalf("got %d objects and gaps %v, want one object", len(objects), gaps)
	}
	return objects[0]
}

func TestAt(t *testing.T) {
	o := parseOne(t, deployment)
	pod := func(path ...any) []any { return append([]any{"spec", "template", "spec"}, path...) }
	tests := []struct {
		name string
		path []any
		want Origin
	}{
		{"the object", nil, at(2, 1, true)},
		{"a scalar", []any{"metadata", "name"}, at(5, 3, true)},
		{"a mapping", []any{"metadata", "labels"}, at(6, 3, true)},
		{"a merged key stands where it was written", []any{"spec", "template", "metadata", "labels", "app"}, at(7, 5, true)},
		{"a key beside a merge", []any{"spec", "template", "metadata", "labels", "tier"}, at(13, 9, true)},
		{"an item", pod("containers", 0), at(16, 9, true)},
		{"a field of an item in flow style", pod("containers", 0, "ports", 1, "protocol"), at(19, 31, true)},
		{"after a list", pod("hostNetwork"), at(20, 7, true)},
		{"a missing field is at its parent", pod("dnsPolicy"), at(14, 5, false)},
		{"a missing item is at its list", pod("containers", 3, "name"), at(15, 7, false)},
		{"a field of a scalar", []any{"metadata", "name", "x"}, at(5, 3, false)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, o.At(test.path...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func at(line, column int, exact bool) Origin {
	return Origin{Pos: Pos{File: "f.yaml", Line: line, Column: column}, Exact: exact}
}

func TestData(t *testing.T) {
	spec := parseOne(t, deployment).Data["spec"].(map[string]any)["template"].(map[string]any)
	want := map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"app": "web", "tier": "front"}},
		"spec": map[string]any{
			"hostNetwork": true,
			"containers": []any{map[string]any{
				"name": "web",
				"ports": []any{
					map[string]any{"containerPort": int64(80)},
					map[string]any{"containerPort": int64(81), "protocol": "UDP"},
				},
			}},
		},
	}
	if diff := cmp.Diff(want, spec); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestListItemsKeepTheirLines(t *testing.T) {
	objects, _ := Parse("f.yaml", []byte("---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n"))
	if got := objects[0].At("metadata", "name"); got.Line != 8 || !got.Exact {
		t.Errorf("name is at %v, want line 8", got)
	}
}

// TestAtAtOnce asks items of one list, whose places are found when they are first
// asked, for the race detector.
func TestAtAtOnce(t *testing.T) {
	objects, _ := Parse("f.yaml", []byte("apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n"))
	var wait sync.WaitGroup
	for i, o := range objects {
		wait.Go(func() {
			if got := o.At("metadata", "name"); got.Line != 4+i || !got.Exact {
				t.Errorf("name is at %v, want line %d", got, 4+i)
			}
		})
	}
	wait.Wait()
}

func TestItemsBehindAnAlias(t *testing.T) {
	o := parseOne(t, "apiVersion: v1\nkind: List\nx: &a items\n*a : [{apiVersion: v1, kind: Pod}]\n")
	if o.Line != 4 {
		t.Errorf("the item is at %v, want line 4", o.Pos)
	}
}

func TestWithNamespace(t *testing.T) {
	o := parseOne(t, deployment)
	moved := o.WithNamespace("shop")
	if moved.Ref.String() != "shop/Deployment/web" || o.Ref.String() != "Deployment/web" {
		t.Errorf("got %q from %q", moved.Ref, o.Ref)
	}
	if diff := cmp.Diff(o.At("metadata", "name"), moved.At("metadata", "name")); diff != "" {
		t.Errorf("positions differ:\n%s", diff)
	}
}

func TestLookup(t *testing.T) {
	data := map[string]any{"spec": map[string]any{"items": []any{map[string]any{"name": "a"}}, "text": "b"}}
	if got := Text(data, "spec", "items", 0, "name"); got != "a" {
		t.Errorf("got %q, want a", got)
	}
	for _, path := range [][]any{{"spec", "items", 1}, {"spec", "text", "x"}, {"none", 0}, {"spec", "items", "x"}} {
		if got := Lookup(data, path...); got != nil {
			t.Errorf("%v: got %v, want nothing", path, got)
		}
	}
	if len(Items(data, "spec", "items")) != 1 || Mapping(data, "spec") == nil || Items(data, "spec") != nil {
		t.Error("a list or a mapping is not found, or one is taken for the other")
	}
}
