package render

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/argocd"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/source"
	"github.com/ringfence/ringfence/render/worker"
)

// built is what a target is made from, in a worker where there are any: templates and
// builds can take any time and memory. Reading manifests cannot, and stays here.
func (r *Repository) built(ctx context.Context, t Target) parsed {
	if r.opts.Workers == nil || t.Kind == Plain && len(t.Overlays) == 0 {
		return r.build(ctx, t)
	}
	key, known := r.key(t)
	if known {
		if p, ok := r.kept(ctx, key); ok {
			return p
		}
	}
	var fetched []any
	job := append([]byte{aRecipe}, r.recipe(t).encode()...)
	data, err := r.opts.Workers.Do(ctx, job, func(question []byte) []byte {
		answer := r.answer(ctx, t, question)
		if len(question) > 0 && question[0] == askFetch {
			fetched = append(fetched, []any{string(question[1:]), string(answer)})
		}
		return answer
	})
	if err == nil {
		var p parsed
		if p, err = decodeParsed(data); err == nil {
			if known && p.lasting() {
				r.keep(key, fetched, data) // the tree shows each file as it was hashed
			}
			return p
		}
	}
	return parsed{gaps: []Gap{isolationGap(t, "rendering", err)}}
}

// execute executes a template of an ApplicationSet in a worker.
func (r *Repository) execute(ctx context.Context, x argocd.Execution) (string, error) {
	options := make([]any, len(x.Options))
	for i, o := range x.Options {
		options[i] = o
	}
	job := append([]byte{aTemplate}, manifest.EncodeValue([]any{x.Text, options, x.Params})...)
	data, err := r.opts.Workers.Do(ctx, job, func([]byte) []byte { return nil })
	if err != nil {
		gap := isolationGap(Target{}, "its template", err)
		return "", &argocd.StoppedError{Code: gap.Code, Reason: gap.Reason}
	}
	value, err := manifest.DecodeValue(data)
	if failed := manifest.Text(value, 1); err == nil && failed != "" {
		err = errors.New(failed)
	}
	return manifest.Text(value, 0), err
}

// executed does the job of execute.
func executed(job []byte) []byte {
	value, err := manifest.DecodeValue(job)
	x := argocd.Execution{Text: manifest.Text(value, 0), Params: manifest.Mapping(value, 2)}
	for i := range manifest.Items(value, 1) {
		x.Options = append(x.Options, manifest.Text(value, 1, i))
	}
	var result, failed string
	if err == nil {
		result, err = x.Run()
	}
	if err != nil {
		failed = err.Error()
	}
	return manifest.EncodeValue([]any{result, failed})
}

// The first byte of a job says what is to be done.
const (
	aRecipe   = 'r'
	aTemplate = 't'
)

// isolationGap tells why a worker did not do what it should, and what to do about it.
func isolationGap(t Target, what string, err error) Gap {
	gap := Gap{Pos: t.Pos, Code: manifest.LimitExceeded}
	var exceeded *worker.ExceededError
	switch {
	case errors.As(err, &exceeded):
		gap.Reason = what + " " + exceeded.Error()
		switch exceeded.Limit {
		case worker.Memory, worker.Output:
			gap.Reason += ": --memory raises the limit"
		case worker.Time:
			gap.Reason += ": --timeout raises the limit"
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		gap.Reason = fmt.Sprintf("%s was stopped: %v", what, err)
	default:
		gap.Code, gap.Reason = manifest.InternalError, fmt.Sprintf("%s crashed: %v", what, err)
	}
	return gap
}

// The first byte of a question says what is asked.
const (
	askTree    = 't' // what source.Tree.Answer answers
	askFetch   = 'f' // for the folder of what was fetched
	askOverlay = 'o' // where a field of an overlay is written
	askLayer   = 'l' // where a value that a release is given is written
)

type (
	fetchQuestion struct {
		Ref   fetch.Ref
		Named manifest.Pos
	}
	fetchAnswer struct {
		Dir        string
		Failed     string
		NotFetched bool
	}
)

// answer answers a question that comes up while a worker renders a target.
func (r *Repository) answer(ctx context.Context, t Target, question []byte) []byte {
	if len(question) == 0 {
		return nil
	}
	rest := question[1:]
	switch question[0] {
	case askTree:
		return r.tree.Answer(rest)
	case askFetch:
		return r.answerFetch(ctx, rest)
	}
	value, err := manifest.DecodeValue(rest)
	index, _ := manifest.Lookup(value, 0).(int64)
	path := manifest.Items(value, 1)
	switch i := int(index); {
	case err != nil || i < 0:
		return nil
	case question[0] == askOverlay && i < len(t.Overlays):
		for j, p := range path {
			if n, ok := p.(int64); ok {
				path[j] = int(n)
			}
		}
		origin := t.Overlays[i].At(path...)
		var via []any
		for _, p := range origin.Via {
			via = append(via, posValue(p))
		}
		return manifest.EncodeValue([]any{posValue(origin.Pos), via, origin.Exact})
	case question[0] == askLayer && i < len(t.Values) && t.Values[i].At != nil:
		var keys []string
		for j := range path {
			keys = append(keys, manifest.Text(path, j))
		}
		return manifest.EncodeValue(posValue(t.Values[i].At(keys)))
	}
	return nil
}

func (r *Repository) answerFetch(ctx context.Context, question []byte) []byte {
	var q fetchQuestion
	var a fetchAnswer
	err := unmarshal(question, &q)
	if err == nil {
		a.Dir, err = r.folder.Get(ctx, q.Ref, q.Named)
	}
	if err != nil {
		a.Failed, a.NotFetched = err.Error(), errors.Is(err, fetch.ErrNotFetched)
	}
	return marshal(a)
}

// asking asks the process that has the repository.
type asking func(question []byte) []byte

func (a asking) ask(about byte, question []byte) []byte {
	return a(append([]byte{about}, question...))
}

func (a asking) tree() *source.Tree {
	return source.Proxy(func(question []byte) []byte { return a.ask(askTree, question) })
}

func (a asking) folder(_ context.Context, ref fetch.Ref, named manifest.Pos) (string, error) {
	var answer fetchAnswer
	if err := unmarshal(a.ask(askFetch, marshal(fetchQuestion{ref, named})), &answer); err != nil {
		return "", err
	}
	if answer.Failed != "" {
		return "", notFetched{answer}
	}
	return answer.Dir, nil
}

// notFetched is an error that another process had.
type notFetched struct{ answer fetchAnswer }

func (e notFetched) Error() string { return e.answer.Failed }

// Is tells whether the network would have been needed and was not allowed.
func (e notFetched) Is(target error) bool {
	return e.answer.NotFetched && target == fetch.ErrNotFetched
}

func (a asking) overlay(i int, path []any) manifest.Origin {
	plain := make([]any, len(path))
	for j, p := range path {
		plain[j] = p
		if n, ok := p.(int); ok {
			plain[j] = int64(n)
		}
	}
	value, _ := manifest.DecodeValue(a.ask(askOverlay, manifest.EncodeValue([]any{int64(i), plain})))
	origin := manifest.Origin{Pos: posOf(manifest.Lookup(value, 0))}
	origin.Exact, _ = manifest.Lookup(value, 2).(bool)
	for _, p := range manifest.Items(value, 1) {
		origin.Via = append(origin.Via, posOf(p))
	}
	return origin
}

func (a asking) layer(i int, keys []string) manifest.Pos {
	path := make([]any, len(keys))
	for j, key := range keys {
		path[j] = key
	}
	value, _ := manifest.DecodeValue(a.ask(askLayer, manifest.EncodeValue([]any{int64(i), path})))
	return posOf(value)
}

// Worker returns the function that does the jobs of a worker.Pool in its processes. What
// it reads of a repository it keeps for the next job.
func Worker() func(job []byte, ask func(question []byte) []byte) []byte {
	var at *Repository
	var ask asking // of the current job
	return func(data []byte, asked func([]byte) []byte) []byte {
		if len(data) > 0 && data[0] == aTemplate {
			return executed(data[1:])
		}
		ask = asked
		job, opts, t, err := readRecipe(data[min(1, len(data)):], ask)
		if err != nil {
			return parsed{gaps: []Gap{isolationGap(t, "rendering", err)}}.encode()
		}
		if at == nil || at.id != job.Repository {
			now := asking(func(question []byte) []byte { return ask(question) })
			at = newRepository(now.tree(), opts, now.folder)
			at.id = job.Repository
		}
		drawLots(opts.Lots, t)
		return at.build(context.Background(), t).encode()
	}
}
