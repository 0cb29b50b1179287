package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/bot/discord"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
)

const (
	codeLives  = 10 * time.Minute
	wrongCodes = 5 // and the code is void
)

func pairCommand(env *Env) *cobra.Command {
	var write bool
	cmd := &cobra.Command{
		Use: "pair telegram|discord", Short: "Let in the chat and the person that send a one-time code to the bot",
		ValidArgs: []string{"telegram", "discord"},
		Args: validate(func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(cmd.ValidArgs, args[0]) {
				return errors.New("want friendlyfire pair telegram, or friendlyfire pair discord")
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !isTerminal(env.In) {
				return errors.New("pair asks you who is let in: run it in a terminal, not in a pipe or a script")
			}
			return pair(cmd.Context(), *env, args[0], write)
		},
	}
	cmd.Flags().BoolVar(&write, "write", false, "write the lines into the configuration file")
	return cmd
}

// pairable is a platform while it is being paired.
type pairable interface {
	Pair(ctx context.Context, ready func(msg.Self), heard func(msg.PairAttempt) bool) (msg.PairAttempt, error)
	Send(ctx context.Context, chat string, m msg.Message) error
}

var (
	errExpired = fmt.Errorf("nobody sent the code within %d minutes, so it is void; run the command again for a new one", int(codeLives.Minutes()))
	errTooMany = fmt.Errorf("%d wrong codes, so the right one is void; run the command again for a new one", wrongCodes)
)

// pair finds out, with a code, where the bot is to speak and whom it is to obey.
func pair(ctx context.Context, env Env, name string, write bool) error {
	c, err := LoadToPair(env)
	if err != nil {
		return err
	}
	release, err := holdDatabase(c.Database)
	if err != nil {
		return err
	}
	defer release()
	platform, closing, err := pairingPlatform(ctx, c, name, env)
	if err != nil {
		return err
	}
	defer closing()

	p := &pairer{out: env.Out, platform: name, code: newCode(), ask: answers(env.In)}
	found, err := p.wait(ctx, platform)
	if err != nil {
		return explain(err, name)
	}
	entries, err := p.entries(c, found)
	if err != nil {
		return err
	}
	if !p.confirm(ctx, found) {
		return errors.New("nobody was let in and nothing is changed; the code is void, run the command again for a new one")
	}
	flag := ""
	if env.File != "" {
		flag = " --config " + shellQuote(env.File)
	}
	if err := p.settle(c, env.File, write, entries); err != nil {
		return err
	}
	greeting := msg.Message{Text: msg.Text{{Text: "Paired.", Style: msg.Bold}, {Text: " Alerts and digests come here as soon as the bot runs."}}}
	if err := platform.Send(ctx, found.Chat, greeting); err != nil {
		fmt.Fprintf(p.out, "\nThe bot cannot post there yet: %v.\n%s\n", plainly(err), adviceForChat[name])
	} else {
		fmt.Fprintln(p.out, "\nThe bot has said so in the chat.")
	}
	as := ""
	if user := owner(filepath.Dir(c.Database)); os.Geteuid() == 0 && user != "root" {
		as = "sudo -u " + user + " "
	}
	fmt.Fprintf(p.out, "Next, see whether everything is in order, and then start the bot:\n\n    %sfriendlyfire%s check --send\n", as, flag)
	return nil
}

// pairingPlatform makes the platform to be paired, and what closes it.
func pairingPlatform(ctx context.Context, c *Config, name string, env Env) (p pairable, closing func(), err error) {
	none := func(key, env, where string) error {
		return &ConfigError{Mistakes: []Mistake{{
			File: c.File, Key: key,
			Text: fmt.Sprintf("there is no token to pair with. %s, put it alone into a file (chmod 600), and name that file here, or set %s in the environment", where, env),
		}}}
	}
	if name == "telegram" {
		if c.Telegram.Token.Empty() {
			return nil, nil, none("telegram.token_file", "FRIENDLYFIRE_TELEGRAM_TOKEN", "Send /newbot to @BotFather in Telegram to get one")
		}
		t, err := telegram.New(c.Telegram.Token.Reveal(), c.Telegram.API, env.client())
		return t, func() {}, err
	}
	if c.Discord.Token.Empty() {
		return nil, nil, none("discord.token_file", "FRIENDLYFIRE_DISCORD_TOKEN",
			"Make an application at https://discord.com/developers/applications and press Bot, Reset Token to get one")
	}
	d, err := discord.New(c.Discord.Token.Reveal(), c.Discord.API, env.Dial)
	if err != nil {
		return nil, nil, err
	}
	if d.Store, err = openStore(ctx, c); err != nil { // it counts how often the bot identifies itself
		return nil, nil, err
	}
	return d, func() { _ = d.Store.Close() }, nil
}

// explain says what to do about an error of Pair.
func explain(err error, platform string) error {
	if e, ok := errors.AsType[*telegram.ConflictError](err); ok {
		if e.Webhook {
			return fmt.Errorf("%w. Remove it: open https://api.telegram.org/bot…/deleteWebhook with the token in place of “…”", err)
		}
		return fmt.Errorf("%w: a bot is running. %s. If none of yours is, somebody has the token: /revoke it at @BotFather", err, stopFirst)
	}
	if errors.Is(err, context.Canceled) {
		return errors.New("given up; nothing is changed")
	}
	if _, ok := errors.AsType[*discord.BudgetError](err); ok || errors.Is(err, errExpired) || errors.Is(err, errTooMany) {
		return err
	}
	return fmt.Errorf("%w\n%s", plainly(err), adviceForToken[platform])
}
