package source

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/ringfence/ringfence/manifest"
)

// Proxy shows a repository that another process has open, and answers for with Answer.
// What is asked once is remembered. The tree is not closed, and can have no views.
func Proxy(ask func(question []byte) (answer []byte)) *Tree {
	return &Tree{proxy: &proxy{ask: ask, answers: make(map[question]answer)}, mounts: &mounts{}, files: make(map[string]file)}
}

// A proxy asks another process about a repository.
type proxy struct {
	ask     func([]byte) []byte
	mu      sync.Mutex
	answers map[question]answer // but files, which the tree remembers
}

// The methods of a Tree that a question is for.
const (
	askFile    = "file"
	askInfo    = "info"
	askFolder  = "folder"
	askTarget  = "target"
	askMounted = "mounted"
)

type question struct{ method, name string }

type answer struct {
	failure *failure
	name    string   // of askTarget and askMounted
	entries []change // of askFolder; one of askInfo
	content []byte   // of askFile
}

// encode writes an answer: the length of what manifest.EncodeValue makes of all but the
// content, that, and the content.
func (a answer) encode() []byte {
	var failed any
	if f := a.failure; f != nil {
		failed = []any{f.op, f.path, f.text, f.kind}
	}
	entries := make([]any, len(a.entries))
	for i, e := range a.entries {
		entries[i] = []any{e.name, e.size, int64(e.mode)}
	}
	head := manifest.EncodeValue([]any{failed, a.name, entries})
	return slices.Concat(binary.AppendUvarint(nil, uint64(len(head))), head, a.content)
}

func decodeAnswer(data []byte) (a answer, err error) {
	size, n := binary.Uvarint(data)
	if n <= 0 || size > uint64(len(data)-n) {
		return a, errAnswer
	}
	head, content := data[n:n+int(size)], data[n+int(size):]
	value, err := manifest.DecodeValue(head)
	list, _ := value.([]any)
	if err != nil || len(list) != 3 {
		return a, errAnswer
	}
	if f, ok := list[0].([]any); ok && len(f) == 4 {
		a.failure = &failure{manifest.Text(f, 0), manifest.Text(f, 1), manifest.Text(f, 2), manifest.Text(f, 3)}
	}
	a.name, a.content = manifest.Text(list, 1), content
	for i := range manifest.Items(list, 2) {
		size, _ := manifest.Lookup(list, 2, i, 1).(int64)
		bits, _ := manifest.Lookup(list, 2, i, 2).(int64)
		mode := fs.FileMode(bits)
		a.entries = append(a.entries, change{name: manifest.Text(list, 2, i, 0), size: size, dir: mode.IsDir(), mode: mode})
	}
	return a, nil
}

var errAnswer = errors.New("not an answer about a repository")

// A failure is an error that another process had.
type failure struct {
	op, path, text string
	kind           string // the text of one of known, "" for none
}

// known are the errors that callers look for.
var known = []error{ErrOutside, ErrNotRegular, ErrTooLarge, fs.ErrNotExist, fs.ErrPermission}

func failureOf(err error) *failure {
	if err == nil {
		return nil
	}
	f := &failure{text: err.Error()}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		f.op, f.path, f.text = pathErr.Op, pathErr.Path, pathErr.Err.Error()
	}
	for _, k := range known {
		if errors.Is(err, k) {
			f.kind = k.Error()
		}
	}
	return f
}

func (f *failure) err() error {
	if f == nil {
		return nil
	}
	err := error(&told{text: f.text, kind: f.kind})
	if f.op != "" {
		err = &fs.PathError{Op: f.op, Path: f.path, Err: err}
	}
	return err
}

// told is an error that another process tells of.
type told struct{ text, kind string }

func (e *told) Error() string        { return e.text }
func (e *told) Is(target error) bool { return e.kind == target.Error() }

// Answer answers a question of a Proxy.
func (t *Tree) Answer(asked []byte) []byte {
	method, name, _ := strings.Cut(string(asked), " ")
	var a answer
	var err error
	switch method {
	case askFile:
		a.content, err = t.ReadFile(name)
	case askInfo:
		var info fs.FileInfo
		if info, err = t.Stat(name); err == nil {
			a.entries = []change{{name: info.Name(), size: info.Size(), mode: info.Mode()}}
		}
	case askFolder:
		var entries []fs.DirEntry
		entries, err = t.ReadDir(name)
		for _, e := range entries {
			a.entries = append(a.entries, change{name: e.Name(), mode: e.Type()})
		}
	case askTarget:
		a.name, err = t.Resolve(name)
	case askMounted:
		a.name = t.MountOf(name)
	default:
		err = fmt.Errorf("unknown question %q", method)
	}
	a.failure = failureOf(err)
	return a.encode()
}

// get asks a question, once if it is not for a file.
func (p *proxy) get(method, name string) answer {
	q := question{method, name}
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.answers[q]
	if ok {
		return a
	}
	a, err := decodeAnswer(p.ask([]byte(method + " " + name)))
	if err != nil {
		a.failure = failureOf(err)
	}
	if method != askFile {
		p.answers[q] = a
	}
	return a
}

func (p *proxy) read(name string) ([]byte, error) {
	a := p.get(askFile, name)
	if a.failure != nil {
		return nil, a.failure.err()
	}
	return a.content, nil
}

func (p *proxy) stat(name string) (fs.FileInfo, error) {
	a := p.get(askInfo, name)
	if a.failure == nil && len(a.entries) != 1 {
		return nil, errAnswer
	}
	if a.failure != nil {
		return nil, a.failure.err()
	}
	return a.entries[0], nil
}

func (p *proxy) readDir(name string) ([]fs.DirEntry, error) {
	a := p.get(askFolder, name)
	entries := make([]fs.DirEntry, len(a.entries))
	for i, e := range a.entries {
		entries[i] = e
	}
	return entries, a.failure.err()
}

func (p *proxy) resolve(name string) (string, error) {
	a := p.get(askTarget, name)
	return a.name, a.failure.err()
}

// mountOf asks only for what can be fetched.
func (p *proxy) mountOf(name string) string {
	if !strings.HasPrefix(name, mountPrefix) {
		return ""
	}
	return p.get(askMounted, path.Clean(name)).name
}
