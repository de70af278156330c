//go:build unix

package render_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/argocd"
	"github.com/ringfence/ringfence/render/source"
)

// resolved is what became of the Applications of one repository.
type resolved struct {
	results []render.Result
	apps    map[manifest.Pos]*manifest.Object // Applications and ApplicationSets, by where they are written
	made    map[string][]render.Result        // results of an Application's targets, by its name
	gaps    map[manifest.Code]int             // of Applications, remarks left out
}

func resolve(t *testing.T, repo string) resolved {
	t.Helper()
	tree, err := source.Open(repo)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	r := render.New(tree, render.Options{})
	targets, _ := r.Find(context.Background(), []string{"."})
	out := resolved{
		results: r.RenderAll(context.Background(), targets, nil),
		apps:    make(map[manifest.Pos]*manifest.Object), made: make(map[string][]render.Result), gaps: make(map[manifest.Code]int),
	}
	for _, result := range out.results {
		if app := result.Application(); app != "" {
			out.made[app] = append(out.made[app], result)
		}
		for _, o := range result.Objects {
			if argocd.IsApplication(o) || argocd.IsApplicationSet(o) {
				out.apps[o.Pos] = o
			}
		}
		for _, gap := range result.Gaps {
			if !gap.Note && strings.Contains(gap.Reason, "Application") {
				out.gaps[gap.Code]++
			}
		}
	}
	return out
}

// gapFor tells whether a gap speaks of an object of Argo CD.
func (r *resolved) gapFor(o *manifest.Object) bool {
	return slices.ContainsFunc(r.results, func(result render.Result) bool {
		return slices.ContainsFunc(result.Gaps, func(g render.Gap) bool {
			return !g.Note && strings.Contains(g.Reason, fmt.Sprintf("%s %q", o.Kind, o.Name))
		})
	})
}

// TestApplicationsOfCorpus checks that every Application and ApplicationSet that a
// repository applies makes targets or is named by a gap, and prints a table.
func TestApplicationsOfCorpus(t *testing.T) {
	corpus := filepath.Join(shared(t), "corpus")
	entries, err := os.ReadDir(corpus)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%-40s %5s %5s %8s %7s  gaps by code\n", "repository", "apps", "sets", "targets", "unseen")
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		r := resolve(t, filepath.Join(corpus, entry.Name()))
		if len(r.apps) == 0 {
			continue
		}
		apps, sets, seen, unseen := 0, 0, 0, 0
		for _, o := range r.apps {
			makes := r.made[o.Name]
			if argocd.IsApplicationSet(o) {
				sets++
				makes = nil
				for _, result := range r.results {
					if strings.Contains(result.Why, fmt.Sprintf("of ApplicationSet %q", o.Name)) {
						makes = append(makes, result)
					}
				}
			} else {
				apps++
			}
			if len(makes) == 0 && !r.gapFor(o) {
				t.Errorf("%s: %s %q at %s makes nothing, and no gap says so", entry.Name(), o.Kind, o.Name, o.Pos)
			}
		}
		for app, results := range r.made {
			for _, result := range results {
				if result.Kind != render.Unseen {
					seen++
				} else if unseen++; result.Complete() {
					t.Errorf("%s: Application %q is not seen, and no gap says why", entry.Name(), app)
				}
			}
		}
		var codes []string
		for _, code := range slices.Sorted(maps.Keys(r.gaps)) {
			codes = append(codes, fmt.Sprintf("%s %d", code, r.gaps[code]))
		}
		fmt.Fprintf(&table, "%-40s %5d %5d %8d %7d  %s\n", entry.Name(), apps, sets, seen, unseen, strings.Join(codes, ", "))
	}
	t.Logf("\n%s", table.String())
}

// checkedApplications were drawn at random and checked by hand against the files: where
// an Application says that a target goes, and which line says so.
var checkedApplications = []struct{ repo, environment, target, namespace, at string }{
	{"cybozu-go__neco-apps", "tokyo0", "topolvm/base", "topolvm-system", "argocd-config/base/topolvm.yaml:15"},
	{"cybozu-go__neco-apps", "stage0", "argocd/overlays/stage0", "argocd", "argocd-config/overlays/stage0/argocd.yaml:8"},
	{"cybozu-go__neco-apps", "tokyo0", "elastic/base", "elastic-system", "argocd-config/base/elastic.yaml:15"},
	{"cybozu-go__neco-apps", "neco-dev", "sealed-secrets/base", "kube-system", "argocd-config/base/sealed-secrets.yaml:15"},
	{"cybozu-go__neco-apps", "osaka0", "metallb/overlays/osaka0", "metallb-system", "argocd-config/overlays/osaka0/metallb.yaml:8"},
	{"cybozu-go__neco-apps", "stage0", "external-dns/overlays/stage0", "external-dns", "argocd-config/overlays/stage0/external-dns.yaml:9"},
	{"cybozu-go__neco-apps", "tokyo0", "namespaces/base", "kube-system", "argocd-config/base/namespaces.yaml:13"},
	// neco-dev is made of gcp, which no Application and no folder applies by itself.
	{"cybozu-go__neco-apps", "neco-dev", "monitoring/overlays/gcp", "monitoring", "argocd-config/overlays/gcp/monitoring.yaml:8"},
	{"cybozu-go__neco-apps", "osaka0", "monitoring/overlays/osaka0", "monitoring", "argocd-config/overlays/osaka0/monitoring.yaml:8"},
	{"cybozu-go__neco-apps", "neco-dev", "kube-metrics-adapter/base", "kube-metrics-adapter", "argocd-config/base/kube-metrics-adapter.yaml:15"},
	// Applications that an Application applies, to the cluster that they name; the suffix
	// of their names comes from their kustomization.
	{"operate-first__apps", "moc-infra", "acm/overlays/moc/infra", "acm", "argocd/overlays/moc-infra/applications/envs/moc/infra/cluster-management/acm.yaml:11"},
	{"operate-first__apps", "smaug", "jupyterhub-idle-culler/overlays/moc/smaug", "opf-jupyterhub", "argocd/overlays/moc-infra/applications/envs/moc/smaug/operate-first/jh-idle-culler.yaml:12"},
	{"operate-first__apps", "smaug", "cluster-scope/overlays/prod/moc/smaug", "open-cluster-management-agent", "argocd/overlays/moc-infra/applications/envs/moc/smaug/cluster-management/cluster-resources.yaml:32"},
	{"operate-first__apps", "smaug", "k8s-annotations-exporter/overlays/moc/smaug", "opf-monitoring", "argocd/overlays/moc-infra/applications/envs/moc/smaug/operate-first/k8s-annotations-exporter.yaml:12"},
	{"operate-first__apps", "curator", "cluster-scope/overlays/prod/moc/curator", "open-cluster-management-agent", "argocd/overlays/moc-infra/applications/envs/moc/curator/cluster-management/cluster-resources.yaml:21"},
	{"operate-first__apps", "moc-infra", "argocd/overlays/moc-infra/applications/envs/moc/smaug", "argocd", "argocd/overlays/moc-infra/applications/app-of-apps/app-of-apps-smaug.yaml:11"},
	// Their sources lie in other repositories.
	{"operate-first__apps", "smaug", "Application prod-thoth-package-update-smaug", "thoth-frontend-prod", "argocd/overlays/moc-infra/applications/envs/moc/smaug/thoth/prod/prod-thoth-package-update.yaml:10"},
	{"cybozu-go__neco-apps", "stage0", "Application tenant-apps", "argocd", "argocd-config/overlays/stage0/tenant-apps.yaml:13"},
	// A matrix of folders and clusters, and folders alone.
	{"argoproj__argo-cd", "2.4.6.8", "applicationset/examples/matrix/cluster-addons/argo-workflows", "argo-workflows", "applicationset/examples/matrix/list-and-git-fasttemplate.yaml:36"},
	{"argoproj__argo-cd", "1.2.3.4", "applicationset/examples/matrix/cluster-addons/argo-workflows", "argo-workflows", "applicationset/examples/matrix/list-and-git-fasttemplate.yaml:36"},
	{"argoproj__argo-cd", "applicationset/examples/git-generator-directory", "applicationset/examples/git-generator-directory/cluster-addons/argo-workflows", "argo-workflows", "applicationset/examples/git-generator-directory/git-directories-example-fasttemplate.yaml:21"},
}

func TestCheckedApplications(t *testing.T) {
	corpus := filepath.Join(shared(t), "corpus")
	repos := make(map[string]resolved)
	for _, row := range checkedApplications {
		if _, ok := repos[row.repo]; !ok {
			repos[row.repo] = resolve(t, filepath.Join(corpus, row.repo))
		}
		i := slices.IndexFunc(repos[row.repo].results, func(r render.Result) bool { return r.Name == row.target })
		if i < 0 {
			t.Errorf("%s: no target %q", row.repo, row.target)
			continue
		}
		r := repos[row.repo].results[i]
		at := manifest.Pos{File: r.Pos.File, Line: r.Pos.Line}.String()
		if !slices.Contains(r.Envs, row.environment) || r.Namespace != row.namespace || at != row.at {
			t.Errorf("%s: %s goes to %v, namespace %q, by %s", row.repo, row.target, r.Envs, r.Namespace, at)
		}
	}
}
