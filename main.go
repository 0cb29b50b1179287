// Command friendlyfire tells an administrator, in chat and at once, when Fail2Ban bans somebody it should not.
//
// This package is the process: commands, configuration, wiring, and all goroutines but two.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitConfig = 78 // sysexits.h: EX_CONFIG
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, theWorld())
	stop()
	os.Exit(code)
}

// streams are what the process reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, s streams, w world) int {
	root := commands(s, w)
	root.SetArgs(asPlugin(args))
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if _, ok := errors.AsType[*ConfigError](err); ok {
		fmt.Fprintln(s.err, err)
		return exitConfig
	}
	fmt.Fprintln(s.err, "friendlyfire:", err)
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{fmt.Errorf("%w (friendlyfire --help says more)", err)}
}

// validate turns what cobra finds wrong with arguments into a usageError.
func validate(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error { return usage(check(cmd, args)) }
}

// commands is the command line.
func commands(s streams, w world) *cobra.Command {
	var file string
	var once bool
	root := &cobra.Command{
		Use:           "friendlyfire",
		Short:         "Tells you in chat when Fail2Ban bans somebody it should not",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          validate(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return runBot(cmd.Context(), file, false, s, w) },
	}
	root.PersistentFlags().StringVar(&file, "config", "", "configuration `FILE` (default config.toml; built-in if there is none)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })

	bot := &cobra.Command{
		Use: "run", Short: "Run the bot (the default)", Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runBot(cmd.Context(), file, once, s, w) },
	}
	bot.Flags().BoolVar(&once, "once", false, "one pass of every stage until nothing is due, then exit")

	root.AddCommand(bot, reportCommand(&file, s, w), lookupCommand(&file, s, w), checkCommand(&file, s, w), pairCommand(&file, s, w),
		purgeCommand(&file, s), backupCommand(&file, s), muninCommand(&file, s), versionCommand(s))
	return root
}
