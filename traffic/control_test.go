package traffic

import "testing"

func TestControl(t *testing.T) {
	hook := deployment("hook", idle)
	hookService := service("hook", "hook", "ports: [{port: 443, targetPort: web}]")
	for _, s := range []scenario{
		{
			name: "a webhook is called on the port of the pods, 443 of the Service where nothing is said",
			manifests: []string{hook, hookService, `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: check}
webhooks:
- {name: a.example.com, clientConfig: {service: {name: hook, namespace: shop, path: /check}}}
- {name: b.example.com, clientConfig: {url: "https://hook.example.com/check"}}`},
			want: []string{"external:kube-apiserver -> shop/Deployment/hook 8080/TCP high"},
		},
		{
			name: "a port that the Service does not have leads nowhere",
			manifests: []string{hook, hookService, `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: change}
webhooks: [{name: a.example.com, clientConfig: {service: {name: hook, namespace: shop, port: 8443}}}]`},
		},
		{
			name: "the Service of a webhook is in the namespace that it names",
			manifests: []string{hook, hookService, `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: change}
webhooks: [{name: a.example.com, clientConfig: {service: {name: hook, namespace: other}}}]`},
			want: []string{"? external:kube-apiserver -> hook.other"},
		},
		{
			name: "the URL of a webhook may name a Service",
			manifests: []string{hook, hookService, `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: check}
webhooks: [{name: a.example.com, clientConfig: {url: "https://hook.shop.svc/check"}}]`},
			want: []string{"external:kube-apiserver -> shop/Deployment/hook 8080/TCP high"},
		},
		{
			name: "an APIService has a port; one of the API server itself has no Service",
			manifests: []string{hook, service("hook", "hook", "ports: [{port: 6000, targetPort: 9000}, {port: 443}]"), `
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.metrics.example.com}
spec: {service: {name: hook, namespace: shop, port: 6000}}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.apps}
spec: {group: apps}`},
			want: []string{"external:kube-apiserver -> shop/Deployment/hook 9000/TCP high"},
		},
		{
			name: "a conversion by webhook is a call, in both versions",
			manifests: []string{hook, hookService, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {conversion: {strategy: Webhook, webhook: {clientConfig: {service: {name: hook, namespace: shop}}}}}
---
apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata: {name: others.example.com}
spec: {conversion: {strategy: Webhook, webhookClientConfig: {service: {name: missing, namespace: shop}}}}`},
			want: []string{
				"external:kube-apiserver -> shop/Deployment/hook 8080/TCP high",
				"? external:kube-apiserver -> missing.shop",
			},
		},
		{
			name: "no conversion is no call",
			manifests: []string{hook, hookService, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {conversion: {strategy: None, webhook: {clientConfig: {service: {name: hook, namespace: shop}}}}}`},
		},
	} {
		s.run(t)
	}
}

func TestAPIServerByName(t *testing.T) {
	for _, s := range []scenario{
		{
			name:      "the Service that every cluster has is the API server",
			manifests: []string{deployment("app", `{containers: [{name: main, env: [{name: API_URL, value: "https://kubernetes.default.svc.cluster.local"}]}]}`)},
			want:      []string{"shop/Deployment/app -> external:kube-apiserver 6443/TCP high"},
		},
		{
			name:      "a short name is one of the namespace",
			manifests: []string{deployment("app", `{containers: [{name: main, env: [{name: API_URL, value: "https://kubernetes"}]}]}`)},
			want:      []string{"? shop/Deployment/app -> kubernetes"},
		},
	} {
		s.run(t)
	}
}
