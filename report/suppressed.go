package report

import (
	"fmt"

	"github.com/ringfence/ringfence/analyzer"
)

// suppressed lists what is suppressed, with why and where that is said.
func (w textWriter) suppressed(all []analyzer.Suppressed) {
	for _, s := range all {
		fmt.Fprintf(w, "%s: %s: %s %s\n", w.paint(bold, place(s.Pos)), w.paint(dim, "suppressed"),
			Printable(s.Message), w.paint(dim, "["+Printable(s.Rule.ID)+"]"))
		w.detail(place(s.By) + ": " + Printable(s.Reason))
	}
	if len(all) > 0 {
		fmt.Fprintln(w)
	}
}

// fixed lists what the baseline holds and is no more.
func (w textWriter) fixed(all []analyzer.Known) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "fixed since the baseline (--prune-baseline takes it out):")
	for _, k := range all {
		what := k.Message
		if k.Object != "" {
			what = k.Object + ": " + what
		}
		w.detail(Printable(fmt.Sprintf("%s [%s]", what, k.Rule)))
	}
	fmt.Fprintln(w)
}
