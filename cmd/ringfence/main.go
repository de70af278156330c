// Command ringfence analyzes the network policies of manifest repositories.
// This package holds flags, exit codes and wiring only.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
)

func main() {
	c := command{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Getenv}
	silence()
	spend()
	if len(os.Args) == 2 && os.Args[1] == workerArgument {
		fmt.Fprintf(c.stderr, "ringfence: %v\n", serve())
		os.Exit(exitInternal)
	}
	os.Exit(c.main(os.Args[1:]))
}

// silence takes the process-wide outputs away from the libraries: kustomize
// prints a deprecation warning to os.Stderr for each build of a base, and Helm
// logs warnings. Neither has an option for it, and what matters is a gap.
func silence() {
	log.SetOutput(io.Discard)
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
	}
}

// spend trades memory for time: nearly all that a run allocates is either garbage
// at once or needed to its end, so collecting often gains little. Above the soft
// limit the collector works as hard as it must.
func spend() {
	const softLimit = 1 << 30
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softLimit)
	}
}
