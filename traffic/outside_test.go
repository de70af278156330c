package traffic

import (
	"strconv"
	"testing"
)

func TestOutside(t *testing.T) {
	const from = "shop/Deployment/app -> "
	namespace := "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}"
	published := []string{
		object("networking.k8s.io/v1", "Ingress", "a", "spec: {rules: [{host: shop.acme.org}, {host: '*.apps.acme.org'}]}"),
		object("traefik.io/v1alpha1", "IngressRoute", "a", "spec: {routes: [{match: 'Host(`a.acme.org`, `b.acme.org`) && PathPrefix(`/`)', services: []}]}"),
		object("projectcontour.io/v1", "HTTPProxy", "a", "spec: {virtualhost: {fqdn: c.acme.org}}"),
		object("networking.istio.io/v1", "Gateway", "a", "spec: {servers: [{hosts: [shop/d.acme.org]}]}"),
		object("networking.istio.io/v1", "ServiceEntry", "a", "spec: {hosts: [api.vendor.com]}"),
	}
	for _, c := range []struct {
		name, key, value string
		want             []string
	}{
		{"a URL", "PAYMENT_API", "https://api.vendor.com/v1", []string{from + "api.vendor.com 443/TCP high"}},
		{"a host and a port", "SMTP", "mail.acme.org:587", []string{from + "mail.acme.org 587/TCP high"}},
		{"an address", "DB", "10.1.2.3:5432", []string{from + "10.1.2.3/32 5432/TCP high"}},
		{"what the environment serves", "API", "https://shop.acme.org", nil},
		{"what the environment serves below a name", "API", "https://x.apps.acme.org", nil},
		{"what a rule of Traefik serves", "API", "https://b.acme.org", nil},
		{"what Contour serves", "API", "https://c.acme.org", nil},
		{"what Istio serves", "API", "https://d.acme.org", nil},
		{"a name for documents", "API", "https://api.example.com", nil},
		{"a name that cannot be", "API", "https://my_s3.endpoint.com:9000", nil},
		{"a Service of a namespace that does not have it", "ZIPKIN", "http://zipkin.other:9411", []string{"? " + from + "zipkin.other"}},
		{"a Service of a namespace that is elsewhere", "HOOK", "http://hook.my-tools:8080", []string{"? " + from + "hook.my-tools"}},
		{"registries", "DB_REPOSITORY", "mirror.acme.org/feeds/db,feeds.vendor.com/team/db:2", []string{from + "feeds.vendor.com 443/TCP medium", from + "mirror.acme.org 443/TCP medium"}},
		{"a registry with a port", "REGISTRY_MIRROR", "registry.acme.org:5000/team", []string{from + "registry.acme.org 5000/TCP high"}},
		{"an image, which the node pulls", "IMAGE_REPOSITORY", "ghcr.io/acme/app", nil},
		{"a label", "SELECTOR", "app.kubernetes.io/name", nil},
	} {
		scenario{
			name: c.name, want: c.want,
			manifests: append(published, namespace, deployment("app", `{containers: [{name: main, env: [{name: `+c.key+`, value: "`+c.value+`"}]}]}`)),
		}.run(t)
	}
}

func TestLinks(t *testing.T) {
	const from = "shop/Deployment/app -> "
	for _, c := range []struct {
		name, file, text string
		want             []string
	}{
		{"an address", "app.yaml", "notify: {url: https://hooks.vendor.com}", []string{from + "hooks.vendor.com 443/TCP high"}},
		{"a link of a dashboard", "dashboard.json", `{"links": [{"title": "Help", "url": "https://www.vendor.com"}]}`, nil},
		{"what an alert tells people", "rules.yaml", "annotations: {runbook_url: https://wiki.acme.org}", nil},
		{"a file that does not parse", "dashboard.json", "{\n\"links\": [{\n\"url\": \"https://www.vendor.com\"\n}]\n\"x\"\n}", nil},
		{"a sentence", "app.yaml", "message: see https://www.vendor.com", nil},
	} {
		scenario{
			name: c.name, want: c.want,
			manifests: []string{
				object("v1", "ConfigMap", "files", "data: {"+c.file+": "+strconv.Quote(c.text)+"}"),
				deployment("app", "{volumes: [{name: files, configMap: {name: files}}], containers: [{name: main, volumeMounts: [{name: files, mountPath: /etc/app}]}]}"),
			},
		}.run(t)
	}
}
