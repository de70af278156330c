package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/generate"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

func TestPrintRemarks(t *testing.T) {
	on := func(environment, name, reason string) environmentRemark {
		w := &netpol.Workload{Ref: manifest.Ref{Kind: "Deployment", Namespace: "shop", Name: name}}
		return environmentRemark{environment, generate.Remark{Workload: w, Namespace: "shop", Reason: reason}}
	}
	for _, c := range []struct {
		name    string
		remarks []environmentRemark
		want    string
	}{
		{"one", []environmentRemark{on("", "a", "is open")}, "remark: shop/Deployment/a: is open\n"},
		{"environments", []environmentRemark{on("dev", "a", "is open"), on("prod", "a", "is open"), on("prod", "b", "is open")}, `remark: dev, prod: shop/Deployment/a: is open
remark: prod: shop/Deployment/b: is open
`},
		{"many", []environmentRemark{
			on("prod", "d", "is open"), on("prod", "a", "is open"), on("prod", "b", "is open"), on("prod", "c", "is open"), on("prod", "a", "has no labels"),
		}, `remark: prod: shop/Deployment/a, shop/Deployment/b and 2 more: is open
remark: prod: shop/Deployment/a: has no labels
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			(&command{stderr: &out}).printRemarks(c.remarks)
			if diff := cmp.Diff(c.want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
