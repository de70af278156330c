//go:build unix

package render_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/source"
)

// The edit tests judge positions. They draw fields at random over the corpus,
// change the value at the line that Object.At reports in a copy of the
// repository, render the copy with the stock library alone, and look at the field.

// An editTest is the edit test of one kind of targets.
type editTest struct {
	fields  int           // how many to draw
	most    int           // how many targets of one repository to draw from
	bar     float64       // the share of fields that must change, in percent; of exact ones all must
	targets []*editTarget // those to draw from
	// edit changes the value of a field in the text of a file. The new value is
	// nil where it cannot be told from the line alone.
	edit func(text string, f editField) (edited string, want any, err error)
}

// An editTarget is a target in a copy of its repository.
type editTarget struct {
	name   string
	copy   *repositoryCopy
	target render.Target
	stock  func(dir string) ([]any, error) // renders a folder with the stock library alone

	objects  []*manifest.Object // as this project renders them
	unedited []any              // what stock renders before any edit
	fields   [][]editField      // those not yet drawn, by object
	skipped  []string           // why fields or objects are not drawn from
}

// An editField is a scalar of an object that rules look at.
type editField struct {
	*editTarget
	manifest.Ref
	manifest.Origin
	index int // of the object in unedited
	path  []any
}

func (f editField) value() any { return valueAt(f.unedited[f.index], f.path) }

func (f editField) String() string {
	return fmt.Sprintf("%s: %s %v = %.60q at %s (exact %t, via %v)", f.name, f.Ref, f.path, fmt.Sprint(f.value()), f.Pos, f.Exact, f.Via)
}

// run draws fields and edits each, on all processors.
func (e *editTest) run(t *testing.T) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // the libraries leave much garbage
	drawn := e.draw(t)
	errs := make([]error, len(drawn))
	onAllProcessors(len(drawn), func(i int) { errs[i] = e.judge(drawn[i]) })
	var right, exact, exactRight int
	for i, f := range drawn {
		if f.Exact {
			exact++
		}
		switch {
		case errs[i] == nil && f.Exact:
			right++
			exactRight++
		case errs[i] == nil:
			right++
		case f.Exact:
			t.Errorf("%v: %v", f, errs[i])
		default:
			t.Logf("%v: %v", f, errs[i])
		}
	}
	percent := func(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }
	t.Logf("%d of %d fields changed (%.2f %%); %d are exact (%.1f %%), of which %d changed",
		right, len(drawn), percent(right, len(drawn)), exact, percent(exact, len(drawn)), exactRight)
	if percent(right, len(drawn)) < e.bar {
		t.Errorf("%.2f %% of the fields changed, want %.2f %%", percent(right, len(drawn)), e.bar)
	}
}

// onAllProcessors calls do for each number below n.
func onAllProcessors(n int, do func(i int)) {
	var group sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}

// editSeed decides what is drawn; RINGFENCE_SEED gives another one.
func editSeed(t *testing.T) uint64 {
	t.Helper()
	var n uint64
	if _, err := fmt.Sscan(cmp.Or(os.Getenv("RINGFENCE_SEED"), "7"), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// draw draws different fields, evenly over targets and then over objects.
func (e *editTest) draw(t *testing.T) []editField {
	t.Helper()
	random := rand.New(rand.NewPCG(editSeed(t), 1))
	targets := e.thin(random)
	// Not at once: a build may reset the schemas that all builds of the process share.
	onAllProcessors(len(targets), func(i int) { targets[i].render() })
	onAllProcessors(len(targets), func(i int) { targets[i].collect() })
	all := 0
	for _, target := range targets {
		for _, reason := range target.skipped {
			t.Logf("not drawn from: %s: %.150s", target.name, reason)
		}
		for _, fields := range target.fields {
			all += len(fields)
		}
	}
	targets = slices.DeleteFunc(targets, func(target *editTarget) bool { return len(target.fields) == 0 })
	t.Logf("%d targets with %d fields to draw from", len(targets), all)
	if all < e.fields {
		t.Fatalf("want %d fields", e.fields)
	}
	var drawn []editField
	for len(drawn) < e.fields {
		i := random.IntN(len(targets))
		drawn = append(drawn, targets[i].draw(random))
		if len(targets[i].fields) == 0 {
			targets = slices.Delete(targets, i, i+1)
		}
	}
	return drawn
}

// thin keeps some targets of each repository, so that no one drowns the others.
func (e *editTest) thin(random *rand.Rand) []*editTarget {
	targets := slices.Clone(e.targets)
	random.Shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })
	count := make(map[*repositoryCopy]int)
	return slices.DeleteFunc(targets, func(target *editTarget) bool {
		count[target.copy]++
		return count[target.copy] > e.most
	})
}

// draw takes a field out of those not yet drawn.
func (target *editTarget) draw(random *rand.Rand) editField {
	o := random.IntN(len(target.fields))
	fields := target.fields[o]
	i := random.IntN(len(fields))
	drawn := fields[i]
	target.fields[o] = slices.Delete(fields, i, i+1)
	if len(target.fields[o]) == 0 {
		target.fields = slices.Delete(target.fields, o, o+1)
	}
	return drawn
}

func (target *editTarget) render() {
	target.objects = target.copy.Render(context.Background(), target.target).Objects
}

// collect lists the fields of the objects that the stock library renders to the same.
func (target *editTarget) collect() {
	var err error
	if target.unedited, err = target.stock(filepath.Join(target.copy.dir, target.target.Dir)); err != nil {
		target.skipped = append(target.skipped, err.Error())
		return
	}
	for _, o := range target.objects {
		if !rulesLookAt(o.Ref) {
			continue
		}
		index := slices.IndexFunc(target.unedited, func(stock any) bool { return reflect.DeepEqual(stock, decoded(o.Data)) })
		if index < 0 {
			target.skipped = append(target.skipped, fmt.Sprintf("the stock library renders %s otherwise", o.Ref))
			continue
		}
		var fields []editField
		scalars(target.unedited[index], nil, func(path []any) {
			fields = append(fields, editField{target, o.Ref, o.At(path...), index, path})
		})
		target.fields = append(target.fields, fields)
	}
}

// rulesLookAt tells whether rules look at objects of a kind: workloads, what
// exposes them, policies and namespaces.
func rulesLookAt(ref manifest.Ref) bool {
	switch ref.Kind {
	case "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob",
		"DeploymentConfig", "Rollout", "Service", "Ingress", "Route", "NetworkPolicy", "Namespace":
		return true
	default:
		return ref.Group == "gateway.networking.k8s.io"
	}
}

// judge edits the line of a field and tells why the field has not changed.
func (e *editTest) judge(f editField) error {
	name, err := filepath.EvalSymlinks(filepath.Join(f.copy.dir, f.File))
	if err != nil {
		return err
	}
	f.copy.mu.Lock()
	defer f.copy.mu.Unlock()
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	edited, want, err := e.edit(string(text), f)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, []byte(edited), 0o644); err != nil {
		return err
	}
	after, err := f.stock(filepath.Join(f.copy.dir, f.target.Dir))
	if err == nil {
		err = f.changed(after, want)
	} else if f.lost(err) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("edited to %q: %.300s", strings.TrimSpace(strings.Split(edited, "\n")[f.Line-1]), err.Error())
	}
	return errors.Join(err, os.WriteFile(name, text, 0o644))
}

// unknown is how kustomize says that a patch, a replacement or a variable finds no object.
var unknown = regexp.MustCompile(`no matches for Id|nothing selected by|cannot be mapped to a field in the set of known resources`)

// lost tells whether the edited target does not render because what refers to the
// object no longer finds it. Had the reference itself been edited, the error would
// name the new value.
func (f editField) lost(err error) bool {
	group, _, _ := strings.Cut(fmt.Sprint(f.value()), "/") // of an apiVersion; else all of it
	return unknown.MatchString(err.Error()) && !strings.Contains(err.Error(), changedString(group))
}

// changed compares what the stock library rendered before and after an edit: as
// many objects as before, the field with another value and, where the line holds
// the value as it is, with the one that was written there.
func (f editField) changed(after []any, want any) error {
	if len(after) != len(f.unedited) {
		return fmt.Errorf("%d objects instead of %d", len(after), len(f.unedited))
	}
	value := valueAt(after[f.index], f.path)
	if reflect.DeepEqual(value, f.value()) {
		return errors.New("no change")
	}
	if f.Exact && want != nil && !holds(after[f.index], f.path, want) {
		return fmt.Errorf("changed to %v, want %v", value, want)
	}
	return nil
}

// holds tells whether a value stands at a path, in whichever items: kustomize may
// order them anew by the fields that tell them apart.
func holds(v any, path []any, want any) bool {
	if len(path) == 0 {
		return reflect.DeepEqual(v, want)
	}
	switch p := path[0].(type) {
	case string:
		m, _ := v.(map[string]any)
		return holds(m[p], path[1:], want)
	default:
		list, _ := v.([]any)
		return slices.ContainsFunc(list, func(item any) bool { return holds(item, path[1:], want) })
	}
}

// scalars visits the paths of the scalars of a value, sorted.
func scalars(v any, path []any, visit func(path []any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			scalars(v[key], append(slices.Clip(path), key), visit)
		}
	case []any:
		for i, item := range v {
			scalars(item, append(slices.Clip(path), i), visit)
		}
	default:
		visit(path)
	}
}

// missing stands for the value of a field that is not there, which null is not.
type missing struct{}

func valueAt(v any, path []any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			next, ok := m[p]
			if !ok {
				return missing{}
			}
			v = next
		case int:
			list, _ := v.([]any)
			if p >= len(list) {
				return missing{}
			}
			v = list[p]
		}
	}
	return v
}

// decoded is an object's data as encoding/json decodes it.
func decoded(data map[string]any) (v any) {
	text, err := json.Marshal(data)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		panic(err) // it was made of JSON's types
	}
	return v
}

// A repositoryCopy is a writable copy of a repository of the corpus.
type repositoryCopy struct {
	*render.Repository
	dir string
	mu  sync.Mutex // one edit at a time
}

func copyRepository(t *testing.T, name string) *repositoryCopy {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(shared(t), "corpus", name))); err != nil {
		t.Fatal(err)
	}
	tree, err := source.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return &repositoryCopy{Repository: render.New(tree, render.Options{Release: "rel", Namespace: "ns"}), dir: dir}
}

// corpusTargets are targets in copies of the repositories of the corpus.
func corpusTargets(t *testing.T, keep func(kind render.Kind, status string) bool, stock func(dir string) ([]any, error)) []*editTarget {
	t.Helper()
	var targets []*editTarget
	roots := corpusRoots(t, shared(t), keep)
	for _, name := range slices.Sorted(maps.Keys(roots)) {
		repo := copyRepository(t, name)
		for _, dir := range roots[name] {
			for _, target := range repo.At(dir) {
				targets = append(targets, &editTarget{name: name + "/" + dir, copy: repo, target: target, stock: stock})
			}
		}
	}
	return targets
}
