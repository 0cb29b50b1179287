package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitConfig = 78 // sysexits.h: EX_CONFIG
)

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, env Env) int {
	root := commands(env)
	root.SetArgs(asPlugin(args))
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if _, ok := errors.AsType[*ConfigError](err); ok {
		fmt.Fprintln(env.Err, err)
		return exitConfig
	}
	fmt.Fprintln(env.Err, "friendlyfire:", err)
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
func commands(env Env) *cobra.Command {
	var once bool
	root := &cobra.Command{
		Use:           "friendlyfire",
		Short:         "Tells you in chat when Fail2Ban bans somebody it should not",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          validate(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return runBot(cmd.Context(), false, env) },
	}
	root.PersistentFlags().StringVar(&env.File, "config", "", "configuration `FILE` (default config.toml; built-in if there is none)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })

	bot := &cobra.Command{
		Use: "run", Short: "Run the bot (the default)", Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runBot(cmd.Context(), once, env) },
	}
	bot.Flags().BoolVar(&once, "once", false, "one pass of every stage until nothing is due, then exit")

	root.AddCommand(bot, reportCommand(&env), lookupCommand(&env), checkCommand(&env), pairCommand(&env),
		purgeCommand(&env), backupCommand(&env), muninCommand(&env), versionCommand(&env))
	return root
}
