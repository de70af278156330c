package render

import (
	"cmp"
	"encoding/base64"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/argocd"
	"github.com/ringfence/ringfence/render/source"
)

// own tells whether a URL is one of the repository.
func (r *resolution) own(repoURL string) bool {
	return slices.Contains(r.urls, source.RepositoryURL(repoURL)) && repoURL != ""
}

// urls are those under which the repository is known: those of its git remotes and of
// the configuration.
func (r *Repository) urls() []string {
	urls := r.tree.Remotes()
	if cfg := r.opts.Config; cfg != nil && cfg.Repository != "" {
		urls = append(urls, source.RepositoryURL(cfg.Repository))
	}
	return urls
}

// identify finds out under which URLs the repository is known: those of its git remotes
// and of the configuration. Where there are none, it is assumed to be the one of which
// most sources have a path that exists here.
func (r *resolution) identify(holders []holder) {
	if r.urls = r.Repository.urls(); len(r.urls) > 0 {
		return
	}
	counts := make(map[string]int)
	for _, h := range holders {
		for _, o := range h.objects {
			r.countPaths(o.Data, counts)
		}
	}
	for url, n := range counts {
		if best := counts[r.assumed]; n > best || n == best && url < r.assumed {
			r.assumed = url
		}
	}
	if r.assumed != "" {
		r.urls = []string{r.assumed}
	}
}

// countPaths counts for each URL the sources and git generators in a value that name
// a path of this repository.
func (r *resolution) countPaths(value any, counts map[string]int) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			r.countPaths(item, counts)
		}
	case map[string]any:
		for _, item := range v {
			r.countPaths(item, counts)
		}
		text, _ := v["repoURL"].(string)
		url := source.RepositoryURL(text)
		if url == "" || strings.Contains(url, "{{") {
			return
		}
		paths := []any{v["path"]}
		for _, key := range []string{"directories", "files"} {
			list, _ := v[key].([]any)
			for _, item := range list {
				m, _ := item.(map[string]any)
				paths = append(paths, m["path"])
			}
		}
		for _, p := range paths {
			if name, _ := p.(string); r.leads(name) {
				counts[url]++
			}
		}
	}
}

// leads tells whether the part of a path before a pattern or parameter exists.
func (r *resolution) leads(name string) bool {
	if i := strings.IndexAny(name, "*?[{"); i >= 0 {
		name = path.Dir(name[:i] + "x")
	}
	name = path.Clean(strings.TrimPrefix(name, "/"))
	return name != "." && r.tree.Exists(name)
}

// clusters are those that the configuration names and those that cluster Secrets of the
// repository hold.
func (r *resolution) clusters(results []Result) []argocd.Cluster {
	var clusters []argocd.Cluster
	if r.opts.Config != nil {
		for _, c := range r.opts.Config.Clusters {
			clusters = append(clusters, argocd.Cluster{Name: c.Name, Server: c.Server, Labels: c.Labels, Annotations: c.Annotations})
		}
	}
	for _, result := range results {
		for _, o := range result.Objects {
			c, ok := clusterSecret(o)
			if ok && !slices.ContainsFunc(clusters, func(have argocd.Cluster) bool { return have.Name == c.Name }) {
				clusters = append(clusters, c)
			}
		}
	}
	slices.SortFunc(clusters, func(a, b argocd.Cluster) int { return cmp.Compare(a.Name, b.Name) })
	return clusters
}

// clusterSecret reads a Secret in which Argo CD keeps a cluster. Of its data only the
// name, server and project are looked at.
func clusterSecret(o *manifest.Object) (argocd.Cluster, bool) {
	meta, _ := o.Data["metadata"].(map[string]any)
	c := argocd.Cluster{Labels: texts(meta["labels"]), Annotations: texts(meta["annotations"])}
	if o.Kind != "Secret" || o.Group != "" || c.Labels["argocd.argoproj.io/secret-type"] != "cluster" {
		return c, false
	}
	plain, encoded := texts(o.Data["stringData"]), texts(o.Data["data"])
	for key, field := range map[string]*string{"name": &c.Name, "server": &c.Server, "project": &c.Project} {
		*field = plain[key]
		if data, err := base64.StdEncoding.DecodeString(encoded[key]); err == nil && *field == "" {
			*field = string(data)
		}
	}
	return c, c.Name != ""
}

// texts are the strings of a mapping.
func texts(value any) map[string]string {
	m, _ := value.(map[string]any)
	out := make(map[string]string, len(m))
	for key, v := range m {
		if text, ok := v.(string); ok {
			out[key] = text
		}
	}
	return out
}

// createdNamespace is the namespace that an Application lets Argo CD create, nil for
// none.
func createdNamespace(app argocd.Application) *manifest.Object {
	if !app.CreateNamespace || app.Destination.Namespace == "" {
		return nil
	}
	metadata := map[string]any{"name": app.Destination.Namespace}
	if len(app.NamespaceLabels) > 0 {
		metadata["labels"] = app.NamespaceLabels
	}
	var node yaml.Node
	if err := node.Encode(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}); err != nil {
		return nil // there are only strings
	}
	o, err := manifest.NewObject(&node, func(steps []manifest.Step) manifest.Origin {
		if len(steps) == 4 { // metadata, labels and the key of one
			return app.At("spec", "syncPolicy", "managedNamespaceMetadata", "labels", steps[3].Key.Value)
		}
		return app.At("spec", "destination", "namespace")
	})
	if err != nil {
		return nil
	}
	return o
}
