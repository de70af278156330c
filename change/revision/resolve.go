package revision

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/ringfence/ringfence/config"
)

// Unknown is a revision that the repository does not have.
type Unknown struct {
	Name       string
	Candidates []string // the names most like it, nearest first
	Shallow    bool     // it may be in the part of the history that was not fetched
}

func (u *Unknown) Error() string {
	text := fmt.Sprintf("there is no revision %q", u.Name)
	if len(u.Candidates) > 0 {
		text += "; did you mean " + strings.Join(u.Candidates, " or ") + "?"
	}
	if u.Shallow {
		text += "; " + fetchAll
	}
	return text
}

// suffixes are "~N", "^N", "^{commit}" and "^{}" behind a name (gitrevisions(7)).
var suffixes = regexp.MustCompile(`^(.+?)((?:~\d*|\^\d*|\^\{(?:commit)?\})*)$`)

var suffix = regexp.MustCompile(`[~^](?:\d+|\{(?:commit)?\})?`)

// Resolve returns the commit that a name stands for: a branch, a tag, "HEAD" or "@",
// another reference, or the first digits of a commit; with "~N" and "^N" behind it.
// Other forms of gitrevisions(7) are refused. The error for a name that is not known
// is an *Unknown.
func (r *Repository) Resolve(name string) (Commit, error) {
	parts := suffixes.FindStringSubmatch(name)
	if parts == nil || strings.ContainsAny(parts[1], ":{} \\?*[") {
		return Commit{}, fmt.Errorf("%q is no revision of a form that is read: want a branch, a tag or a commit, with ~N or ^N behind it", name)
	}
	at, err := r.named(parts[1])
	if err != nil {
		return Commit{}, err
	}
	for _, step := range suffix.FindAllString(parts[2], -1) {
		if at, err = r.ancestor(at, step, name); err != nil {
			return Commit{}, err
		}
	}
	return at, nil
}

// named returns the commit of a name, or of a digit string that it begins with.
func (r *Repository) named(name string) (Commit, error) {
	if name == "@" {
		name = "HEAD"
	}
	if len(name) == 2*len(plumbing.Hash{}) && plumbing.IsHash(name) {
		if c, err := r.peel(plumbing.NewHash(name)); !errors.Is(err, plumbing.ErrObjectNotFound) {
			return c, err
		}
	}
	for _, rule := range plumbing.RefRevParseRules {
		ref, err := storer.ResolveReference(r.store, plumbing.ReferenceName(fmt.Sprintf(rule, name)))
		if err == nil {
			return r.peel(ref.Hash())
		}
	}
	commits, err := r.startingWith(name)
	switch {
	case err != nil:
		return Commit{}, err
	case len(commits) == 1:
		return commits[0], nil
	case len(commits) > 1:
		return Commit{}, fmt.Errorf("%q is not unique: several commits start with it", name)
	}
	return Commit{}, &Unknown{Name: name, Candidates: r.candidates(name), Shallow: len(r.shallow) > 0}
}

// fewestDigits of a commit's name may stand for it.
const fewestDigits = 4

// startingWith returns the commits whose names start with some digits.
func (r *Repository) startingWith(digits string) ([]Commit, error) {
	prefix, err := hex.DecodeString(digits[:len(digits)/2*2])
	if err != nil || len(digits) < fewestDigits {
		return nil, nil // no digits
	}
	hashes, err := r.store.HashesWithPrefix(prefix)
	if err != nil {
		return nil, err
	}
	var found []Commit
	for _, h := range hashes {
		if !strings.HasPrefix(h.String(), strings.ToLower(digits)) || slices.ContainsFunc(found, func(c Commit) bool { return c.Hash == h }) {
			continue
		}
		if c, err := object.GetCommit(r.store, h); err == nil {
			found = append(found, Commit{c})
		}
	}
	return found, nil
}

// peel returns the commit of an object, which may be a tag of it.
func (r *Repository) peel(h plumbing.Hash) (Commit, error) {
	tag, err := object.GetTag(r.store, h)
	if err == nil {
		return r.peel(tag.Target)
	}
	c, err := object.GetCommit(r.store, h)
	return Commit{c}, err
}

// ancestor follows "~N" or "^N".
func (r *Repository) ancestor(c Commit, step, name string) (Commit, error) {
	if strings.HasPrefix(step, "^{") {
		return c, nil // it is a commit already
	}
	number := 1
	if len(step) > 1 {
		var err error
		if number, err = strconv.Atoi(step[1:]); err != nil {
			return c, fmt.Errorf("%q: %w", name, err)
		}
	}
	if step[0] == '^' && number != 0 {
		return r.parent(c, number, name)
	}
	for i := 0; step[0] == '~' && i < number; i++ {
		var err error
		if c, err = r.parent(c, 1, name); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (r *Repository) parent(c Commit, number int, name string) (Commit, error) {
	if number > len(c.ParentHashes) || r.shallow[c.Hash] {
		return c, &Unknown{Name: name, Shallow: r.shallow[c.Hash]}
	}
	return r.peel(c.ParentHashes[number-1])
}

// mostCandidates is how many names a reader wants to see.
const mostCandidates = 5

// candidates returns the names of branches and tags that are most like a name.
func (r *Repository) candidates(name string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var all []candidate
	refs, err := r.store.IterReferences()
	if err != nil {
		return nil
	}
	_ = refs.ForEach(func(ref *plumbing.Reference) error {
		short := ref.Name().Short()
		if ref.Type() != plumbing.HashReference || ref.Name() == plumbing.HEAD {
			return nil
		}
		distance := config.Distance(strings.ToLower(name), strings.ToLower(short))
		if strings.HasSuffix(short, "/"+name) {
			distance = 0
		}
		if distance <= (len(name)+2)/3 {
			all = append(all, candidate{short, distance})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	var names []string
	for _, c := range all[:min(len(all), mostCandidates)] {
		names = append(names, c.name)
	}
	return slices.Compact(names)
}
