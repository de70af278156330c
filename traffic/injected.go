package traffic

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/netpol"
)

// KnownInjectors returns those of which it is documented what they call.
func KnownInjectors() []*Injector { return injectors }

// Injectors returns what a workload asks to be injected, one injector of each mesh:
// where it or its namespace asks, and neither refuses.
func Injectors(c *netpol.Cluster, w *netpol.Workload) []*Injector {
	var found []*Injector
	for _, i := range injectors {
		first := !slices.ContainsFunc(found, func(j *Injector) bool { return j.Mesh == i.Mesh })
		if first && !w.HostNetwork && i.isAskedFor(c.Namespace(w.Namespace), w) {
			found = append(found, i)
		}
	}
	return found
}

func (i *Injector) isAskedFor(n *netpol.Namespace, w *netpol.Workload) bool {
	pod := heard(i.pods, w.Labels, w.Annotations())
	namespace := heard(i.namespaces, n.Labels, n.Annotations())
	return pod != refuses && namespace != refuses && (pod == asks || namespace == asks)
}

// Reroutes tells whether calls may arrive on another port than the application's.
func (i *Injector) Reroutes() bool { return i.Tunnel.Number != 0 }

// On returns the port of what is injected into a workload.
func (p ProxyPort) On(w *netpol.Workload) int {
	if p.annotation != "" {
		if number, err := strconv.ParseUint(w.Annotations()[p.annotation], 10, 16); err == nil && number > 0 {
			return int(number)
		}
	}
	return p.Number
}

// UnknownInjector tells whether a label or annotation asks for something that is not
// known: the convention is a name that says "inject" and a value other than a refusal,
// as sidecar.opentelemetry.io/inject has it.
func UnknownInjector(key, value string) bool {
	domain, name, found := strings.Cut(key, "/")
	return found && value != "" && !RefusesInjection(value) && strings.Contains(strings.ToLower(name), "inject") &&
		!slices.ContainsFunc(injectors, func(i *Injector) bool { return domain == i.domain || strings.HasSuffix(domain, "."+i.domain) })
}

// RefusesInjection tells whether the value of a label or annotation stands for no.
func RefusesInjection(value string) bool { return isOneOf(value, refusals) }

var refusals = []string{"false", "0", "f", "n", "no", "off", "disabled", "none"}

// heard returns what the first sign says that says something.
func heard(signs []sign, labels, annotations map[string]string) answer {
	for _, s := range signs {
		if a := s.says(labels, annotations); a != silent {
			return a
		}
	}
	return silent
}

func isOneOf(value string, choices []string) bool {
	return slices.ContainsFunc(choices, func(c string) bool { return strings.EqualFold(c, value) })
}
