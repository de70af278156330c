package traffic

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// What a workload or its namespace asks to be injected, unless it refuses.
func TestInjectors(t *testing.T) {
	for name, test := range map[string]struct {
		namespace, pod string // metadata besides the name
		want           []string
	}{
		"nothing":             {"", "", nil},
		"by the namespace":    {"labels: {istio-injection: enabled}", "", []string{"Istio's sidecar"}},
		"refused by the pod":  {"labels: {istio-injection: enabled}", `labels: {sidecar.istio.io/inject: "false"}`, nil},
		"not for this one":    {"labels: {istio-injection: disabled}", "", nil},
		"by an annotation":    {"annotations: {linkerd.io/inject: enabled}", "", []string{"Linkerd's proxy"}},
		"several":             {"labels: {istio.io/dataplane-mode: ambient}", `annotations: {dapr.io/enabled: "true"}`, []string{"Istio's ambient mesh", "Dapr's sidecar"}},
		"annotations refuse":  {"annotations: {linkerd.io/inject: enabled}", "annotations: {linkerd.io/inject: disabled}", nil},
		"of another revision": {"labels: {istio.io/rev: canary}", "", []string{"Istio's sidecar"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, " + test.namespace + "}\n---\n" +
				"apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, " + test.pod + "}\nspec: {containers: [{name: web}]}\n"
			objects, _ := manifest.Parse("test.yaml", []byte(text))
			c, _ := netpol.New(objects, netpol.Options{})
			var got []string
			for _, i := range Injectors(c, c.Workloads[0]) {
				got = append(got, i.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("injectors (-want +got):\n%s", diff)
			}
		})
	}
}
