// Package reach writes who may connect to whom: the map of an environment in every
// format, and the answer to a single question with the policies and lines behind
// it.
//
// It computes nothing itself: package netpol does, and package diagram draws.
// Names come from files that anyone may have written, so what a terminal would
// obey rather than show is escaped.
package reach

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report/diagram"
)

// Map is who may connect to whom in one environment.
type Map struct {
	Environment string
	Cluster     *netpol.Cluster
	Relation    *netpol.Relation // of Cluster, or a part of it
	// Gaps counts what could not be seen of the environment.
	Gaps int
	// Exposure is true where the map is about what reaches workloads from outside
	// the repository.
	Exposure bool
	// Focus is the only workload that the map is about, nil for all.
	Focus *netpol.Workload
}

// New makes the map of an environment, of which gaps parts could not be seen.
func New(environment string, c *netpol.Cluster, gaps int) *Map {
	return &Map{Environment: environment, Cluster: c, Relation: c.Relation(), Gaps: gaps}
}

// Exposed returns the part of the map that leads from outside the repository to
// its workloads.
func (m *Map) Exposed() *Map {
	exposed := *m
	exposed.Exposure = true
	exposed.Relation = m.Relation.Between(
		func(p netpol.Peer) bool { return p.Kind() != netpol.WorkloadPeer },
		func(p netpol.Peer) bool { return p.Kind() == netpol.WorkloadPeer },
	)
	return &exposed
}

// On returns the part of the map that leads to or from a workload.
func (m *Map) On(w *netpol.Workload) *Map {
	focused := *m
	focused.Focus = w
	focused.Relation = m.Relation.Around(netpol.PodsOf(w))
	return &focused
}

// Format is the name of a format of maps.
type Format string

// The formats. The drawings are of one environment each.
const (
	Text      Format = "text"
	JSON      Format = "json"
	JSONLines Format = "jsonl"
	DOT       Format = "dot"
	Mermaid   Format = "mermaid"
	SVG       Format = "svg"
)

func formats() []Format { return []Format{Text, JSON, JSONLines, DOT, Mermaid, SVG} }

// ParseFormat returns the format of that name.
func ParseFormat(name string) (Format, error) {
	var known []string
	for _, f := range formats() {
		if string(f) == name {
			return f, nil
		}
		known = append(known, string(f))
	}
	return "", fmt.Errorf("unknown format %q, use %s", name, strings.Join(known, ", "))
}

// Drawing tells whether the format draws one environment.
func (f Format) Drawing() bool { return f == DOT || f == Mermaid || f == SVG }

// Write writes maps, of which a drawing takes one. Expand makes JSON lines of
// pairs instead of behaviours. The error is that of w.
func Write(w io.Writer, format Format, maps []*Map, expand bool) error {
	b := bufio.NewWriter(w)
	if err := write(b, format, maps, expand); err != nil {
		return err
	}
	return b.Flush()
}

func write(b *bufio.Writer, format Format, maps []*Map, expand bool) error {
	switch format {
	case JSON:
		return writeJSON(b, maps)
	case JSONLines:
		return writeLines(b, maps, expand)
	case DOT:
		return diagram.WriteDOT(b, maps[0].graph())
	case Mermaid:
		return diagram.WriteMermaid(b, maps[0].graph())
	case SVG:
		return diagram.WriteSVG(b, maps[0].graph())
	default:
		for i, m := range maps {
			if i > 0 {
				fmt.Fprintln(b)
			}
			m.writeText(b)
		}
		return nil // b keeps the error of writing for Flush
	}
}

// open tells whether a workload's policies let anything connect to it.
func (m *Map) open(w *netpol.Workload) bool { return !m.Relation.Restricted(w, netpol.Ingress) }
