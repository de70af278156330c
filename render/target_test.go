package render_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/kustomize"
)

// overlayAt is an overlay whose fields are all written at one line.
func overlayAt(line int, fields map[string]any) *kustomize.Overlay {
	return &kustomize.Overlay{Fields: fields, At: func(...any) manifest.Origin {
		return manifest.Origin{Pos: manifest.Pos{File: "app.yaml", Line: line}, Exact: true}
	}}
}

// TestOverlays checks what overlays do to a target of each kind, one after another.
func TestOverlays(t *testing.T) {
	repo := repository(t, `
-- app.yaml --
kind: nothing
-- kustomized/kustomization.yaml --
resources: [pod.yaml]
namePrefix: own-
-- kustomized/pod.yaml --
`+pod("a")+`
-- folder/pod.yaml --
`+pod("a")+`
-- chart/Chart.yaml --
{apiVersion: v2, name: chart, version: 1.0.0}
-- chart/templates/pod.yaml --
`+pod("a"))
	overlays := []*kustomize.Overlay{
		overlayAt(1, map[string]any{"namePrefix": "first-"}), overlayAt(2, map[string]any{"namePrefix": "second-"}),
	}
	tests := []struct {
		target render.Target
		want   string
	}{
		// The first edits the file, so that its prefix takes the place of the file's.
		{render.Target{Kind: render.Kustomize, Dir: "kustomized", Overlays: overlays}, "second-first-a at app.yaml:2"},
		{render.Target{Kind: render.Kustomize, Dir: "folder", Files: []string{"folder/pod.yaml"}, Overlays: overlays[:1]}, "first-a at app.yaml:1"},
		{render.Target{Kind: render.Kustomize, Dir: "folder", Files: []string{"folder/pod.yaml"}}, "a at folder/pod.yaml:3:12"},
		{render.Target{Kind: render.Helm, Dir: "chart", Overlays: overlays}, "second-first-a at app.yaml:2"},
	}
	for _, test := range tests {
		var got []string
		result := repo.Render(context.Background(), test.target)
		for _, o := range result.Objects {
			got = append(got, o.Name+" at "+o.At("metadata", "name").Pos.String())
		}
		if diff := cmp.Diff(test.want, strings.Join(got, ", ")); diff != "" || len(result.Gaps) > 0 {
			t.Errorf("%s %s: %v (-want +got):\n%s", test.target.Kind, test.target.Dir, result.Gaps, diff)
		}
	}
}
