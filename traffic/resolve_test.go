package traffic

import "testing"

// A Service is not there for Jobs and tests that carry the labels of its pods, unless it
// has no others.
func TestServers(t *testing.T) {
	task := func(name, kind, metadata, spec string) string {
		return "apiVersion: " + kind + "\nmetadata: {name: " + name + ", namespace: shop, labels: {app: api}, " + metadata + "}\n" + spec
	}
	job := task("seed", "batch/v1\nkind: Job", "", "spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c}]}}}")
	try := task("try", "v1\nkind: Pod", `annotations: {helm.sh/hook: "test-success"}`, "spec: {containers: [{name: c}]}")
	pod := task("own", "v1\nkind: Pod", "annotations: {helm.sh/hook: post-install}", "spec: {containers: [{name: c}]}")
	web := deployment("web", "{containers: [{name: main, env: [{name: API_URL, value: 'http://api'}]}]}")
	api := service("api", "api", "type: NodePort, ports: [{port: 80, targetPort: 8080}]")
	for _, s := range []scenario{
		{"with others", []string{web, api, deployment("api", idle), job, try}, nil, []string{
			"external:internet -> shop/Deployment/api 8080/TCP high", "shop/Deployment/web -> shop/Deployment/api 8080/TCP high",
		}},
		{"alone", []string{web, api, job}, nil, []string{
			"external:internet -> shop/Job/seed 8080/TCP high", "shop/Deployment/web -> shop/Job/seed 8080/TCP high",
		}},
		{"another hook", []string{web, api, pod}, nil, []string{
			"external:internet -> shop/Pod/own 8080/TCP high", "shop/Deployment/web -> shop/Pod/own 8080/TCP high",
		}},
	} {
		s.run(t)
	}
}
