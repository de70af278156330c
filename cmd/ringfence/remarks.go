package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/generate"
	"github.com/ringfence/ringfence/report"
)

// environmentRemark is a remark on something in an environment, which has no name where
// there is only one.
type environmentRemark struct {
	environment string
	generate.Remark
}

// fewRemarks is up to how many remarks that say the same are printed apart.
const fewRemarks = 3

// printRemarks prints remarks: what is said of the same workload in several environments,
// and of many workloads, once.
func (c *command) printRemarks(remarks []environmentRemark) {
	type key struct{ where, text string }
	environments := map[key][]string{} // by what a remark is about
	for _, r := range remarks {
		k := key{r.About(), r.Reason}
		environments[k] = append(environments[k], r.environment)
	}
	about := map[key][]string{} // by environments
	for k, names := range environments {
		joined := key{strings.Join(names, ", "), k.text}
		about[joined] = append(about[joined], k.where)
	}
	var lines []string
	for k, names := range about {
		slices.Sort(names)
		if len(names) > fewRemarks {
			names = []string{fmt.Sprintf("%s, %s and %d more", names[0], names[1], len(names)-2)}
		}
		for _, name := range names {
			lines = append(lines, strings.Join(slices.DeleteFunc([]string{k.where, name, k.text}, func(s string) bool { return s == "" }), ": "))
		}
	}
	slices.SortFunc(lines, cmp.Compare)
	for _, line := range lines {
		fmt.Fprintf(c.stderr, "remark: %s\n", report.Printable(line))
	}
}
