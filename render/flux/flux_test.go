package flux

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/ringfence/ringfence/manifest"
)

// read reads the manifests of an archive as a repository with just its files. Own
// is the URL of the repository, empty where it is not known.
func read(t *testing.T, archive, own string) *Cluster {
	t.Helper()
	var objects []*manifest.Object
	files, dirs := make(map[string]bool), map[string]bool{".": true}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		files[f.Name] = true
		for dir := path.Dir(f.Name); dir != "."; dir = path.Dir(dir) {
			dirs[dir] = true
		}
		found, gaps := manifest.Parse(f.Name, f.Data)
		if len(gaps) > 0 {
			t.Fatal(gaps)
		}
		objects = append(objects, found...)
	}
	return Read(context.Background(), objects, Repository{
		IsDir:  func(name string) bool { return dirs[name] },
		Exists: func(name string) bool { return dirs[name] || files[name] },
		Own:    func(url string) (bool, bool) { return own != "" && url == own, own != "" },
	})
}

func gapText(g manifest.Gap) string {
	kind := "gap"
	if g.Note {
		kind = "note"
	}
	return fmt.Sprintf("%s:%d: %s %s: %s", g.File, g.Line, kind, g.Code, g.Reason)
}

const bootstrap = `
-- clusters/prod/flux-system/gotk-sync.yaml --
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: "ssh://git@git.example.org/fleet", ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, prune: true, path: ./clusters/prod, sourceRef: {kind: GitRepository, name: flux-system}}
-- apps/prod/a.yaml --
-- infra/a.yaml --
`

// ks declares a Kustomization named for a file.
func ks(name, spec string) string {
	return fmt.Sprintf(`
-- clusters/prod/%s.yaml --
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: %s, namespace: flux-system}
spec:
  interval: 1m
  prune: true
  %s
`, name, name, strings.ReplaceAll(strings.TrimSpace(spec), "\n", "\n  "))
}

func TestLocate(t *testing.T) {
	const git = "sourceRef: {kind: GitRepository, name: flux-system}\n"
	const other = `
-- clusters/prod/other.yaml --
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: other, namespace: flux-system}
spec: {interval: 1m, url: "https://git.example.org/other"}
`
	tests := []struct {
		name, archive, own, want string
	}{
		{"the root", bootstrap, "", `flux-system: clusters/prod`},
		{"another folder", bootstrap + ks("x", git+"path: ./apps/prod"), "", `x: apps/prod`},
		{"absolute", bootstrap + ks("x", git+"path: /apps/prod/"), "", `x: apps/prod`},
		{"upward", bootstrap + ks("x", git+"path: ../../apps/prod"), "", `x: apps/prod`},
		{"no path", bootstrap + ks("x", git), "", `x: .`},
		{
			"not there", bootstrap + ks("x", git+"path: ./apps/dev"), "",
			`clusters/prod/x.yaml:8: gap missing-file: Kustomization "x" applies what is not rendered: "apps/dev" of GitRepository "flux-system" at "ssh://git@git.example.org/fleet" (main) is not in the repository`,
		},
		{
			"the artifact is of a folder", strings.ReplaceAll(bootstrap, "-- ", "-- deploy/") + strings.ReplaceAll(ks("x", git+"path: ./apps/prod"), "-- ", "-- deploy/"), "",
			`x: deploy/apps/prod`,
		},
		{
			"the source is not declared", ks("x", git+"path: ./apps/prod") + "-- apps/prod/a.yaml --\n", "",
			`x: apps/prod, note: GitRepository "flux-system" is not declared: this repository is taken for it`,
		},
		{
			"the source is not declared, the path is longer", ks("x", git+"path: ./fleet/apps/prod") + "-- apps/prod/a.yaml --\n", "",
			`x: apps/prod, note: GitRepository "flux-system" is not declared: "apps/prod" of this repository is taken for its path "fleet/apps/prod"`,
		},
		{
			"neither source nor path", ks("x", git+"path: ./elsewhere"), "",
			`clusters/prod/x.yaml:7: gap remote-source: Kustomization "x" applies what is not rendered: GitRepository "flux-system" is not declared, and its path "elsewhere" is not in the repository`,
		},
		{
			"another repository, ours is known", bootstrap + other + ks("x", "sourceRef: {kind: GitRepository, name: other}\npath: ./infra"), "ssh://git@git.example.org/fleet",
			`clusters/prod/x.yaml:7: gap remote-source: Kustomization "x" applies what is not rendered: "infra" of GitRepository "other" at "https://git.example.org/other" is not in the repository; "ringfence fetch" fetches it`,
		},
		{
			"it may be ours", bootstrap + other + ks("x", "sourceRef: {kind: GitRepository, name: other}\npath: ./infra"), "",
			`x: infra, note: this repository is taken for GitRepository "other" at "https://git.example.org/other", whose path "infra" it has`,
		},
		{
			"it may be ours, without a path", bootstrap + other + ks("x", "sourceRef: {kind: GitRepository, name: other}"), "",
			`clusters/prod/x.yaml:7: gap remote-source: Kustomization "x" applies what is not rendered: GitRepository "other" at "https://git.example.org/other" is not in the repository; "ringfence fetch" fetches it`,
		},
		{
			"ours by its URL", other + ks("x", "sourceRef: {kind: GitRepository, name: other}\npath: ./infra") + "-- infra/a.yaml --\n", "https://git.example.org/other",
			`x: infra`,
		},
		{
			"an OCI artifact", bootstrap + `
-- clusters/prod/oci.yaml --
apiVersion: source.toolkit.fluxcd.io/v1beta2
kind: OCIRepository
metadata: {name: oci, namespace: flux-system}
spec: {interval: 1m, url: "oci://registry.example.org/manifests"}
` + ks("x", "sourceRef: {kind: OCIRepository, name: oci}\npath: ./infra"), "",
			`clusters/prod/x.yaml:7: gap remote-source: Kustomization "x" applies what is not rendered: "infra" of OCIRepository "oci" at "oci://registry.example.org/manifests" is not in the repository; "ringfence fetch" fetches it`,
		},
		{
			"a bucket", bootstrap + `
-- clusters/prod/bucket.yaml --
apiVersion: source.toolkit.fluxcd.io/v1
kind: Bucket
metadata: {name: b, namespace: flux-system}
spec: {interval: 1m, endpoint: minio.example.org, bucketName: fleet}
` + ks("x", "sourceRef: {kind: Bucket, name: b}\npath: ./infra"), "",
			`clusters/prod/x.yaml:7: gap remote-source: Kustomization "x" applies what is not rendered: "infra" of Bucket "b" at "minio.example.org/fleet" is not in the repository`,
		},
		{
			"the same URL under another name", bootstrap + `
-- clusters/prod/again.yaml --
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: again, namespace: tenant}
spec: {interval: 1m, url: "https://git.example.org/fleet.git", ref: {branch: main}}
` + ks("x", "sourceRef: {kind: GitRepository, name: again, namespace: tenant}\npath: ./infra"), "",
			`x: infra`,
		},
		{
			"another branch", bootstrap + `
-- clusters/prod/again.yaml --
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: again, namespace: tenant}
spec: {interval: 1m, url: "https://git.example.org/fleet.git", ref: {branch: next}}
` + ks("x", "sourceRef: {kind: GitRepository, name: again, namespace: tenant}\npath: ./infra"), "",
			`x: infra, note: GitRepository "again" at "https://git.example.org/fleet.git" (next) is read from the work tree`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := read(t, test.archive, test.own)
			if len(c.Gaps) > 0 {
				t.Fatal(c.Gaps)
			}
			k := c.Kustomizations[len(c.Kustomizations)-1]
			place, gap := c.Locate(k)
			got := k.Name + ": " + place.Dir
			if place.Note != "" {
				got += ", note: " + place.Note
			}
			if gap != nil {
				got = gapText(*gap)
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestLocateArtifact checks paths of artifacts that are copied together.
func TestLocateArtifact(t *testing.T) {
	tests := []struct{ name, copies, path, want string }{
		{"contents of a folder", `[{from: "@repo/infra/**", to: "@artifact/"}]`, "./db", `infra/db`},
		{"contents into a folder", `[{from: "@repo/infra/**", to: "@artifact/infra/"}]`, "infra/db", `infra/db`},
		{"a folder", `[{from: "@repo/infra/", to: "@artifact/"}]`, "infra/db", `infra/db`},
		{"all", `[{from: "@repo/**", to: "@artifact/"}]`, "infra/db", `infra/db`},
		{"several", `[{from: "@repo/apps/base/**", to: "@artifact/base/"}, {from: "@repo/apps/prod/**", to: "@artifact/prod/"}]`, "prod", `apps/prod`},
		{"the last wins", `[{from: "@repo/apps/base/**", to: "@artifact/x/"}, {from: "@repo/apps/prod/**", to: "@artifact/x/"}]`, "x", `apps/prod, note: ExternalArtifact "made" lays folders out otherwise than the repository, in which "apps/prod" is read`},
		{"otherwise laid out", `[{from: "@repo/apps/base/**", to: "@artifact/base/"}, {from: "@repo/infra/**", to: "@artifact/infra/"}]`, "infra/db", `infra/db, note: ExternalArtifact "made" lays folders out otherwise than the repository, in which "infra/db" is read`},
		{"not copied", `[{from: "@repo/apps/**", to: "@artifact/apps/"}]`, "infra", `gap remote-source: nothing of the repository is copied to "infra" of ExternalArtifact "made"`},
		{"single files", `[{from: "@repo/infra/db/*.yaml", to: "@artifact/db/"}]`, "db", `gap remote-source: nothing of the repository is copied to "db" of ExternalArtifact "made"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := read(t, bootstrap+"-- infra/db/a.yaml --\n-- apps/base/a.yaml --\n"+`
-- clusters/prod/artifacts.yaml --
apiVersion: source.extensions.fluxcd.io/v1beta1
kind: ArtifactGenerator
metadata: {name: made, namespace: flux-system}
spec:
  sources: [{alias: repo, kind: GitRepository, name: flux-system}]
  artifacts: [{name: made, originRevision: "@repo", copy: `+test.copies+`}]
`+ks("x", "sourceRef: {kind: ExternalArtifact, name: made}\npath: "+test.path), "")
			if len(c.Gaps) > 0 {
				t.Fatal(c.Gaps)
			}
			place, gap := c.Locate(c.Kustomizations[len(c.Kustomizations)-1])
			got := place.Dir
			if place.Note != "" {
				got += ", note: " + place.Note
			}
			if gap != nil {
				got = fmt.Sprintf("gap %s: %s", gap.Code, strings.TrimPrefix(gap.Reason, `Kustomization "x" applies what is not rendered: `))
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestStrict checks that what is not understood is named at its line.
func TestStrict(t *testing.T) {
	c := read(t, ks("wrong", "sourceRef: {kind: GitRepository, name: flux-system}\npath: [a]")+
		ks("typo", "sourceRef: {kind: GitRepository, name: flux-system}\npatchs:\n  - a\npatches:\n  - patch: x\n    when: now")+
		ks("old", "sourceRef: {kind: GitRepository, name: flux-system}\nvalidation: client\npatchesStrategicMerge:\n  - kind: Service")+`
-- clusters/prod/set.yaml --
apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata: {name: apps, namespace: flux-system}
spec: {resourcesTemplate: "x: << inputs.x >>"}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: empty}
`, "")
	var got []string
	var gaps []manifest.Gap
	for _, list := range c.Gaps {
		gaps = append(gaps, list...)
	}
	slices.SortFunc(gaps, func(a, b manifest.Gap) int { return cmp.Or(a.Compare(b.Pos), cmp.Compare(a.Reason, b.Reason)) })
	for _, g := range gaps {
		got = append(got, gapText(g))
	}
	want := []string{
		`clusters/prod/set.yaml:4: gap not-followed: ResourceSet "apps" is not followed: what it makes of its templates is not known`,
		`clusters/prod/typo.yaml:8: gap unknown-field: Kustomization "typo" has the field "spec.patchs", which is not understood`,
		`clusters/prod/typo.yaml:12: gap unknown-field: Kustomization "typo" has the field "spec.patches[0].when", which is not understood`,
		`clusters/prod/wrong.yaml:8: gap invalid-object: Kustomization "wrong": the field "spec.path" holds a value of type array, want string`,
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}
