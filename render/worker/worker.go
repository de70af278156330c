// Package worker does jobs in processes of their own, so that none can take another
// with it: one that takes too much time or memory, crashes or never ends is ended.
//
// A Pool starts the processes, hands each one job at a time, answers the questions that
// come up meanwhile, and watches what they use. In the process, Serve does the jobs.
// The package does not know what jobs, questions and results say.
package worker

import (
	"fmt"
	"time"
)

// Limits bound jobs.
type Limits struct {
	// Memory is that of this process and its workers together, in resident bytes.
	Memory int64
	// Time is the processor time of one job; where that cannot be measured, the time
	// that passes. Waiting for answers does not count.
	Time time.Duration
	// Output is the size of one result in bytes.
	Output int
}

// A Limit is one of Limits.
type Limit string

// The limits that a job can exceed.
const (
	Memory Limit = "memory"
	Time   Limit = "time"
	Output Limit = "output"
	Stack  Limit = "stack" // nested calls; it cannot be raised
)

// ExceededError is a job that was given up because of a limit.
type ExceededError struct {
	Limit Limit
	Bound string // as text, with its unit
}

func (e *ExceededError) Error() string {
	switch e.Limit {
	case Memory:
		return fmt.Sprintf("needs more than %s of memory", e.Bound)
	case Time:
		return fmt.Sprintf("takes longer than %s", e.Bound)
	case Output:
		return fmt.Sprintf("makes more than %s of output", e.Bound)
	default:
		return "calls itself too often"
	}
}

// DiedError is a job whose process ended, twice, for no reason that is known.
type DiedError struct {
	State string // how it ended
}

func (e *DiedError) Error() string { return "the process died: " + e.State }

// size writes a number of bytes for readers.
func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
