package traffic

import "testing"

// Of a file that all read nobody is known to use all, and nobody its own address, by which
// the others find it.
func TestSharedFile(t *testing.T) {
	reader := func(name string) string {
		return deployment(name, "{containers: [{name: main, volumeMounts: [{name: c, mountPath: /c}]}], volumes: [{name: c, configMap: {name: services}}]}")
	}
	scenario{
		name: "addresses of all services",
		manifests: []string{
			reader("cart"), reader("orders"), reader("web"), service("cart", "cart", "ports: [{port: 80}]"), service("orders", "orders", "ports: [{port: 80}]"),
			object("v1", "ConfigMap", "services", "data: {services.yaml: 'services: {cart: \"http://cart\", orders: \"http://orders\", orders-cart: \"http://cart/all\"}'}"),
		},
		want: []string{
			"shop/Deployment/cart -> shop/Deployment/cart 80/TCP low",
			"shop/Deployment/cart -> shop/Deployment/orders 80/TCP low",
			"shop/Deployment/orders -> shop/Deployment/cart 80/TCP medium",
			"shop/Deployment/orders -> shop/Deployment/orders 80/TCP low",
			"shop/Deployment/web -> shop/Deployment/cart 80/TCP low",
			"shop/Deployment/web -> shop/Deployment/orders 80/TCP low",
		},
	}.run(t)
}
