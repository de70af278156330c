package traffic

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// hostIP stands for the address of the node in the value of a variable that is set to it
// (fieldPath: status.hostIP): a name that nothing has.
const hostIP = "host-ip.invalid"

// isHostIP tells whether a variable is set to the address of its node, by which pods
// call the agent of their node.
func isHostIP(item any) bool {
	path := manifest.Text(item, "valueFrom", "fieldRef", "fieldPath")
	return path == "status.hostIP" || path == "status.hostIPs"
}

// protocolPort is a port of a protocol.
type protocolPort struct {
	protocol netpol.Protocol
	number   int // 0 for all
}

// agentPorts are those of agents by the variables that clients of theirs read without one
// for the port
// (https://docs.datadoghq.com/agent/configuration/network/,
// https://www.jaegertracing.io/docs/1.62/deployment/#agent,
// https://www.ibm.com/docs/en/SSE1JP5/src/pages/reference/network.html).
var agentPorts = map[string][]protocolPort{
	"DD_AGENT_HOST":     {{netpol.TCP, 8126}, {netpol.UDP, 8125}},
	"JAEGER_AGENT_HOST": {{netpol.TCP, 5778}, {netpol.UDP, 6831}, {netpol.UDP, 6832}},

	"INSTANA_AGENT_HOST": {{netpol.TCP, 42699}},
}

// callNode adds the calls of the node whose address a setting holds. The address alone is
// given to many who do nothing with it, such as HOST_IP.
func (x *inference) callNode(s *setting, a address, all []*setting) {
	key := words(s.key)
	if a.bare && (isPartOfAnother(s, all) || a.port == 0 && !isTelemetry(key) && !hasWord(key, "agent", "collector", "daemon")) {
		return
	}
	ports, guessed := nodePorts(s, a)
	for _, p := range ports {
		e := s.evidence(a)
		if guessed {
			e.Confidence = Low
		}
		x.add(End{Workload: s.workload}, End{External: Node}, p.number, p.protocol, e)
	}
}

// isPartOfAnother tells whether a setting of the same container holds the same address
// with more, so that the address alone is there for that.
func isPartOfAnother(s *setting, all []*setting) bool {
	return slices.ContainsFunc(all, func(o *setting) bool {
		return o.group == s.group && o.value != s.value && strings.Contains(o.value, hostIP)
	})
}

// nodePorts returns the ports that an address of a node may mean. No Service tells their
// protocol, which is guessed where nothing else does.
func nodePorts(s *setting, a address) (ports []protocolPort, guessed bool) {
	switch known := agentPorts[s.key]; {
	case a.scheme != "" && a.port != 0:
		return []protocolPort{{a.protocol, a.port}}, false
	case a.port == 0 && known != nil:
		return known, false
	default:
		return []protocolPort{{netpol.TCP, a.port}, {netpol.UDP, a.port}}, true
	}
}
