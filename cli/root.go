// Package cli is the command line: it reads arguments, prints what the commands find out, and has a file for each of
// them. It does not know how the bot works, which is package app, nor any platform by its name.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/ingest"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitConfig = 78 // sysexits.h: EX_CONFIG
)

// Main is the program: it runs the command line of the process, until SIGINT or SIGTERM ends it, and returns the exit
// code. defaults is the built-in configuration.
func Main(defaults []byte) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, os.Args[1:], app.Env{
		Defaults: defaults, In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Watch: ingest.Watch,
		WatchPattern: ingest.WatchPattern,
	})
}

// Run runs one command line, without the name of the program, and returns the exit code. Errors are printed to env.Err.
func Run(ctx context.Context, args []string, env app.Env) int {
	root := commands(&env)
	root.SetArgs(asPlugin(args))
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	defer adviseUser(ctx, env, args, err)
	if _, ok := errors.AsType[*config.Error](err); ok {
		fmt.Fprintln(env.Err, asTyped(env, err.Error()))
		return exitConfig
	}
	if _, ok := errors.AsType[*silentError](err); ok {
		return exitFailed
	}
	fmt.Fprintln(env.Err, "friendlyfire:", asTyped(env, err.Error()))
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

// usage returns err as a usageError, and nil as nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{fmt.Errorf("%w (friendlyfire --help says more)", err)}
}

// validate returns check with its error as a usageError.
func validate(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error { return usage(check(cmd, args)) }
}

// knownCommand refuses whatever is left for the root, which is no command.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return fmt.Errorf("%q is no command.%s", args[0], bot.DidYouMean(args[0], names))
}

// commands returns the root command and, under it, all others. env.File becomes the configuration that is named or
// found.
func commands(env *app.Env) *cobra.Command {
	var once bool
	root := &cobra.Command{
		Use:           "friendlyfire",
		Short:         "Tells you in chat when Fail2Ban bans somebody it should not",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          validate(knownCommand),
		RunE:          func(cmd *cobra.Command, _ []string) error { return app.Run(cmd.Context(), false, *env) },
	}
	root.PersistentFlags().StringVar(&env.File, "config", "",
		"configuration `FILE` (default config.toml, then "+config.SystemFile+", then the built-in one)")
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) { findConfig(cmd, env) }
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })

	run := &cobra.Command{
		Use: "run", Short: "Run the bot (the default)", Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return app.Run(cmd.Context(), once, *env) },
	}
	run.Flags().BoolVar(&once, "once", false, "one pass of every stage until nothing is due, then exit")

	root.AddCommand(run, reportCommand(env), lookupCommand(env), checkCommand(env), initCommand(env), pairCommand(env),
		importCommand(env), forwardCommand(env), natsCommand(env), tuneCommand(env), purgeCommand(env), backupCommand(env), muninCommand(env),
		actCommand(env), unbanCommand(env), trustCommand(env), untrustCommand(env), trustedCommand(env),
		actsCommand(env), versionCommand(env))
	return root
}
