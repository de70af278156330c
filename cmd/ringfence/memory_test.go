//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func makePipe(t *testing.T, name string) {
	t.Helper()
	if err := syscall.Mkfifo(name, 0o644); err != nil {
		t.Fatal(err)
	}
}

// watchMemory looks again and again how much resident memory a process and its children
// have together, until the function is called that it returns, which returns the most
// that was seen; 0 where there is no /proc.
func watchMemory(pid int) (peak func() int64) {
	stop, most := make(chan struct{}), make(chan int64)
	go func() {
		var seen int64
		for {
			select {
			case <-stop:
				most <- seen
				return
			case <-time.After(20 * time.Millisecond):
				seen = max(seen, residentWithChildren(pid))
			}
		}
	}()
	return func() int64 { close(stop); return <-most }
}

func residentWithChildren(pid int) int64 {
	var sum int64
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, file := range stats {
		data, _ := os.ReadFile(file) // the process may have ended
		// After the name in parentheses: the state, the parent, and as the 22nd field the
		// resident pages (proc_pid_stat(5)).
		fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
		if len(fields) < 22 {
			continue
		}
		own, parent := filepath.Base(filepath.Dir(file)), string(fields[1])
		if own == strconv.Itoa(pid) || parent == strconv.Itoa(pid) {
			pages, _ := strconv.ParseInt(string(fields[21]), 10, 64)
			sum += pages * int64(os.Getpagesize())
		}
	}
	return sum
}
