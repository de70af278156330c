//go:build !race

package main

// burden is how many times as much time and memory this build needs as usual.
const burden = 1
