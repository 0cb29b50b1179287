package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

const (
	codeLives  = 10 * time.Minute
	wrongCodes = 5 // make the right one void
)

func pairCommand(env *app.Env) *cobra.Command {
	var write bool
	platforms := app.PairNames()
	cmd := &cobra.Command{
		Use:       "pair " + strings.Join(platforms, "|"),
		Short:     "Let in the chat and the person that send a one-time code to the bot",
		ValidArgs: platforms,
		Args: validate(func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(platforms, args[0]) {
				return errors.New("want friendlyfire pair " + strings.Join(platforms, ", or friendlyfire pair "))
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !app.IsTerminal(env.In) {
				return errors.New("pair asks you who is let in: run it in a terminal, not in a pipe or a script")
			}
			return pair(cmd.Context(), *env, args[0], write)
		},
	}
	cmd.Flags().BoolVar(&write, "write", false, "write the lines into the configuration file")
	return cmd
}

const runAgain = "run the command again for a new one"

var (
	errExpired = fmt.Errorf("nobody sent the code within %d minutes, so it is void; %s",
		int(codeLives.Minutes()), runAgain)
	errTooMany = fmt.Errorf("%d wrong codes, so the right one is void; %s", wrongCodes, runAgain)
)

// pair finds out by a code where the bot is to post and whom it is to obey.
func pair(ctx context.Context, env app.Env, name string, write bool) error {
	c, err := env.Config().Load(config.ToPair)
	if err != nil {
		return err
	}
	unlock, err := app.LockToPair(c.Database)
	if err != nil {
		return err
	}
	defer unlock()
	m, err := meet(ctx, env, c, commanded(c, name))
	if err != nil {
		return err
	}
	defer m.end()
	d := m.dialogue
	if err := d.apply(write, m.entries); err != nil {
		return err
	}
	m.greet(ctx)
	fmt.Fprintf(env.Out, "Next, see whether everything is in order, and then start the bot:\n\n%s\n",
		asTyped(env, "    "+asBot(c.Database, "check --send")))
	return nil
}

// commanded returns the platform of that name, which is one of app.PairNames.
func commanded(c *config.Config, name string) app.Commanded {
	return app.PlatformNamed(c, name).(app.Commanded) //nolint:forcetypeassert // or it had no name there
}

// meeting is a pairing that the person at the terminal has confirmed.
type meeting struct {
	dialogue   *dialogue
	connection msg.PairingConnection
	chat       string
	entries    []config.Entry // which let in the chat and the person
	end        func()         // closes the connection
}

// meet waits until somebody sends a code to the bot, and the person at the terminal says that it was the right one.
func meet(ctx context.Context, env app.Env, c *config.Config, platform app.Commanded) (*meeting, error) {
	connection, closeAll, err := connectToPair(ctx, c, platform, env)
	if err != nil {
		return nil, err
	}
	d := &dialogue{env: env, config: c, platform: platform, code: newCode(), ask: answers(env.In)}
	sender, err := d.wait(ctx, connection)
	if err != nil {
		closeAll()
		return nil, explain(err, platform)
	}
	entries, err := platform.Entries(sender)
	if err == nil && !d.confirm(ctx, sender) {
		err = errors.New("nobody was let in and nothing is changed; the code is void, " + runAgain)
	}
	if err != nil {
		closeAll()
		return nil, err
	}
	return &meeting{d, connection, sender.Chat, entries, closeAll}, nil
}

// greet says in the chat that it is paired.
func (m *meeting) greet(ctx context.Context) {
	greeting := msg.Message{Text: msg.Text{
		{Text: "Paired.", Style: msg.Bold},
		{Text: " Alerts and digests come here as soon as the bot runs."},
	}}
	out := m.dialogue.env.Out
	if err := m.connection.Send(ctx, m.chat, greeting); err != nil {
		fmt.Fprintf(out, "\nThe bot cannot post there yet: %v.\n%s\n", inWords(err), m.dialogue.platform.Advice().Chat)
	} else {
		fmt.Fprintln(out, "\nThe bot has said so in the chat.")
	}
}

// connectToPair connects to the platform. The caller calls closeAll when it needs the connection no more.
func connectToPair(ctx context.Context, c *config.Config, platform app.Commanded, env app.Env) (
	connection msg.PairingConnection, closeAll func(), err error,
) {
	if !platform.HasToken() {
		return nil, nil, &config.Error{Mistakes: []config.Mistake{{
			File: c.File, Key: platform.Name() + ".token_file",
			Text: fmt.Sprintf("there is no token to pair with. %s, put it alone into a file (chmod 600), "+
				"and name that file here, or set %s in the environment",
				platform.NewToken(), config.TokenVariable(platform.Name())),
		}}}
	}
	bot, closeAll := msg.Bot{Dial: env.Dial}, func() {}
	if platform.PairsWithStore() {
		if bot.Store, err = app.OpenStore(ctx, c); err != nil {
			return nil, nil, err
		}
		closeAll = func() { _ = bot.Store.Close() }
	}
	connected, err := platform.Connect(bot)
	connection, _ = connected.(msg.PairingConnection)
	if err != nil {
		closeAll()
	}
	return connection, closeAll, err
}

// explain returns the error of a dialogue as one that says what to do about it.
func explain(err error, platform app.Commanded) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("given up; nothing is changed")
	}
	if errors.Is(err, errExpired) || errors.Is(err, errTooMany) {
		return err
	}
	return platform.ExplainPairing(err)
}
