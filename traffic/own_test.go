package traffic

import (
	"fmt"
	"testing"
)

// A key may be about what others see of the workload; not where the address is that of
// another workload.
func TestAddressesOfOthers(t *testing.T) {
	others := []string{deployment("api", idle), service("api", "api", "ports: [{port: 80, targetPort: 8080}]"), service("self", "web", "ports: [{port: 80, targetPort: 8080}]")}
	for _, c := range []struct{ key, value, want string }{
		{"WEB_URL", "http://api", "shop/Deployment/web -> shop/Deployment/api 8080/TCP high"},
		{"SITE_URL", "http://api.shop.svc:80", "shop/Deployment/web -> shop/Deployment/api 8080/TCP high"},
		{"SITE_URL", "http://self", ""},
		{"BASE_URL", "https://shop.example.org", ""},
		{"PUBLIC_URL", "http://api", ""},
	} {
		web := deployment("web", fmt.Sprintf("{containers: [{name: main, env: [{name: %s, value: %q}]}]}", c.key, c.value))
		s := scenario{name: c.key + " " + c.value, manifests: append(others, web)}
		if c.want != "" {
			s.want = []string{c.want}
		}
		s.run(t)
	}
}

// A key that ends with the name of a store says that its value is a host, where that is
// a Service with the port of the store.
func TestKeysOfStores(t *testing.T) {
	others := []string{deployment("session", idle), service("session", "session", "ports: [{port: 6379, targetPort: 6380}, {port: 9121}]"), service("own", "web", "ports: [{port: 6379}]")}
	for _, c := range []struct {
		key, value string
		found      bool
	}{
		{"SESSION_REDIS", "session", true},
		{"SESSION_REDIS", "session.shop.svc", true},
		{"SESSION_MYSQL", "session", false},
		{"REDIS", "session", false},
		{"REDIS_NAME", "session", false},
		{"SESSION_REDIS", "own", false},
		{"SESSION_REDIS", "other", false},
	} {
		web := deployment("web", fmt.Sprintf("{containers: [{name: main, env: [{name: %s, value: %q}]}]}", c.key, c.value))
		s := scenario{name: c.key + " " + c.value, manifests: append(others, web)}
		if c.found {
			s.want = []string{"shop/Deployment/web -> shop/Deployment/session 6380/TCP medium"}
		}
		s.run(t)
	}
}

// What is turned off is not called for sure; and only what the key says is turned off.
func TestAddressesOfWhatIsOff(t *testing.T) {
	others := []string{deployment("redis", idle), service("redis", "redis", "ports: [{port: 6379}]")}
	for _, c := range []struct{ switches, confidence string }{
		{"{name: REDIS_ENABLED, value: 'false'}", "low"},
		{"{name: ENABLE_REDIS, value: '0'}", "low"},
		{"{name: REDIS_DISABLED, value: 'true'}", "low"},
		{"{name: REDIS_ENABLED, value: 'true'}", "high"},
		{"{name: ENABLE_REDIS, value: '1'}", "high"},
		{"{name: REDIS_TLS_ENABLED, value: 'false'}", "high"},
		{"{name: CACHE_ENABLED, value: 'false'}", "high"},
		{"{name: ENABLED, value: 'false'}", "high"},
		{"{name: REDIS_ADDR_ENABLED, value: 'false'}", "high"},
	} {
		web := deployment("web", fmt.Sprintf("{containers: [{name: main, env: [{name: REDIS_ADDR, value: 'redis:6379'}, %s]}]}", c.switches))
		scenario{
			name: c.switches, manifests: append(others, web),
			want: []string{"shop/Deployment/web -> shop/Deployment/redis 6379/TCP " + c.confidence},
		}.run(t)
	}
}
