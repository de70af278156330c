//go:build unix && !linux

package worker

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// interval is how often the pool looks at what a worker uses; each look runs ps.
const interval = 250 * time.Millisecond

// resident returns the bytes of memory that a process has, as ps tells.
func resident(pid int) (int64, error) {
	out, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0, err
	}
	kilobytes, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	return kilobytes << 10, err
}

// processor is not known here: the time that passes is limited.
func processor(int) (time.Duration, error) { return 0, errors.ErrUnsupported }
