package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/render/worker"
)

// The exit codes. Where several apply, findings win over gaps.
const (
	exitClean      = 0 // nothing to report
	exitFindings   = 1 // findings at or above --fail-on
	exitUsage      = 2 // wrong usage or configuration
	exitIncomplete = 3 // part of what GitOps would apply could not be rendered
	exitInternal   = 4 // a bug of ringfence
)

// command is one run of the program.
type command struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        func(string) string
	exit           int // set by subcommands that end without an error
	workers        *worker.Pool
}

// usageError is a mistake of the user: wrong flags, paths or configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// main runs the command line and returns the exit code.
func (c *command) main(args []string) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(c.stderr, "ringfence: internal error: %v\n%s", p, debug.Stack())
			code = exitInternal
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer func() {
		if c.workers != nil {
			c.workers.Close()
		}
	}()

	root := c.root()
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(c.stderr, "ringfence: %v\n", err)
		return codeOf(err)
	}
	return c.exit
}

// codeOf is the exit code of an error.
func codeOf(err error) int {
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	return exitInternal
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "ringfence",
		Short: "Who can reach whom, and what is left open, in a repository of Kubernetes manifests",
		Long: `ringfence renders what GitOps would apply (Helm, Kustomize, plain manifests),
computes who can reach whom, and reports what network policies leave open, at the
line that you can edit. It talks to no cluster, and to the network only where
--fetch or the command fetch says so.

Exit codes: 0 clean, 1 findings at or above --fail-on, 2 wrong usage or
configuration, 3 part of the repository could not be rendered, 4 internal error.`,
		Example: `  ringfence check                        check the repository around you
  ringfence check --format sarif apps/   for code scanning
  ringfence targets                      what would be rendered, and why
  ringfence rules show split-peer        what a rule means and how to fix it`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w\nrun \"%s --help\" for its flags", err, cmd.CommandPath())
	})
	root.AddCommand(c.check(), c.diff(), c.generate(), c.mapCommand(), c.why(), c.render(), c.targets(), c.fetch(), c.rules(), c.init(), c.version())
	for _, sub := range root.Commands() {
		wrapArgs(sub)
	}
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("unknown command %q\nrun \"ringfence --help\" for the commands", args[0])
		}
		return nil
	}
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return root
}

// wrapArgs makes wrong numbers of arguments usage errors.
func wrapArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usagef("%w\nrun \"%s --help\" for its usage", err, cmd.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		wrapArgs(sub)
	}
}

// writeTo calls write with the file that --output names, or standard output.
func (c *command) writeTo(file string, write func(io.Writer) error) error {
	if file == "" {
		return write(c.stdout)
	}
	f, err := os.Create(file)
	if err != nil {
		return usagef("write the output: %w", err)
	}
	return errors.Join(write(f), f.Close())
}
