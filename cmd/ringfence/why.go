package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report/reach"
)

type whyFlags struct {
	selection
	format, output string
}

func (c *command) why() *cobra.Command {
	var flags whyFlags
	cmd := &cobra.Command{
		Use:   "why FROM TO [PORT[/PROTOCOL]]",
		Short: "Say whether a connection may be made, and which policies and lines decide it",
		Long: `why gives the verdict on connections from FROM to TO in every environment that has
both, and then the policies and lines that decide it.

FROM and TO are workloads (namespace/name, namespace/Kind/name, or less where it is
not ambiguous), an address, a CIDR, "internet" for all public addresses, or pods
that the repository does not declare: other-pods:NAMESPACE, or other-pods:* for
those of namespaces that no policy names. PORT is that of the pods, not of a
Service; without it all ports are asked for.`,
		Example: `  ringfence why shop/frontend shop/cart 7070
  ringfence why internet shop/frontend 8080/TCP
  ringfence why --env prod monitoring/prometheus shop/Deployment/cart`,
		Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error { return c.runWhy(cmd.Context(), &flags, args) },
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.StringVarP(&flags.format, "format", "o", "text", "`FORMAT`: text or json")
	f.StringVar(&flags.output, "output", "", "write to `FILE`")
	return cmd
}

func (c *command) runWhy(ctx context.Context, flags *whyFlags, args []string) error {
	format := reach.Format(flags.format)
	if format != reach.Text && format != reach.JSON {
		return usagef("unknown format %q, use text or json", flags.format)
	}
	conn := netpol.All()
	if len(args) == 3 {
		var err error
		if conn, err = parsePort(args[2]); err != nil {
			return err
		}
	}
	w, err := c.open(ctx, &flags.selection, nil)
	if err != nil {
		return err
	}
	defer w.close()
	clusters := w.clusters()
	questions, err := c.ask(clusters, args[0], args[1], conn)
	if err != nil {
		if c.reportGaps(w, flags.allowGaps) == exitIncomplete { // what was asked about may be in what could not be seen
			fmt.Fprintf(c.stderr, "ringfence: %v\n", err)
			c.exit = exitIncomplete
			return nil
		}
		return err
	}
	if err := c.writeTo(flags.output, func(out io.Writer) error { return reach.WriteAnswers(out, format, questions) }); err != nil {
		return err
	}
	c.exit = c.reportGaps(w, flags.allowGaps)
	return nil
}

// ask makes a question for every environment that has both ends.
func (c *command) ask(clusters []builtEnvironment, from, to string, conn netpol.ConnSet) ([]*reach.Question, error) {
	var questions []*reach.Question
	sources, destinations := namesIn(clusters), namesIn(clusters)
	for _, e := range clusters {
		q := &reach.Question{Environment: e.name, Cluster: e.cluster, FromName: from, ToName: to, Conn: conn, Gaps: e.gaps}
		q.From, q.To = sources.resolve(e.cluster, from), destinations.resolve(e.cluster, to)
		if q.From == nil || q.To == nil {
			continue
		}
		if q.From[0].Kind() == netpol.BlockPeer && q.To[0].Kind() == netpol.BlockPeer {
			return nil, usagef("%s and %s are both addresses; no policy is about that", from, to)
		}
		questions = append(questions, q)
	}
	if len(questions) > 0 {
		for _, u := range slices.Concat(sources.unknown, destinations.unknown) {
			if u.Ambiguous {
				fmt.Fprintf(c.stderr, "remark: an environment is not answered for: %v\n", u)
			}
		}
		return questions, nil
	}
	for _, names := range []*nameSearch{sources, destinations} {
		if err := names.err(); err != nil {
			return nil, usageError{err}
		}
	}
	return nil, usagef("no environment has both %q and %q", from, to)
}

// parsePort reads PORT[/PROTOCOL].
func parsePort(text string) (netpol.ConnSet, error) {
	number, name, _ := strings.Cut(text, "/")
	protocol := netpol.Protocol(strings.ToUpper(name))
	if name == "" {
		protocol = netpol.TCP
	}
	port, err := strconv.Atoi(number)
	if err != nil || port < netpol.FirstPort || port > netpol.LastPort {
		return netpol.ConnSet{}, usagef("%q is no port: want a number from %d to %d, and /TCP, /UDP or /SCTP behind it", text, netpol.FirstPort, netpol.LastPort)
	}
	conn := netpol.Ports(protocol, port, port)
	if conn.IsEmpty() {
		return conn, usagef("%q is no protocol, use TCP, UDP or SCTP", name)
	}
	return conn, nil
}

// nameSearch looks a name up in several environments and remembers what was there
// instead.
type nameSearch struct {
	found   bool
	unknown []*reach.Unknown
	empty   bool // there is no environment
}

func namesIn(clusters []builtEnvironment) *nameSearch { return &nameSearch{empty: len(clusters) == 0} }

// resolve returns the peers of a name, nil where an environment has none.
func (s *nameSearch) resolve(c *netpol.Cluster, name string) []netpol.Peer {
	peers, err := reach.Resolve(c, name)
	if unknown := (*reach.Unknown)(nil); errors.As(err, &unknown) {
		s.unknown = append(s.unknown, unknown)
	}
	s.found = s.found || len(peers) > 0
	return peers
}

// err says why no environment has the name, nil where one does. That a name is
// ambiguous in one environment says more than that another has none.
func (s *nameSearch) err() error {
	switch {
	case s.empty:
		return fmt.Errorf("nothing to ask about: no manifests were found")
	case s.found || len(s.unknown) == 0:
		return nil
	}
	all := &reach.Unknown{Name: s.unknown[0].Name, What: s.unknown[0].What, Service: s.unknown[0].Service}
	for _, u := range s.unknown {
		if u.Ambiguous && !all.Ambiguous {
			all.Ambiguous, all.Candidates = true, nil
		}
		if u.Ambiguous == all.Ambiguous {
			all.Candidates = append(all.Candidates, u.Candidates...)
		}
	}
	slices.Sort(all.Candidates)
	all.Candidates = slices.Compact(all.Candidates)
	return all
}
