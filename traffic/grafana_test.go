package traffic

import (
	"strings"
	"testing"
)

func TestGrafana(t *testing.T) {
	const sourceFile = `
apiVersion: 1
datasources:
- {name: a, type: prometheus, access: proxy, url: "http://api"}
- {name: b, type: loki, access: direct, url: "http://api:90"}
- {name: c, type: testdata}`
	const dashboard = `
{"title": "a", "panels": [{"datasource": "a", "links": [{"url": "http://api"}]}], "schemaVersion": 30, "link": "https://github.com/a"}`
	api := []string{deployment("api", idle), service("api", "api", "ports: [{port: 80, targetPort: web}, {port: 90}]")}
	grafana := deployment("grafana", "{containers: [{name: main, image: 'docker.io/grafana/grafana:11.0.0@sha256:0123'}]}")
	sidecar := func(env string) string {
		return deployment("grafana", "{containers: [{name: main, image: grafana/grafana}, {name: side, image: kiwigrid/k8s-sidecar, env: ["+env+"]}]}")
	}
	found := func(namespace, label string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: found, namespace: " + namespace + ", labels: {" + label + "}}\ndata:\n  a.yaml: |\n" +
			strings.ReplaceAll(sourceFile, "\n", "\n    ")
	}
	const calls = "shop/Deployment/grafana -> shop/Deployment/api 8080/TCP high"
	for _, s := range []scenario{
		{name: "Grafana calls its data sources, but for those of browsers", manifests: append(configured("grafana", "grafana/grafana", "a.yaml", sourceFile), api...), want: []string{calls}},
		{name: "what is no Grafana calls none", manifests: append(configured("import", "a/curl", "a.yaml", sourceFile), api...)},
		{name: "who imports them does not call them", manifests: append(append(configured("import", "a/curl", "a.yaml", sourceFile), api...), grafana), want: []string{calls}},
		{
			name:      "one of the HTTP API",
			manifests: append(append(configured("import", "a/curl", "a.json", `{"name": "a", "type": "prometheus", "url": "http://api", "access": "proxy"}`), api...), grafana),
			want:      []string{calls},
		},
		{name: "dashboards hold links", manifests: append(configured("grafana", "grafana/grafana", "a.json", dashboard), api...)},
		{name: "also as they are imported", manifests: append(append(configured("import", "a/curl", "a.json", `{"dashboard": `+dashboard+`}`), api...), grafana)},
		{
			name:      "a sidecar finds them by a label",
			manifests: append([]string{sidecar("{name: LABEL, value: grafana_datasource}"), found("shop", "grafana_datasource: '1'")}, api...),
			want:      []string{calls},
		},
		{name: "and by its value", manifests: append([]string{sidecar("{name: LABEL, value: l}, {name: LABEL_VALUE, value: '1'}"), found("shop", "l: '2'")}, api...)},
		{name: "in its namespace", manifests: append([]string{sidecar("{name: LABEL, value: l}"), found("other", "l: '1'")}, api...)},
		{
			name:      "or in all",
			manifests: append([]string{sidecar("{name: LABEL, value: l}, {name: NAMESPACE, value: ALL}"), found("other", "l: '1'")}, api...),
			want:      []string{calls},
		},
		{name: "nothing finds what has another label", manifests: append([]string{sidecar("{name: LABEL, value: l}"), found("shop", "m: '1'")}, api...)},
		{
			name: "the operator's resources are for the instances that they select",
			manifests: append([]string{
				"apiVersion: grafana.integreatly.org/v1beta1\nkind: Grafana\nmetadata: {name: a, namespace: shop, labels: {use: a}}\nspec: {}",
				"apiVersion: grafana.integreatly.org/v1beta1\nkind: Grafana\nmetadata: {name: b, namespace: shop, labels: {use: b}}\nspec: {}",
				object("grafana.integreatly.org/v1beta1", "GrafanaDatasource", "a", "spec: {instanceSelector: {matchLabels: {use: a}}, datasource: {type: prometheus, access: proxy, url: 'http://api'}}"),
			}, api...),
			want: []string{"shop/Grafana/a -> shop/Deployment/api 8080/TCP high"},
		},
		{
			name: "before version 5, for those of the namespace",
			manifests: append([]string{
				object("integreatly.org/v1alpha1", "Grafana", "a", "spec: {}"),
				object("integreatly.org/v1alpha1", "GrafanaDataSource", "a", "spec: {datasources: [{type: prometheus, access: proxy, url: 'http://api'}]}"),
			}, api...),
			want: []string{"shop/Grafana/a -> shop/Deployment/api 8080/TCP high"},
		},
	} {
		s.run(t)
	}
}
