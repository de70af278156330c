package argocd

import (
	"errors"

	"github.com/ringfence/ringfence/manifest"
)

// A StoppedError is an execution that has no result, because of a limit or a crash.
type StoppedError struct {
	Code   manifest.Code
	Reason string
}

func (e *StoppedError) Error() string { return e.Reason }

// once returns the Execute of a repository for one ApplicationSet: after one was stopped,
// nothing else is executed for it.
func (r *Repository) once() func(Execution) (string, error) {
	if r.Execute == nil {
		return nil
	}
	var stopped *StoppedError
	return func(x Execution) (string, error) {
		if stopped != nil {
			return "", stopped
		}
		result, err := r.Execute(x)
		errors.As(err, &stopped)
		return result, err
	}
}

// encodable makes a value of the types that manifest.EncodeValue takes.
func encodable(value any) any {
	switch v := value.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = encodable(item)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = encodable(item)
		}
		return list
	case nil, bool, int64, uint64, float64, string:
		return v
	default: // texts in lists and mappings of their own types
		return plain(v)
	}
}
