package worker

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// interval is how often the pool looks at what a worker uses.
const interval = 20 * time.Millisecond

var errProc = errors.New("/proc is not as expected")

// resident returns the bytes of memory that a process has.
func resident(pid int) (int64, error) { return pages(fmt.Sprintf("/proc/%d/statm", pid), 1) }

// mapped returns the bytes of address space that this process has.
func mapped() (int64, error) { return pages("/proc/self/statm", 0) }

func pages(file string, field int) (int64, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(data)
	if len(fields) <= field {
		return 0, errProc
	}
	n, err := strconv.ParseInt(string(fields[field]), 10, 64)
	return n * int64(os.Getpagesize()), err
}

// processor returns the processor time that a process has used.
func processor(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name in parentheses may hold anything; utime and stime are the 12th and 13th
	// field after it (proc_pid_stat(5)), in hundredths of a second.
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 13 {
		return 0, errProc
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
