package traffic

import (
	"slices"
	"strings"
	"unicode"
)

// words cuts a key into lower-case words: "REDIS_ADDR", "redis.addr", "redisAddr" and
// "--redis-addr" are all redis, addr.
func words(key string) []string {
	var all []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			all = append(all, strings.ToLower(string(word)))
			word = nil
		}
	}
	runes := []rune(key)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsUpper(runes[i-1]) && unicode.IsLower(runes[i+1])):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return all
}

func hasWord(key []string, any ...string) bool {
	return slices.ContainsFunc(key, func(word string) bool { return slices.Contains(any, word) })
}

// namesHost tells whether a key says that its value is a host, so that one without
// a port is no coincidence. What ends in "name" is the name of something else.
func namesHost(key []string) bool {
	if len(key) == 0 || isNoHost(key[len(key)-1]) {
		return false
	}
	return slices.ContainsFunc(key, func(word string) bool {
		switch word {
		case "host", "hosts", "hostname", "addr", "addrs", "address", "addresses", "url", "urls", "uri", "uris", "conn", "connection",
			"server", "servers", "endpoint", "endpoints", "broker", "brokers", "upstream", "upstreams", "peer", "peers", "dsn", "dns":
			return true
		}
		// As in "DBHOST" and "eventbusconnection".
		for _, suffix := range []string{"host", "hostname", "addr", "address", "url", "uri", "server", "endpoint", "connection"} {
			if len(word) > len(suffix) && strings.HasSuffix(word, suffix) {
				return true
			}
		}
		return false
	})
}

// isTelemetry tells whether a key is about where traces, metrics and logs go, as in
// OTEL_EXPORTER_OTLP_ENDPOINT.
func isTelemetry(key []string) bool {
	return hasWord(key, "otel", "otlp", "opentelemetry", "telemetry", "jaeger", "zipkin", "tracing", "statsd", "dogstatsd", "apm", "sentry") ||
		len(key) > 2 && key[0] == "dd" && slices.Contains(key, "agent")
}

// isNoHost tells whether the last word of a key says that its value is something
// else than a host.
func isNoHost(last string) bool {
	return slices.Contains([]string{"name", "names", "id", "user", "username", "password", "path", "type", "mode", "class", "version"}, last)
}

// isOwn tells whether a key is about the workload itself, or about what others see
// of it, and not about whom it calls.
func isOwn(key []string) bool {
	return hasWord(key, "listen", "listener", "listeners", "bind", "advertise", "advertised", "advertising", "public", "origin", "origins",
		"cors", "allowed", "redirect", "callback", "image", "images", "repository", "issuer", "audience", "example", "docs", "documentation", "homepage") ||
		len(key) >= 2 && slices.ContainsFunc(key[:len(key)-1], func(w string) bool { return w == "no" }) && key[len(key)-1] == "proxy" ||
		hasWord(key, "external", "ext") && isSeenByOthers(key)
}

// mayBeOwn tells whether a key may be about what others see of the workload: SITE_URL
// is, unless the address is that of somebody else.
func mayBeOwn(key []string) bool {
	return hasWord(key, "root", "base", "site", "web") && isSeenByOthers(key)
}

// isSeenByOthers tells whether a key with a word such as "external" is about an address
// of the workload and not of a Service.
func isSeenByOthers(key []string) bool {
	return len(key) >= 2 && hasWord(key, "url", "endpoint") && !hasWord(key, "service", "api", "server", "backend")
}
