package kustomize

import (
	"context"
	"testing"

	"github.com/ringfence/ringfence/render/rendertest"
)

// TestVariants builds two variants of one base in one build: what includes both has
// the last word on both. Operations that append the same value differ by name.
func TestVariants(t *testing.T) {
	tree := rendertest.Archive(t, `
-- kustomization.yaml --
namePrefix: all-
resources: [a, b]
-- a/kustomization.yaml --
namePrefix: a-
resources: [../base]
-- b/kustomization.yaml --
namePrefix: b-
resources: [../base]
patches:
- target: {kind: Pod}
  patch: |-
    - op: add
      path: /spec/containers/0/env/-
      value: {name: ONE, value: same}
    - op: add
      path: /spec/containers/0/env/-
      value: {name: TWO, value: same}
    - op: test
      path: /spec/containers/0/env/1/value
      value: same
-- base/kustomization.yaml --
resources: [pod.yaml]
-- base/pod.yaml --
apiVersion: v1
kind: Pod
metadata:
  name: x
spec:
  containers:
  - name: x
    env: [{name: ZERO, value: same}]
`)
	objects, gaps := NewBuilder(tree, Options{}).Build(context.Background(), ".")
	if len(gaps) > 0 {
		t.Fatal(describe(gaps))
	}
	env := []any{"spec", "containers", 0, "env"}
	for _, test := range []struct {
		name string
		path []any
		want string
	}{
		{"all-a-x", []any{"metadata", "name"}, "all-a-x @ kustomization.yaml:1:1 ~"},
		{"all-b-x", []any{"metadata", "name"}, "all-b-x @ kustomization.yaml:1:1 ~"},
		{"all-b-x", append(env, 1, "value"), "same @ b/kustomization.yaml:8:26 ~"},
		{"all-b-x", append(env, 2, "value"), "same @ b/kustomization.yaml:11:26 ~"},
	} {
		if got := field(objects, "Pod", test.name, test.path...); got != test.want {
			t.Errorf("%s %v:\n got %s\nwant %s", test.name, test.path, got, test.want)
		}
	}
}

// TestLabels has labels of which a transformer sets some that a patch repeats, and one that
// says the same where no transformer sets any.
func TestLabels(t *testing.T) {
	tree := rendertest.Archive(t, `
-- kustomization.yaml --
resources: [base]
patches:
- path: patch.yaml
-- patch.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    app: web
-- base/kustomization.yaml --
resources: [web.yaml]
commonLabels:
  app: web
-- base/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
`)
	objects, gaps := NewBuilder(tree, Options{}).Build(context.Background(), ".")
	if len(gaps) > 0 {
		t.Fatal(describe(gaps))
	}
	for _, test := range []struct {
		kind string
		path []any
		want string
	}{
		{"Deployment", []any{"metadata", "labels", "app"}, "web @ patch.yaml:6:5"},
		{"Deployment", []any{"spec", "selector", "matchLabels", "app"}, "web @ base/kustomization.yaml:3:3"},
		{"Deployment", []any{"spec", "template", "metadata", "labels", "app"}, "web @ base/kustomization.yaml:3:3"},
		{"ServiceMonitor", []any{"metadata", "labels", "app"}, "web @ base/kustomization.yaml:3:3"},
		{"ServiceMonitor", []any{"spec", "selector", "matchLabels", "app"}, "web @ base/web.yaml:12:19"},
	} {
		if got := field(objects, test.kind, "web", test.path...); got != test.want {
			t.Errorf("%s %v:\n got %s\nwant %s", test.kind, test.path, got, test.want)
		}
	}
}
