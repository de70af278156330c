//go:build !unix

package worker

import (
	"errors"
	"time"
)

// interval is how often the pool looks at the time.
const interval = 100 * time.Millisecond

// resident is not known here: time and output are limited.
func resident(int) (int64, error) { return 0, errors.ErrUnsupported }

func processor(int) (time.Duration, error) { return 0, errors.ErrUnsupported }
