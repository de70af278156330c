package analyzer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// baselineVersion changes when older programs would misread a baseline.
const baselineVersion = 2

// Baseline holds findings that were there when a team began to look, sorted.
type Baseline struct {
	Findings []Known
}

// Known is a finding of a baseline. By the fingerprints and the file it is known again,
// the rest is for people.
type Known struct {
	Fingerprint string `json:"fingerprint"`
	// Also are the fingerprints of the same finding where it is seen otherwise: of other
	// objects, or in other environments.
	Also    []string `json:"also,omitempty"`
	Rule    string   `json:"rule"`
	Object  string   `json:"object"`
	File    string   `json:"file"`
	Message string   `json:"message"`
}

// Baseline returns one of the report's findings.
func (r *Report) Baseline() *Baseline {
	also := map[spot][]string{}
	for _, t := range r.traces {
		if t.counts {
			also[t.spot] = slices.Concat(t.weighty[1:], t.others)
		}
	}
	b := &Baseline{}
	for _, f := range r.Findings {
		known := Known{Fingerprint: f.Fingerprint, Also: also[f.spot()], Rule: f.Rule.ID, File: f.File, Message: f.Message}
		if f.Object.Kind != "" {
			known.Object = f.Object.String()
		}
		b.Findings = append(b.Findings, known)
	}
	slices.SortFunc(b.Findings, func(a, b Known) int {
		return cmp.Or(strings.Compare(a.Rule, b.Rule), strings.Compare(a.Object, b.Object), strings.Compare(a.Fingerprint, b.Fingerprint), strings.Compare(a.File, b.File))
	})
	return b
}

// ReadBaseline reads what Write wrote. The error names the file and, where it is
// known, the line.
func ReadBaseline(data []byte, file string) (*Baseline, error) {
	var read struct {
		Version  int     `json:"version"`
		Findings []Known `json:"findings"`
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&read)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			err = nil
		} else {
			err = errors.New("something follows the baseline")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: not a baseline: %w", file, lineOf(err, data, decoder.InputOffset()), err)
	}
	if read.Version != baselineVersion {
		return nil, fmt.Errorf("%s: baseline of version %d, this ringfence reads version %d; write it again with --write-baseline", file, read.Version, baselineVersion)
	}
	for i, known := range read.Findings {
		if known.Fingerprint == "" {
			return nil, fmt.Errorf("%s: not a baseline: finding %d has no fingerprint", file, i+1)
		}
	}
	return &Baseline{Findings: read.Findings}, nil
}

// lineOf is the line at which decoding stopped.
func lineOf(err error, data []byte, offset int64) int {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &wrongType):
		offset = wrongType.Offset
	}
	return 1 + bytes.Count(data[:min(offset, int64(len(data)))], []byte("\n"))
}

// Write writes one finding a line, so that changes read well and merge.
func (b *Baseline) Write(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "{\"version\": %d, \"findings\": [", baselineVersion)
	for i, known := range b.Findings {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(known); err != nil {
			return err
		}
		out.Truncate(out.Len() - 1) // the line break
	}
	out.WriteString("\n]}\n")
	_, err := w.Write(out.Bytes())
	return err
}

// Without returns the baseline without some of its findings, each as often as it is given.
func (b *Baseline) Without(fixed []Known) *Baseline {
	rest := slices.Clone(b.Findings)
	for _, f := range fixed {
		if i := slices.IndexFunc(rest, f.equal); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		}
	}
	return &Baseline{Findings: rest}
}

func (k Known) equal(other Known) bool {
	return k.Fingerprint == other.Fingerprint && k.File == other.File && k.Rule == other.Rule &&
		k.Object == other.Object && k.Message == other.Message && slices.Equal(k.Also, other.Also)
}

// Seen is how much of a repository a report is about.
type Seen int

const (
	Part       Seen = iota // what was asked for is not the whole repository
	Incomplete             // the whole, but something could not be rendered
	Whole
)

// Except takes the findings of a baseline out of the report and counts them. What the
// baseline holds and the report does not is fixed where the whole repository was seen.
func (r *Report) Except(b *Baseline, seen Seen) {
	known, left := b.match(r.traces, seen > Part)
	if seen == Whole {
		r.Fixed = append(r.Fixed, left...)
	}
	before := len(r.Findings)
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool { return known[f.spot()] })
	r.InBaseline += before - len(r.Findings)
}
