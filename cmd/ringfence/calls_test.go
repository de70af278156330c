package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// truth is a real application whose calls were labelled by people.
type truth struct {
	DefaultNamespace string `yaml:"default_namespace"`
	Aliases          map[string]string
	Edges            []struct {
		call   `yaml:",inline"`
		Kind   string
		Static bool // it can be told from the manifests
		Status string
	}
}

// call is an edge as a person labels it and as the tool finds it.
type call struct {
	From, To string
	Port     int
	Protocol string
}

// pair is a call without its port.
type pair struct{ from, to string }

func (c call) pair() pair { return pair{c.From, c.To} }

// scope is "in" or "out" where an end is an external, else "pod". Host names and
// addresses, which the labels do not know, count there.
func (c call) scope() string {
	switch {
	case strings.HasPrefix(c.From, "external:"):
		return "in"
	case strings.HasPrefix(c.To, "external:"):
		return "out"
	default:
		return "pod"
	}
}

// normal names ends as the labels do: without namespaces, by one of several names,
// and all that lets clients in alike.
func (tr *truth) normal(c call) call {
	end := func(name string) string {
		if strings.HasPrefix(name, "external:") {
			return name
		}
		parts := strings.Split(name, "/")
		name = strings.Join(parts[max(len(parts)-2, 0):], "/")
		if alias, ok := tr.Aliases[name]; ok {
			return alias
		}
		return name
	}
	c.From, c.To = end(c.From), end(c.To)
	switch c.From {
	case "external:internet", "external:ingress-controller", "external:istio-ingressgateway", "external:gateway":
		c.From = "external:front"
	}
	return c
}

// score counts calls of one scope.
type score struct {
	static, found              int // pairs that manifests tell, and those of them that were found
	pairs, rightPairs          int // that were found and are labelled, ambiguous ones left out
	ports, rightPorts          int
	missed, wrong, wrongNumber []string
}

func (s *score) add(o score) {
	s.static, s.found = s.static+o.static, s.found+o.found
	s.pairs, s.rightPairs = s.pairs+o.pairs, s.rightPairs+o.rightPairs
	s.ports, s.rightPorts = s.ports+o.ports, s.rightPorts+o.rightPorts
}

// TestCalls compares the calls that are inferred from 13 real applications with
// those that people labelled.
func TestCalls(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t), "truth", "*", "edges.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no labelled applications: %v", err)
	}
	totals := map[string]*score{"pod": {}, "in": {}, "out": {}}
	var recalls []float64
	for _, file := range files {
		app := filepath.Base(filepath.Dir(file))
		for scope, s := range scoreCalls(t, file) {
			totals[scope].add(*s)
			t.Logf("%-18s %-3s pairs %3d of %3d found, %3d of %3d right; ports %3d of %3d right; missed %v; wrong %v; wrong ports %v",
				app, scope, s.found, s.static, s.rightPairs, s.pairs, s.rightPorts, s.ports, s.missed, s.wrong, s.wrongNumber)
			if scope == "pod" && s.static > 0 {
				recalls = append(recalls, share(s.found, s.static))
			}
		}
	}
	mean := 0.0
	for _, r := range recalls {
		mean += r / float64(len(recalls))
	}
	pod, in, out := totals["pod"], totals["in"], totals["out"]
	for _, bar := range []struct {
		what     string
		got, bar float64
	}{
		{"recall of pairs", share(pod.found, pod.static), 92},
		{"mean recall of pairs", mean, 90},
		{"precision of pairs", share(pod.rightPairs, pod.pairs), 97},
		{"precision of pairs, in", share(in.rightPairs, in.pairs), 95},
		{"precision of pairs, out", share(out.rightPairs, out.pairs), 90},
		{"precision of ports", share(pod.rightPorts, pod.ports), 95},
		{"recall, in", share(in.found, in.static), 100},
		{"recall, out", share(out.found, out.static), 80},
	} {
		t.Logf("%s: %.1f %% (at least %.0f)", bar.what, bar.got, bar.bar)
		if bar.got < bar.bar {
			t.Errorf("%s is %.1f %%, below %.0f", bar.what, bar.got, bar.bar)
		}
	}
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

// scoreCalls scores one application by scope.
func scoreCalls(t *testing.T, file string) map[string]*score {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var tr truth
	if err := yaml.Unmarshal(text, &tr); err != nil {
		t.Fatal(err)
	}
	right, static, ambiguous := map[call]bool{}, map[pair]bool{}, map[pair]bool{}
	pairs := map[pair]bool{}
	for _, e := range tr.Edges {
		c := tr.normal(e.call)
		if e.Status == "ambiguous" {
			ambiguous[c.pair()] = true
			continue
		}
		right[c], pairs[c.pair()] = true, true
		if e.Static {
			static[c.pair()] = true
		}
	}
	found, foundPairs := tr.infer(t, filepath.Join(filepath.Dir(file), "manifests"))
	scores := map[string]*score{"pod": {}, "in": {}, "out": {}}
	for p := range static {
		s := scores[call{From: p.from, To: p.to}.scope()]
		s.static++
		if foundPairs[p] {
			s.found++
		} else {
			s.missed = append(s.missed, p.from+" -> "+p.to)
		}
	}
	for p := range foundPairs {
		s := scores[call{From: p.from, To: p.to}.scope()]
		switch {
		case pairs[p]:
			s.pairs, s.rightPairs = s.pairs+1, s.rightPairs+1
		case !ambiguous[p]:
			s.pairs++
			s.wrong = append(s.wrong, p.from+" -> "+p.to)
		}
	}
	for c := range found {
		s := scores[c.scope()]
		switch {
		case right[c]:
			s.ports, s.rightPorts = s.ports+1, s.rightPorts+1
		case pairs[c.pair()]:
			s.ports++
			s.wrongNumber = append(s.wrongNumber, fmt.Sprint(c))
		case !ambiguous[c.pair()]:
			s.ports++
		}
	}
	for _, s := range scores {
		slices.Sort(s.missed)
		slices.Sort(s.wrong)
		slices.Sort(s.wrongNumber)
	}
	return scores
}

// infer returns the calls of medium or higher confidence. What anybody may call
// stands for all labelled callers from outside.
func (tr *truth) infer(t *testing.T, dir string) (calls map[call]bool, pairs map[pair]bool) {
	t.Helper()
	stdout, stderr, code := run("map", "--needed", "--format", "jsonl", "--namespace", tr.DefaultNamespace, dir)
	if code != exitClean && code != exitIncomplete {
		t.Fatalf("%s: exit code %d: %s", dir, code, stderr)
	}
	calls, pairs = map[call]bool{}, map[pair]bool{}
	for line := range strings.Lines(stdout) {
		var c call
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		c = tr.normal(c)
		all := []call{c}
		if c.From == "external:any" {
			all = tr.callersOf(c)
		}
		for _, c := range all {
			calls[c], pairs[c.pair()] = true, true
		}
	}
	return calls, pairs
}

// callersOf returns the labelled calls from outside on the port of a call.
func (tr *truth) callersOf(any call) []call {
	labelled := map[call]bool{}
	for _, e := range tr.Edges {
		if c := tr.normal(e.call); c.scope() == "in" && c.To == any.To && c.Port == any.Port {
			labelled[c] = true
		}
	}
	if len(labelled) == 0 {
		any.From = "external:front"
		return []call{any}
	}
	return slices.Collect(maps.Keys(labelled))
}
