package render_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/source"
)

// corpusEnvironments renders a repository of the corpus.
func corpusEnvironments(t *testing.T, repo string) map[string]render.Environment {
	t.Helper()
	tree, err := source.Open(filepath.Join(shared(t), "corpus", repo))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	r := render.New(tree, render.Options{})
	targets, _ := r.Find(context.Background(), []string{"."})
	environments := make(map[string]render.Environment)
	for _, e := range render.Group(r.RenderAll(context.Background(), targets, nil)) {
		environments[e.Name] = e
	}
	return environments
}

// whys lists the targets of an environment with what makes them.
func whys(e render.Environment) []string {
	var lines []string
	for _, r := range e.Results {
		lines = append(lines, fmt.Sprintf("%s: %s", r.Dir, r.Why))
	}
	return lines
}

// only returns the one object of a kind and name.
func only(t *testing.T, e render.Environment, kind, name string) *manifest.Object {
	t.Helper()
	var found []*manifest.Object
	for _, o := range e.Objects() {
		if o.Kind == kind && o.Name == name {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d of %s %q", e.Name, len(found), kind, name)
	}
	return found[0]
}

// TestFluxExample checks the clusters of Flux's example against its README: apps and
// infrastructure come from one folder of artifacts each, production replaces the
// server that issues certificates, and each cluster has values of its own.
func TestFluxExample(t *testing.T) {
	environments := corpusEnvironments(t, "fluxcd__flux2-kustomize-helm-example")
	if diff := cmp.Diff([]string{"production", "staging"}, slices.Sorted(maps.Keys(environments))); diff != "" {
		t.Fatalf("environments (-want +got):\n%s", diff)
	}
	for env, want := range map[string]struct{ server, version, host string }{
		"production": {"https://acme-v02.api.letsencrypt.org/directory", ">=1.0.0", "podinfo.production"},
		"staging":    {"https://acme-staging-v02.api.letsencrypt.org/directory", ">=1.0.0-alpha", "podinfo.staging"},
	} {
		e := environments[env]
		folder := "clusters/" + env
		wantTargets := []string{
			"apps/" + env + ": Kustomization flux-system/apps, " + folder + "/apps.yaml:2",
			folder + ": path " + folder,
			folder + "/flux-system: path " + folder,
			"infrastructure/configs: Kustomization flux-system/infra-configs, " + folder + "/infrastructure.yaml:18",
			"infrastructure/controllers: Kustomization flux-system/infra-controllers, " + folder + "/infrastructure.yaml:2",
		}
		if diff := cmp.Diff(wantTargets, whys(e)); diff != "" {
			t.Errorf("targets of %s (-want +got):\n%s", env, diff)
		}
		if got := manifest.Text(only(t, e, "ClusterIssuer", "letsencrypt").Data, "spec", "acme", "server"); got != want.server {
			t.Errorf("%s issues certificates by %q, want %q", env, got, want.server)
		}
		release := only(t, e, "HelmRelease", "podinfo")
		if got := manifest.Text(release.Data, "spec", "chart", "spec", "version"); got != want.version {
			t.Errorf("%s installs version %q, want %q", env, got, want.version)
		}
		if got := manifest.Lookup(release.Data, "spec", "values", "httpRoute", "hostnames", 0); got != want.host {
			t.Errorf("%s serves %q, want %q", env, got, want.host)
		}
	}
}

// TestFluxTenants checks the clusters of Flux's example with tenants against its
// README: each cluster registers the tenant's repository, with its own path.
func TestFluxTenants(t *testing.T) {
	environments := corpusEnvironments(t, "fluxcd__flux2-multi-tenancy")
	if diff := cmp.Diff([]string{"production", "staging"}, slices.Sorted(maps.Keys(environments))); diff != "" {
		t.Fatalf("environments (-want +got):\n%s", diff)
	}
	for _, env := range []string{"production", "staging"} {
		e := environments[env]
		folder := "clusters/" + env
		wantTargets := []string{
			folder + ": path " + folder,
			folder + "/flux-system: path " + folder,
			"infrastructure/kyverno: Kustomization flux-system/kyverno, " + folder + "/infrastructure.yaml:1",
			"infrastructure/kyverno-policies: Kustomization flux-system/kyverno-policies, " + folder + "/infrastructure.yaml:17",
			"tenants/" + env + ": Kustomization flux-system/tenants, " + folder + "/tenants.yaml:1",
		}
		if diff := cmp.Diff(wantTargets, whys(e)); diff != "" {
			t.Errorf("targets of %s (-want +got):\n%s", env, diff)
		}
		tenant := only(t, e, "Kustomization", "dev-team")
		if got := manifest.Text(tenant.Data, "spec", "path"); got != "./"+env || tenant.Namespace != "apps" {
			t.Errorf("the tenant of %s applies %q from namespace %q", env, got, tenant.Namespace)
		}
		var gaps []string
		for _, r := range e.Results {
			for _, g := range r.Gaps {
				if !g.Note {
					gaps = append(gaps, fmt.Sprintf("%s:%d: %s", g.File, g.Line, g.Code))
				}
			}
		}
		// The tenant's repository is a branch that is not here, Kyverno an artifact.
		if diff := cmp.Diff([]string{"infrastructure/kyverno/sync.yaml:8: remote-source", "tenants/base/dev-team/sync.yaml:20: remote-source"}, gaps); diff != "" {
			t.Errorf("gaps of %s (-want +got):\n%s", env, diff)
		}
	}
}

// TestFluxCorpus checks for every repository of the corpus that each Kustomization
// and HelmRelease in an environment makes a target, or is a gap with a reason, and
// prints how many of them do. The figures were checked by hand.
func TestFluxCorpus(t *testing.T) {
	root := filepath.Join(shared(t), "corpus")
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]int{
		"fluxcd__flux2-kustomize-helm-example": {"Kustomization resolved": 6, "HelmRelease remote-chart": 6},
		"fluxcd__flux2-multi-tenancy":          {"Kustomization resolved": 6, "Kustomization remote-source": 4},
		"onedr0p__home-ops":                    {"Kustomization resolved": 78, "HelmRelease remote-chart": 69},
	}
	got := make(map[string]map[string]int)
	for _, entry := range entries {
		if !entry.IsDir() || !mentions(t, filepath.Join(root, entry.Name()), ".toolkit.fluxcd.io/") {
			continue
		}
		counts := make(map[string]int)
		for _, e := range corpusEnvironments(t, entry.Name()) {
			count(t, e, counts)
		}
		if len(counts) > 0 {
			got[entry.Name()] = counts
			t.Logf("%s: %v", entry.Name(), counts)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what becomes of Flux's objects (-want +got):\n%s", diff)
	}
}

// mentions tells whether a YAML file below dir has a text.
func mentions(t *testing.T, dir, text string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if ext := filepath.Ext(file); err != nil || found || !entry.Type().IsRegular() || ext != ".yaml" && ext != ".yml" {
			return err
		}
		data, err := os.ReadFile(file)
		found = bytes.Contains(data, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func count(t *testing.T, e render.Environment, counts map[string]int) {
	var gaps []render.Gap
	made := make(map[string]bool)
	for _, r := range e.Results {
		gaps = append(gaps, r.Gaps...)
		made[r.Why] = true
	}
	for _, o := range e.Objects() {
		if !strings.HasSuffix(o.Group, ".toolkit.fluxcd.io") || o.Kind != "Kustomization" && o.Kind != "HelmRelease" {
			continue
		}
		ref := o.Name
		if !manifest.IsPrivate(o.Namespace) {
			ref = o.Namespace + "/" + o.Name
		}
		resolved := made[fmt.Sprintf("%s %s, %s:%d", o.Kind, ref, o.File, o.Line)]
		named := fmt.Sprintf("%s %q ", o.Kind, o.Name)
		i := slices.IndexFunc(gaps, func(g render.Gap) bool { return !g.Note && strings.HasPrefix(g.Reason, named) })
		switch {
		case resolved == (i >= 0):
			t.Errorf("%s in %s is resolved: %v, has a gap: %v", o.Ref, e.Name, resolved, i >= 0)
		case resolved:
			counts[o.Kind+" resolved"]++
		default:
			counts[fmt.Sprintf("%s %s", o.Kind, gaps[i].Code)]++
		}
	}
}

// BenchmarkResolve finds and renders the largest repositories of the corpus that Flux and
// Argo CD apply, in turns with and without following their objects: both walk the files
// and render the same targets. The difference is what following them costs.
func BenchmarkResolve(b *testing.B) {
	ctx := context.Background()
	for _, repo := range []string{"onedr0p__home-ops", "operate-first__apps"} {
		b.Run(repo, func(b *testing.B) {
			tree, err := source.Open(filepath.Join(shared(b), "corpus", repo))
			if err != nil {
				b.Fatal(err)
			}
			defer tree.Close()
			targets, _ := render.New(tree, render.Options{}).Find(ctx, []string{"."})
			measure := func(work func(r *render.Repository)) time.Duration {
				runtime.GC()
				before := cpu(b)
				work(render.New(tree, render.Options{}))
				return cpu(b) - before
			}
			var with, without time.Duration
			for b.Loop() {
				without += measure(func(r *render.Repository) {
					r.FindFolders()
					r.RenderAll(ctx, targets, nil)
				})
				with += measure(func(r *render.Repository) {
					found, _ := r.Find(ctx, []string{"."})
					r.RenderAll(ctx, found, nil)
				})
			}
			b.ReportMetric(float64(without.Milliseconds())/float64(b.N), "cpu-ms-without/op")
			b.ReportMetric(float64(with.Milliseconds())/float64(b.N), "cpu-ms-with/op")
			b.ReportMetric(100*(with-without).Seconds()/without.Seconds(), "%-more")
		})
	}
}

// checkedReconciliations were drawn at random and checked by hand against the files, as
// those of checkedApplications were: the folder and namespace that an object of Flux
// applies in an environment, and the line at which the object begins; or, of what lies
// elsewhere, the line that names its source, and the end of the source's name. Together
// they are 40.
var checkedReconciliations = []struct{ repo, environment, object, at, target, namespace, elsewhere string }{
	{"onedr0p__home-ops", "kubernetes/flux/cluster", "Kustomization default/tautulli", "kubernetes/apps/default/tautulli/ks.yaml:3", "kubernetes/apps/default/tautulli/app", "default", ""},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", "Kustomization kube-system/multus", "kubernetes/apps/kube-system/multus/ks.yaml:3", "kubernetes/apps/kube-system/multus/app", "kube-system", ""},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", "Kustomization kube-system/multus-networks", "kubernetes/apps/kube-system/multus/ks.yaml:26", "kubernetes/apps/kube-system/multus/networks", "kube-system", ""},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", "Kustomization default/home-assistant-mcp", "kubernetes/apps/default/home-assistant/ks.yaml:27", "kubernetes/apps/default/home-assistant/mcp", "default", ""},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", "Kustomization default/sabnzbd", "kubernetes/apps/default/sabnzbd/ks.yaml:3", "kubernetes/apps/default/sabnzbd/app", "default", ""},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", "Kustomization actions-runner-system/actions-runner-controller-runners", "kubernetes/apps/actions-runner-system/actions-runner-controller/ks.yaml:19", "kubernetes/apps/actions-runner-system/actions-runner-controller/runners", "actions-runner-system", ""},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", "Kustomization default/bazarr", "kubernetes/apps/default/bazarr/ks.yaml:3", "kubernetes/apps/default/bazarr/app", "default", ""},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", `HelmRelease "qbittorrent"`, "kubernetes/apps/default/qbittorrent/app/helmrelease.yaml:8", "", "", `"oci://ghcr.io/bjw-s-labs/helm/app-template" (5.1.0)`},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", `HelmRelease "flux-instance"`, "kubernetes/apps/flux-system/flux-instance/app/helmrelease.yaml:8", "", "", `"oci://ghcr.io/controlplaneio-fluxcd/charts/flux-instance" (0.58.1)`},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", `HelmRelease "victoria-logs-collector"`, "kubernetes/apps/o11y/victoria-logs/collector/helmrelease.yaml:9", "", "", `"oci://ghcr.io/victoriametrics/helm-charts/victoria-logs-collector" (0.3.7)`},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", `HelmRelease "tautulli"`, "kubernetes/apps/default/tautulli/app/helmrelease.yaml:8", "", "", `"oci://ghcr.io/bjw-s-labs/helm/app-template" (5.1.0)`},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", `HelmRelease "envoy-gateway"`, "kubernetes/apps/network/envoy-gateway/app/helmrelease.yaml:8", "", "", `"oci://mirror.gcr.io/envoyproxy/gateway-helm" (1.9.0)`},
	{"onedr0p__home-ops", "kubernetes/flux/cluster", `HelmRelease "cert-manager"`, "kubernetes/apps/cert-manager/cert-manager/app/helmrelease.yaml:8", "", "", `"oci://quay.io/jetstack/charts/cert-manager" (v1.21.1)`},
	// The path is one of an artifact that is copied from the folder apps of the repository.
	{"fluxcd__flux2-kustomize-helm-example", "production", "Kustomization flux-system/apps", "clusters/production/apps.yaml:2", "apps/production", "", ""},
	{"fluxcd__flux2-kustomize-helm-example", "staging", "Kustomization flux-system/infra-configs", "clusters/staging/infrastructure.yaml:18", "infrastructure/configs", "", ""},
	// The overlay of staging sets the version.
	{"fluxcd__flux2-kustomize-helm-example", "staging", `HelmRelease "podinfo" installs chart "podinfo" version ">=1.0.0-alpha"`, "apps/base/podinfo/release.yaml:11", "", "", `"https://stefanprodan.github.io/podinfo"`},
	{"fluxcd__flux2-multi-tenancy", "production", "Kustomization flux-system/tenants", "clusters/production/tenants.yaml:1", "tenants/production", "", ""},
	{"fluxcd__flux2-multi-tenancy", "staging", `Kustomization "dev-team" applies what is not rendered: "staging"`, "tenants/base/dev-team/sync.yaml:20", "", "", `"https://github.com/fluxcd/flux2-multi-tenancy" (dev-team)`},
	{"fluxcd__flux2-multi-tenancy", "staging", `Kustomization "kyverno-controller"`, "infrastructure/kyverno/sync.yaml:8", "", "", `"oci://ghcr.io/kyverno/manifests/kyverno" (v1.14.4)`},
}

func TestCheckedReconciliations(t *testing.T) {
	if n := len(checkedReconciliations) + len(checkedApplications); n != 40 {
		t.Errorf("there are %d rows", n)
	}
	repos := make(map[string]map[string]render.Environment)
	for _, row := range checkedReconciliations {
		if repos[row.repo] == nil {
			repos[row.repo] = corpusEnvironments(t, row.repo)
		}
		found := slices.ContainsFunc(repos[row.repo][row.environment].Results, func(r render.Result) bool {
			if row.elsewhere == "" {
				return r.Why == row.object+", "+row.at && r.Dir == row.target && r.Namespace == row.namespace
			}
			return slices.ContainsFunc(r.Gaps, func(g render.Gap) bool {
				what, _, _ := strings.Cut(g.Reason, "; ")
				what = strings.TrimSuffix(strings.TrimSuffix(what, " is not in the repository"), ", which")
				return fmt.Sprintf("%s:%d", g.File, g.Line) == row.at && strings.HasPrefix(what, row.object+" ") && strings.HasSuffix(what, row.elsewhere)
			})
		})
		if !found {
			t.Errorf("%s: %s in %s is not what was checked by hand", row.repo, row.object, row.environment)
		}
	}
}
