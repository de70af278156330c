//go:build linux && !race

package worker

import "syscall"

// limitAddressSpace bounds what the process can map beyond what it has: an allocation
// that is much too large then fails before it takes memory from others. The race
// detector maps far more than any limit.
func limitAddressSpace(more int64) {
	const slack = 256 << 20 // what the runtime maps and does not use
	usage, err := mapped()
	if err != nil {
		return // the pool watches too
	}
	limit := uint64(usage + more + slack)
	_ = syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit}) // a lower one is as well
}
