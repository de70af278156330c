package traffic

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// isHostName tells whether a name with dots can be one of the Internet or of a
// company's network: without underscores, and its last label of letters only, as
// every top-level domain is (RFC 3696, section 2), or an encoded one.
func isHostName(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	letters := strings.Trim(strings.ToLower(last), "abcdefghijklmnopqrstuvwxyz") == "" && len(last) > 1
	return !strings.Contains(host, "_") && (letters || strings.HasPrefix(last, "xn--"))
}

// isMissing tells whether an address with a port or a scheme is that of a Service of
// another namespace that is not there: it ends in a namespace of the environment, or
// in what no top-level domain looks like.
func (x *inference) isMissing(a address) bool {
	labels := strings.Split(strings.ToLower(a.host), ".")
	if len(labels) != 2 || a.scheme == "" && a.port == 0 || strings.Contains(a.host, "_") {
		return false
	}
	return x.cluster.Namespace(labels[1]) != nil || strings.Contains(labels[1], "-") && !strings.HasPrefix(labels[1], "xn--")
}

// isServed tells whether the environment itself publishes a host name.
func (x *inference) isServed(host string) bool {
	_, parent, _ := strings.Cut(host, ".")
	return x.served[host] || x.served["*."+parent]
}

// isLink tells whether a setting of a file may be a link for people, as dashboards and
// alerts have: its path says so, or there is none because the file does not parse.
func isLink(s *setting) bool {
	return strings.HasSuffix(s.group, ".json") || slices.ContainsFunc(append(words(s.group), words(s.key)...), func(word string) bool {
		switch word {
		case "link", "links", "runbook", "runbooks", "logo", "icon", "icons", "annotations", "help", "tooltip", "footer", "homepage", "contact", "license":
			return true
		default:
			return false
		}
	})
}

// registryPath is a name of something in a registry or a repository, which has no
// scheme: a host, and a path.
var registryPath = regexp.MustCompile(`^([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::([0-9]+))?/[A-Za-z0-9._/-]+(?::[A-Za-z0-9._-]+)?$`)

// readRegistries finds the registries and mirrors from which a program is told to
// fetch. Those of images are for the node, which pulls them.
func (x *inference) readRegistries(settings []*setting) {
	for _, s := range settings {
		key := words(s.key)
		if s.kind == "file" || !hasWord(key, "repository", "repositories", "registry", "registries", "mirror", "mirrors") || hasWord(key, "image", "images", "container", "containers", "helm", "chart") {
			continue
		}
		for _, token := range separated(s.value) {
			m := registryPath.FindStringSubmatch(token)
			if m == nil || !isHostName(m[1]) || reserved(m[1]) || x.isServed(m[1]) {
				continue
			}
			port := 443
			if m[2] != "" {
				a, ok := authority(m[1] + ":" + m[2])
				if !ok {
					continue
				}
				port = a.port
			}
			x.add(End{Workload: s.workload}, End{Host: strings.ToLower(m[1])}, port, netpol.TCP, Evidence{
				Kind: s.kind, Origin: s.origin(), Text: s.text(address{}), Confidence: Medium,
			})
		}
	}
}

var hostRule = regexp.MustCompile(`Host(?:SNI)?\(([^)]*)\)`)

// customHosts returns the host names that an object publishes in a way of its own:
// one of an ingress controller or of Istio, or a Service that asks for a name
// (https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/).
func customHosts(o *manifest.Object) []string {
	if o.Group == "" && o.Kind == "Service" {
		return separated(manifest.Text(o.Data, "metadata", "annotations", "external-dns.alpha.kubernetes.io/hostname"))
	}
	if o.Kind != "Gateway" && o.Kind != "VirtualService" && o.Kind != "Host" && !isCustomRoute(o) {
		return nil // a ServiceEntry has hosts of others
	}
	hosts := texts(o.Data, "spec", "hosts")
	for _, path := range [][]any{{"spec", "virtualhost", "fqdn"}, {"spec", "hostname"}, {"spec", "host"}} {
		hosts = append(hosts, separated(manifest.Text(o.Data, path...))...)
	}
	visit(o.Data, []any{"spec", "routes", "*", "match"}, func(value any, _ []any) {
		text, _ := value.(string)
		for _, rule := range hostRule.FindAllStringSubmatch(text, -1) {
			for _, host := range separated(rule[1]) {
				hosts = append(hosts, strings.Trim(host, "`\"'"))
			}
		}
	})
	visit(o.Data, []any{"spec", "servers", "*"}, func(value any, _ []any) {
		for _, host := range texts(value, "hosts") {
			hosts = append(hosts, host[strings.IndexByte(host, '/')+1:]) // "namespace/host"
		}
	})
	return hosts
}

// separated cuts a text at commas and blanks.
func separated(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' || r == '\n' })
}
