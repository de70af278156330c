package analyzer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// service leads from port 80 to the port 8080 of the pods that carry app: NAME.
func service(name, rest string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\n" +
		"spec: {selector: {app: " + name + "}, ports: [{port: 80, targetPort: 8080}]" + rest + "}\n---\n"
}

// caller is a deployment whose environment names an address.
func caller(name, address string) string {
	return strings.Replace(deployment(name), "ports:", "env: [{name: TARGET_ADDR, value: '"+address+"'}], ports:", 1)
}

// isolated is a policy for the pods that carry app: NAME, with a direction and its rules.
func isolated(name, direction, rules string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + "}\n" +
		"spec: {podSelector: {matchLabels: {app: " + name + "}}, policyTypes: [" + direction + "], " + strings.ToLower(direction) + ": [" + rules + "]}\n---\n"
}

// A call is blocked where its own side or that of who is called surely denies it.
func TestBlocked(t *testing.T) {
	call := caller("web", "db:80") + deployment("db") + service("db", "")
	api := strings.Replace(deployment("web"), "spec: {containers", "spec: {serviceAccountName: web, containers", 1) + `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web}
subjects: [{kind: ServiceAccount, name: web}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
---
`
	outside := caller("web", "https://api.payments.com")
	address := caller("web", "198.51.100.7:443")
	exposed := deployment("db") + service("db", ", type: LoadBalancer")
	ingress := deployment("db") + service("db", "") + `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: db}
spec: {defaultBackend: {service: {name: db, port: {number: 80}}}}
---
`
	hook := deployment("db") + service("db", "") + `apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: db}
webhooks: [{name: db.example.com, clientConfig: {service: {namespace: shop, name: db, port: 80}}}]
---
`
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"no policy":              {call, nil},
		"denied by who's called": {call + isolated("db", "Ingress", ""), []string{"web > db TCP 8080 ingress"}},
		"denied by the caller":   {call + isolated("web", "Egress", ""), []string{"web > db TCP 8080 egress"}},
		"denied by both":         {call + isolated("web", "Egress", "") + isolated("db", "Ingress", ""), []string{"web > db TCP 8080 egress ingress"}},
		"the Service's port":     {call + isolated("db", "Ingress", "{ports: [{port: 80}]}"), []string{"web > db TCP 8080 ingress"}},
		"the pods' port":         {call + isolated("db", "Ingress", "{ports: [{port: 8080}]}"), nil},
		"blocks may hold pods":   {call + isolated("db", "Ingress", "{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}"), nil},
		"public blocks do not":   {call + isolated("db", "Ingress", "{from: [{ipBlock: {cidr: 8.8.8.0/24}}]}"), []string{"web > db TCP 8080 ingress"}},
		"a policy not evaluated": {
			outside + isolated("web", "Egress", "") + "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: web}\n" +
				"spec: {endpointSelector: {matchLabels: {app: web}}, egress: [{toFQDNs: [{matchName: api.payments.com}]}]}\n",
			nil,
		},

		"a Job that serves nobody": {
			call + strings.Replace(isolated("init", "Ingress", ""), "app: init", "job: init", 1) + `apiVersion: batch/v1
kind: Job
metadata: {name: init}
spec: {template: {metadata: {labels: {app: db, job: init}}, spec: {containers: [{name: main}]}}}
`, nil,
		},
		"a Helm test": {strings.Replace(call, "  name: web\n", "  name: web\n  annotations: {helm.sh/hook: test}\n", 1) + isolated("db", "Ingress", ""), nil},

		"API server":                     {api + isolated("web", "Egress", "{to: [{namespaceSelector: {}}]}"), []string{"web > the API server TCP 6443 egress"}},
		"API server by any address":      {api + isolated("web", "Egress", "{to: [{ipBlock: {cidr: 10.0.0.1/32}}]}"), nil},
		"API server by its port":         {api + isolated("web", "Egress", "{ports: [{port: 443}]}"), nil},
		"only DNS is no API server":      {api + isolated("web", "Egress", "{ports: [{port: 53}]}"), []string{"web > the API server TCP 6443 egress"}},
		"the outside":                    {outside + isolated("web", "Egress", "{to: [{namespaceSelector: {}}]}"), []string{`web > "api.payments.com" TCP 443 egress`}},
		"the outside by an address":      {outside + isolated("web", "Egress", "{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}"), nil},
		"the outside on another port":    {outside + isolated("web", "Egress", "{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 80}]}"), []string{`web > "api.payments.com" TCP 443 egress`}},
		"the outside through a proxy":    {strings.Replace(outside, "env: [", "env: [{name: HTTPS_PROXY, value: 'http://proxy:3128'}, ", 1) + isolated("web", "Egress", ""), nil},
		"an address in no block":         {address + isolated("web", "Egress", "{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}"), []string{"web > 198.51.100.7/32 TCP 443 egress"}},
		"an address in a block":          {address + isolated("web", "Egress", "{to: [{ipBlock: {cidr: 198.51.100.0/24}}]}"), nil},
		"clients of a load balancer":     {exposed + isolated("db", "Ingress", "{from: [{podSelector: {}}]}"), []string{"somebody outside > db TCP 8080 ingress"}},
		"clients by an address":          {exposed + isolated("db", "Ingress", "{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}"), nil},
		"a controller elsewhere":         {ingress + isolated("db", "Ingress", "{from: [{podSelector: {}}]}"), []string{"the ingress controller > db TCP 8080 ingress"}},
		"a controller that is let in":    {ingress + isolated("db", "Ingress", "{from: [{namespaceSelector: {}}]}"), nil},
		"a controller of the namespace":  {ingress + api + isolated("db", "Ingress", "{from: [{podSelector: {}}]}"), nil},
		"the API server's webhook":       {hook + isolated("db", "Ingress", "{from: [{podSelector: {}}]}"), []string{"the API server > db TCP 8080 ingress"}},
		"a webhook from every namespace": {hook + isolated("db", "Ingress", "{from: [{namespaceSelector: {}}]}"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			model := modelOf(Environment{Name: "prod", Objects: parse(t, "app.yaml", test.text, "shop")})
			var got []string
			for _, b := range model.Blocked {
				text := fmt.Sprintf("%s > %s %s", strings.TrimPrefix(b.From, "Deployment "), strings.TrimPrefix(b.To, "Deployment "), b.Port)
				for _, side := range b.Denials {
					text += " " + side.Direction
				}
				got = append(got, strings.NewReplacer(`"web"`, "web", `"db"`, "db").Replace(text))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("blocked calls (-want +got):\n%s", diff)
			}
		})
	}
}
