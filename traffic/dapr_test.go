package traffic

import "testing"

func TestComponents(t *testing.T) {
	app := func(name, annotations string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + ", namespace: shop}\n" +
			"spec: {template: {metadata: {annotations: {" + annotations + "}}, spec: " + idle + "}}"
	}
	component := func(name, rest string) string { return object("dapr.io/v1alpha1", "Component", name, rest) }
	const redis = "spec: {type: state.redis, metadata: [{name: redisHost, value: 'redis:6379'}, {name: redisPassword, value: redis}]}"
	others := []string{
		deployment("redis", idle), service("redis", "redis", "ports: [{port: 6379, targetPort: web}]"),
		app("web", `dapr.io/enabled: "true", dapr.io/app-id: web`), app("plain", `dapr.io/enabled: "false"`),
	}
	const want = "shop/Deployment/web -> shop/Deployment/redis 8080/TCP high"
	for _, s := range []scenario{
		{name: "a component is for every sidecar of its namespace", manifests: []string{component("state", redis)}, want: []string{want}},
		{name: "or for those in its scopes", manifests: []string{component("state", redis+"\nscopes: [web]")}, want: []string{want}},
		{name: "and for no other", manifests: []string{component("state", redis+"\nscopes: [cart]")}},
		{
			name: "a value may be in a Secret",
			manifests: []string{
				object("v1", "Secret", "hosts", "stringData: {redis: 'redis:6379'}"),
				component("state", "spec: {type: state.redis, metadata: [{name: redisHost, secretKeyRef: {name: hosts, key: redis}}]}"),
			},
			want: []string{want},
		},
		{name: "of another namespace", manifests: []string{"apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: state, namespace: bank}\n" + redis}},
	} {
		s.manifests = append(s.manifests, others...)
		s.run(t)
	}
}
