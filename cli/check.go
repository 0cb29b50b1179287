package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/config"
)

func checkCommand(env *app.Env) *cobra.Command {
	var does checkOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "See whether everything is in order, and what to do where it is not",
		Args:  validate(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return check(cmd.Context(), *env, does) },
	}
	cmd.Flags().BoolVar(&does.send, "send", false, "post a test alert and a test picture to every chat")
	cmd.Flags().BoolVar(&does.deleteWebhook, "delete-webhook", false,
		"delete Telegram's webhook, which keeps commands from the bot")
	cmd.Flags().BoolVar(&does.report, "report", false,
		"leave out names, addresses and ids, so that the text can go into a report of a problem")
	return cmd
}

// checkOptions are what check does besides looking.
type checkOptions struct{ send, deleteWebhook, report bool }

// check looks at configuration, database, table, whois, sources, tokens and chats, in this order. It does no harm to a
// bot that is running: it neither fetches what was said to the bot nor opens Discord's gateway.
func check(ctx context.Context, env app.Env, does checkOptions) error {
	c, err := env.Config().Load(config.ToForward)
	if err == nil && !c.Agent {
		c, err = env.Config().Load(config.ToRun)
	}
	if err != nil {
		return err
	}
	list := &checklist{out: env.Out, env: env}
	if does.report {
		list.privacy.on = true
		list.privacy.hideConfig(c)
		list.print("about", about())
	}
	if c.Agent {
		return checkAgent(ctx, list, c)
	}
	checkConfig(list, c)

	a, err := app.Build(ctx, c, env, slog.New(slog.DiscardHandler), true)
	if _, ok := errors.AsType[*config.Error](err); ok {
		return err
	}
	if err != nil {
		list.problem("database", err, adviceForDatabase(c, err))
		return list.end()
	}
	defer a.Close() //nolint:errcheck // nothing is lost by it
	checkDatabase(ctx, list, a)
	checkRights(ctx, list, a)
	checkTable(list, a)
	if a.Config.Enrich.Whois {
		checkWhois(ctx, list, c.Enrich.WhoisServer, env)
	}
	checkSources(ctx, list, a)
	checkVoice(ctx, list, a)
	checkActs(ctx, list, a)
	for _, l := range c.Logins {
		if l.IsPattern() {
			checkLoginPattern(ctx, list, a, l)
			continue
		}
		checkLogins(ctx, list, a, l)
	}
	var test *testMessages // nil: nothing is posted
	if does.send {
		a.Refresh(ctx)
		if test, err = newTestMessages(ctx, a); err != nil {
			list.problem("test picture", err, "")
		}
	}
	for _, connection := range a.Connections {
		if does.deleteWebhook {
			deleteWebhook(ctx, list, connection)
		}
		checkConnection(ctx, list, a, connection, test)
	}
	return list.end()
}

// checkSources looks at each source.
func checkSources(ctx context.Context, list *checklist, a *app.App) {
	for _, source := range a.Config.Sources {
		switch {
		case source.IsStream():
			checkStream(ctx, list, a, source)
		case source.IsPattern():
			checkPattern(ctx, list, a, source)
		default:
			checkSource(ctx, list, a, source)
			checkAction(ctx, list, source)
		}
	}
}

// checkConfig tells which configuration this is, and who is friendly. That it has no mistakes is known.
func checkConfig(list *checklist, c *config.Config) {
	const what = "configuration"
	if c.File == config.BuiltIn {
		list.note(what, "there is no configuration, so this is about the sample",
			"Name yours with --config, or begin one here: friendlyfire pair telegram --write")
	}
	if friends := friendlyList(c); friends != "" {
		list.ok(what, "%s; friendly: %s", c.File, friends)
	} else {
		list.note(what, c.File+"; nobody is friendly, so there will be no alerts",
			`Name the countries and networks of your users: friendly = ["BE", "203.0.113.0/24", "AS5432"].`)
	}
}

// period is "30 days", or "36h".
func period(p config.Period) string {
	const day = 24 * time.Hour
	if d := time.Duration(p); d%day != 0 || d == day {
		return config.ShortDuration(d)
	}
	return fmt.Sprintf("%d days", time.Duration(p)/day)
}

// friendlyList returns the names of the friendly countries and networks, "" if there are none.
func friendlyList(c *config.Config) string {
	var all []string
	for _, country := range c.Friendly.Countries {
		all = append(all, country.Name())
	}
	for _, network := range c.Friendly.Networks {
		all = append(all, network.String())
	}
	for _, system := range c.Friendly.Systems {
		all = append(all, system.String())
	}
	if c.FriendlyLogins > 0 {
		all = append(all, "whoever logged in within "+period(c.FriendlyLogins)+" before his ban")
	}
	return strings.Join(all, ", ")
}
