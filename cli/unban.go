package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/act"
	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// withActing opens what acts, and runs do.
func withActing(ctx context.Context, env app.Env, do func(*app.App, *bot.Acting) error) (err error) {
	a, err := app.OpenOffline(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	acting := a.Acting()
	if acting == nil {
		return errors.New("nobody can act: the configuration has no [act] socket (see Acting in the manual)")
	}
	a.Refresh(ctx)
	return do(a, acting)
}

// actNow carries acts out, prints what has come of them, and fails if one was not done.
func actNow(ctx context.Context, env app.Env, acting *bot.Acting, acts []store.Act) error {
	done, words, err := acting.Now(ctx, store.UserName(os.Geteuid()), acts)
	if err != nil {
		return err
	}
	fmt.Fprintln(env.Out, words)
	if slices.ContainsFunc(done, func(one store.Act) bool { return one.Outcome != store.ActDone }) {
		return &silentError{}
	}
	return nil
}

// target returns the address, or the network, in its usual form.
func target(arg string) (string, error) {
	p, err := act.ParseTarget(arg)
	if err != nil {
		return "", usage(fmt.Errorf("%q %w", arg, err))
	}
	return act.TargetText(p), nil
}

func unbanCommand(env *app.Env) *cobra.Command {
	var jail, source string
	cmd := &cobra.Command{
		Use: "unban ADDRESS", Short: "Lift the bans of an address", Args: validate(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := target(args[0])
			if err != nil {
				return err
			}
			return withActing(cmd.Context(), *env, func(_ *app.App, acting *bot.Acting) error {
				acts, _, err := acting.BansInForce(cmd.Context(), address)
				if err != nil {
					return err
				}
				acts = slices.DeleteFunc(acts, func(one store.Act) bool {
					return jail != "" && one.Jail != jail || source != "" && one.Source != source
				})
				if len(acts) == 0 && jail != "" { // Fail2Ban may know of one
					acts = acting.OnAll(store.Act{Verb: "unban", Jail: jail, Address: address})
					acts = slices.DeleteFunc(acts, func(one store.Act) bool { return source != "" && one.Source != source })
				}
				if len(acts) == 0 {
					return fmt.Errorf("no ban of %s is known that can be lifted; --jail names one that is not known here", address)
				}
				return actNow(cmd.Context(), *env, acting, acts)
			})
		},
	}
	cmd.Flags().StringVar(&jail, "jail", "", "of this `JAIL` only")
	cmd.Flags().StringVar(&source, "source", "", "on the server of this `SOURCE` only")
	return cmd
}

func trustCommand(env *app.Env) *cobra.Command {
	var long string
	cmd := &cobra.Command{
		Use: "trust ADDRESS", Short: "Have Fail2Ban ignore an address for a while, and lift its bans",
		Args: validate(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := target(args[0])
			if err != nil {
				return err
			}
			d, err := act.ParseTime(long)
			if err != nil {
				return usage(fmt.Errorf("--for %q %w", long, err))
			}
			return withActing(cmd.Context(), *env, func(_ *app.App, acting *bot.Acting) error {
				lifted, _, err := acting.BansInForce(cmd.Context(), address)
				if err != nil {
					return err
				}
				acts := acting.OnAll(store.Act{Verb: "trust", Address: address, For: d})
				return actNow(cmd.Context(), *env, acting, append(acts, lifted...))
			})
		},
	}
	cmd.Flags().StringVar(&long, "for", "30d", "for this `TIME`: 12h, 7d, 90d at most")
	return cmd
}

func untrustCommand(env *app.Env) *cobra.Command {
	return &cobra.Command{
		Use: "untrust ADDRESS", Short: "Have Fail2Ban ignore an address no more", Args: validate(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := target(args[0])
			if err != nil {
				return err
			}
			return withActing(cmd.Context(), *env, func(_ *app.App, acting *bot.Acting) error {
				return actNow(cmd.Context(), *env, acting, acting.OnAll(store.Act{Verb: "untrust", Address: address}))
			})
		},
	}
}

func trustedCommand(env *app.Env) *cobra.Command {
	return &cobra.Command{
		Use: "trusted", Short: "Say whom Fail2Ban ignores because it was asked for here", Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withActing(cmd.Context(), *env, func(_ *app.App, acting *bot.Acting) error {
				text, err := acting.Trusted(cmd.Context())
				if err == nil {
					fmt.Fprintln(env.Out, text)
				}
				return err
			})
		},
	}
}

func actsCommand(env *app.Env) *cobra.Command {
	const latest = 200
	return &cobra.Command{
		Use: "acts", Short: "Say who lifted which bans and trusted whom, and what Fail2Ban answered; the latest first",
		Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			a, err := app.OpenOffline(cmd.Context(), *env)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			acts, err := a.Store.LatestActs(cmd.Context(), latest)
			for _, one := range acts {
				fmt.Fprintln(env.Out, actLine(a, one))
			}
			if err == nil && len(acts) == 0 {
				fmt.Fprintln(env.Out, "Nobody has acted.")
			}
			return err
		},
	}
}

// actLine is who did what, where and when, and what came of it: on one line, in columns.
func actLine(a *app.App, one store.Act) string {
	what := one.Verb + " " + one.Address
	if one.Verb == "unban" {
		what = one.Verb + " " + one.Jail + " " + one.Address
	}
	if one.Verb == "trust" {
		what += " " + one.For.String()
	}
	outcome := "under way"
	if one.Outcome != "" {
		outcome = string(one.Outcome) + ": " + one.Answer
	}
	who := one.Name + " (command line)"
	if one.Chat.Platform != "" {
		who = fmt.Sprintf("%s (%s %s)", one.Name, one.Chat.Platform, one.User)
	}
	at := msg.Stamp(one.AskedAt.In(a.Words().Zone), time.Now())
	return strings.Join([]string{at, one.Source, who, what, outcome}, "  ")
}
