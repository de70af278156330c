package place

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/generate"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// leaveOut takes out of the folders what cannot be written there, with the reason as
// a remark: what cannot be named, and what another environment that shares the folder
// does not want. Default denies go with the allows on which they rely.
func (p *planner) leaveOut() {
	for s, c := range p.contents {
		for _, group := range c.placements {
			why := p.fetched(s)
			if why == "" {
				_, why = p.join(s, group)
			}
			if why == "" {
				why = p.unwanted(s, group)
			}
			if why != "" {
				p.leave(group, why)
			}
		}
	}
	for p.leaveDependent() {
	}
	for _, c := range p.contents {
		for k, group := range c.placements {
			if group[0].left != "" {
				delete(c.placements, k)
			}
		}
	}
	for _, pl := range p.placements {
		if pl.left != "" {
			p.remark("%s: nothing is written for %s: %s", pl.environment.Name, pl, pl.left)
		}
	}
}

// fetched tells why nothing can be written where a folder was fetched, and is empty for
// those of the repository.
func (p *planner) fetched(s site) string {
	if p.tree.MountOf(s.dir) == "" {
		return ""
	}
	named := p.tree.Named(manifest.Pos{File: s.dir})
	return fmt.Sprintf(`what %s:%d names was fetched and cannot be changed here; "ringfence generate" prints the policies, which can go beside %s`, named.File, named.Line, named.File)
}

// leave marks a group of proposals as one that is not written.
func (p *planner) leave(group []*placement, why string) {
	for _, pl := range group {
		if pl.left == "" {
			pl.left = why
		}
	}
}

// leaveDependent leaves out what would cut off a workload whose own policy is left
// out, and tells whether there was something.
func (p *planner) leaveDependent() bool {
	found := false
	for _, left := range p.placements {
		if left.left == "" || left.proposal.Subject == nil {
			continue
		}
		for _, pl := range p.placements {
			if pl.left == "" && pl.environment == left.environment && pl.selects(left.proposal.Subject) {
				p.leave(p.contents[pl.site].placements[pl.key], fmt.Sprintf("it would cut off %s, for which nothing is written", left.first))
				found = true
			}
		}
	}
	return found
}

// selects tells whether a policy selects the workloads that another is about.
func (pl *placement) selects(s *generate.Subject) bool {
	own := pl.proposal.Subject
	if own == nil {
		return pl.proposal.Namespace == s.Namespace
	}
	return slices.ContainsFunc(own.Others, func(w *netpol.Workload) bool { return slices.Contains(s.Workloads, w) })
}

// String names what the policy is about.
func (pl *placement) String() string {
	if pl.proposal.Subject == nil {
		if manifest.IsPrivate(pl.proposal.Namespace) {
			return "the default deny of the namespace of " + pl.first.String()
		}
		return "the default deny of namespace " + pl.proposal.Namespace
	}
	return pl.first.String()
}

// unwanted names an environment to which a policy in the root of a target would go and
// that does not propose it, empty for none.
func (p *planner) unwanted(s site, group []*placement) string {
	first := group[0]
	if s != first.root {
		return "" // all who use the base agree
	}
	if unseen := p.unseen(s); unseen != "" {
		return fmt.Sprintf("%s is used by %s", s.dir, unseen)
	}
	for _, e := range p.environments {
		for _, w := range e.Cluster.Workloads {
			if rootOf(e.from[w.Source], w) != s || !p.isAbout(first, e, w) || e.denies(first.proposal, w) {
				continue
			}
			if !slices.ContainsFunc(group, func(pl *placement) bool { return pl.isFor(e, w) }) {
				return fmt.Sprintf("%s makes %s in environment %s too, which needs no such policy", s.dir, w, e.Name)
			}
		}
	}
	return ""
}

// isFor tells whether a proposal is for a workload of an environment.
func (pl *placement) isFor(e *environment, w *netpol.Workload) bool {
	if pl.environment != e || pl.target != e.from[w.Source] {
		return false
	}
	return pl.proposal.Subject == nil || slices.Contains(pl.proposal.Subject.Workloads, w)
}

// isAbout tells whether a proposal is about the manifest of a workload of an
// environment, or denies the namespace that it names.
func (p *planner) isAbout(pl *placement, e *environment, w *netpol.Workload) bool {
	if pl.proposal.Subject == nil {
		return p.writtenNamespace(pl.first) == p.writtenNamespace(w)
	}
	return p.keyIn(pl.environment, pl.first) == p.keyIn(e, w) && (!pl.repeated || pl.first.Ref == w.Ref)
}

// denies tells whether an environment proposes the same default deny, wherever that
// goes.
func (e *environment) denies(proposal *generate.Proposal, w *netpol.Workload) bool {
	return proposal.Subject == nil && slices.ContainsFunc(e.Result.Proposals, func(o *generate.Proposal) bool {
		return o.Subject == nil && o.Namespace == w.Namespace && slices.Equal(o.Isolates, proposal.Isolates)
	})
}
