package reach

import (
	"bufio"

	"github.com/ringfence/ringfence/netpol"
)

type answersDocument struct {
	Version int          `json:"version"`
	Answers []answerItem `json:"answers"`
}

// answerItem is what holds for all connections between some nodes.
type answerItem struct {
	Environment string      `json:"environment"`
	Gaps        int         `json:"gaps"` // what could not be seen of it
	From        []string    `json:"from"`
	To          []string    `json:"to"`
	Asked       []Allowed   `json:"asked"`
	Verdict     string      `json:"verdict"` // allowed, denied, partly allowed, uncertain
	Allowed     []Allowed   `json:"allowed"` // of what was asked for
	Reasons     []reason    `json:"reasons"`
	Uncertain   []uncertain `json:"uncertain"`
}

// reason is a rule that decides, or a policy that denies what none of its rules
// allows.
type reason struct {
	Direction   string    `json:"direction"`
	Effect      string    `json:"effect"` // allows, denies, passes
	Policy      Object    `json:"policy"`
	Rule        int       `json:"rule"` // 0-based, -1 for the policy itself
	Connections []Allowed `json:"connections"`
	File        string    `json:"file"`
	Line        int       `json:"line"`
}

func writeAnswersJSON(b *bufio.Writer, questions []*Question) error {
	d := answersDocument{Version: version, Answers: []answerItem{}}
	for _, q := range questions {
		for _, a := range q.answers() {
			d.Answers = append(d.Answers, a.item())
		}
	}
	encoder := newEncoder(b)
	encoder.SetIndent("", "  ")
	return encoder.Encode(d)
}

func (a answer) item() answerItem {
	item := answerItem{
		Environment: a.Environment, Gaps: a.Gaps, From: peerNames(a.from), To: peerNames(a.to), Asked: AllowedOf(a.Conn),
		Verdict: a.verdict(), Allowed: AllowedOf(a.allowed), Reasons: []reason{}, Uncertain: []uncertain{},
	}
	for _, r := range a.reasons {
		effect := "allows"
		switch {
		case r.Denies:
			effect = "denies"
		case r.Passes:
			effect = "passes"
		}
		item.Reasons = append(item.Reasons, reason{
			r.Direction.Name(), effect, ObjectOf(r.Policy.Ref), r.Rule, AllowedOf(r.Conn), r.File, r.Line,
		})
	}
	for _, d := range a.doubts {
		item.Uncertain = append(item.Uncertain, uncertainOf(d))
	}
	return item
}

func peerNames(peers []netpol.Peer) []string {
	all := make([]string, len(peers))
	for i, p := range peers {
		all[i] = p.String()
	}
	return all
}
