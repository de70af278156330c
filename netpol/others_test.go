package netpol

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
)

// Checks of the policies of other projects.

type gapsTest struct {
	name, spec string   // from line 4 on
	want       []string // "LINE: reason"
}

func checkOthersGaps(t *testing.T, head string, tests []gapsTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			policy, gaps := manifest.Parse("p.yaml", []byte(head+test.spec+"\n"))
			if len(gaps) > 0 {
				t.Fatal(gaps)
			}
			c, gaps := New(append(parse(t, traps+ciliumWide+`spec: {`+ciliumWeb+`egress: [{toEntities: [world]}]}}`), policy...), Options{})
			if diff := cmp.Diff(test.want, gapLines(t, policy[0].Kind, gaps)); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
			if conn := c.Allows(Egress, PodsOf(workload(t, c, "a", "web")), peerOf(t, c, "a/db")); !conn.IsEmpty() {
				t.Errorf("the rest is not evaluated: %s", conn)
			}
		})
	}
}

type othersTest struct {
	name, policies string
	want           string // with whom a/web connects, as "PEER:CONN"
	doubts         string // about that, separated by ;
}

// checkOthers checks who reaches a/web.
func checkOthers(t *testing.T, tests []othersTest) {
	t.Helper()
	checkDirection(t, Ingress, tests)
}

// checkEgress checks whom a/web reaches.
func checkEgress(t *testing.T, tests []othersTest) {
	t.Helper()
	checkDirection(t, Egress, tests)
}

func checkDirection(t *testing.T, d Direction, tests []othersTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, _ := New(parse(t, traps+test.policies), Options{})
			web := workload(t, c, "a", "web")
			var got []string
			for _, name := range []string{"a/db", "b/client", "c/bare", "a/host", "8.8.8.8"} {
				from, to := peerOf(t, c, name), PodsOf(web)
				if d == Egress {
					from, to = to, from
				}
				if conn := c.Allows(d, from, to); !conn.IsEmpty() {
					got = append(got, name+":"+conn.String())
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.doubts, doubtsOf(t, c, web, d)); diff != "" {
				t.Errorf("doubts (-want +got):\n%s", diff)
			}
		})
	}
}

// doubtsOf returns the reasons of doubts without repetitions.
func doubtsOf(t *testing.T, c *Cluster, w *Workload, d Direction) string {
	t.Helper()
	var doubts []string
	for _, doubt := range c.Uncertain(PodsOf(w), d) {
		if doubts = append(doubts, doubt.Reason); doubt.Origin().Line == 0 {
			t.Error("the doubt has no line")
		}
	}
	return strings.Join(slices.Compact(doubts), "; ")
}
