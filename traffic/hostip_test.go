package traffic

import "testing"

// A variable with the address of the node is a call of an agent there, on the port that
// stands beside it or that all know.
func TestHostIP(t *testing.T) {
	const address = "valueFrom: {fieldRef: {fieldPath: status.hostIP}}"
	env := func(variables string) []string {
		return []string{deployment("web", "{containers: [{name: main, env: ["+variables+"]}]}")}
	}
	for _, s := range []scenario{
		{"an agent that all know", env("{name: DD_AGENT_HOST, " + address + "}"), nil, []string{
			"shop/Deployment/web -> external:node 8125/UDP medium", "shop/Deployment/web -> external:node 8126/TCP medium",
		}},
		{"its port stands beside it", env("{name: STATSD_HOST, " + address + "}, {name: STATSD_PORT, value: '9125'}"), nil, []string{
			"shop/Deployment/web -> external:node 9125/TCP low", "shop/Deployment/web -> external:node 9125/UDP low",
		}},
		{"it is a part of a URL", env("{name: HOST_IP, " + address + "}, {name: OTEL_ENDPOINT, value: 'http://$(HOST_IP):4317'}"), nil, []string{
			"shop/Deployment/web -> external:node 4317/TCP high",
		}},
		{"the port is not known", env("{name: AGENT_HOST, " + address + "}"), nil, []string{
			"shop/Deployment/web -> external:node 0/TCP low", "shop/Deployment/web -> external:node 0/UDP low",
		}},
		{"the key names no agent", env("{name: HOST_IP, " + address + "}"), nil, nil},
		{"the key names no host", env("{name: NODE, " + address + "}"), nil, nil},
		{"the pod's own address", env("{name: POD_HOST, valueFrom: {fieldRef: {fieldPath: status.podIP}}}"), nil, nil},
	} {
		s.run(t)
	}
}
