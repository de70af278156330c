//go:build race

package main

// burden is how many times as much time and memory the race detector may need
// (https://go.dev/doc/articles/race_detector#Runtime_Overheads).
const burden = 8
