package main

import (
	"regexp"
	"testing"

	"github.com/spf13/cobra"
)

// TestFlagsNameTheirValues holds the help of each command to a word for the value of each of
// its flags: a type, such as "string", says nothing.
func TestFlagsNameTheirValues(t *testing.T) {
	typed := regexp.MustCompile(`(?m)^ +(-\w, )?--[\w-]+ [a-z]\w+ `)
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, flag := range typed.FindAllString(cmd.Flags().FlagUsages(), -1) {
			t.Errorf("%s has %q", cmd.CommandPath(), flag)
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit((&command{}).root())
}
