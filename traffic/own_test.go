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
