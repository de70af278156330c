package netpol

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Opened returns the connections that only the second side of the change allows, in
// few rows: what is reached alike from the same peers, or by the same peers alike,
// stands together. Each pair is in one row.
func (d *Difference) Opened() []Row {
	return d.rowsOf(func(c Change) ConnSet { return c.Added })
}

// Closed returns likewise the connections that only the first side allows.
func (d *Difference) Closed() []Row {
	return d.rowsOf(func(c Change) ConnSet { return c.Removed })
}

func (d *Difference) rowsOf(part func(Change) ConnSet) []Row {
	var rows []Row
	for c := range d.Changes() {
		if conn := part(c); !conn.IsEmpty() {
			rows = append(rows, Row{From: c.From, To: c.To, Conn: conn})
		}
	}
	for n := -1; n != len(rows); {
		n = len(rows)
		rows = joinRows(rows, func(r *Row) (same, joined *Peers) { return &r.To, &r.From })
		rows = joinRows(rows, func(r *Row) (same, joined *Peers) { return &r.From, &r.To })
	}
	return rows
}

// joinRows makes one row of those with the same connections and one side in common.
func joinRows(rows []Row, sides func(*Row) (same, joined *Peers)) []Row {
	places := map[string]int{}
	var all []Row
	for _, r := range rows {
		same, other := sides(&r)
		key := same.key() + r.Conn.String()
		i, known := places[key]
		if !known {
			places[key] = len(all)
			all = append(all, r)
			continue
		}
		_, joined := sides(&all[i])
		joined.runs = unionOf(joined.runs, other.runs)
	}
	return all
}

// key is the same text for the same peers of one space.
func (s Peers) key() string {
	var b strings.Builder
	for _, r := range s.runs {
		fmt.Fprintf(&b, "%d-%d,", r.first, r.last)
	}
	return b.String()
}

// unionOf returns the points of two lists of runs that have none in common.
func unionOf(a, b []run) []run {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y run) int { return cmp.Compare(x.first, y.first) })
	var union []run
	for _, r := range all {
		union = appendRange(union, int(r.first), int(r.last)+1)
	}
	return union
}
