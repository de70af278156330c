// Command ringfence analyzes the network policies of manifest repositories.
// This package holds flags, exit codes and wiring only.
package main

import "os"

func main() {
	c := command{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Getenv}
	silence()
	os.Exit(c.main(os.Args[1:]))
}

// silence takes os.Stderr away from kustomize, which prints a deprecation warning
// to it for each build of a base and has no option for it. They are no gaps.
func silence() {
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
	}
}
