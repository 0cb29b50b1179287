package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"friendlyfire/app"
	"friendlyfire/config"
	"friendlyfire/store"
)

// checkRights tells root of files that he may read and the bot may not.
func checkRights(ctx context.Context, list *checklist, a *app.App) {
	secrets, others := namedFiles(a.Config)
	for _, file := range secrets {
		if err := hiddenFromBot(ctx, a.Config, file); err != nil && !strings.HasPrefix(file, "/run/credentials/") {
			list.problem("rights", err, "It is for the bot alone: sudo chown "+botUser(a.Config.Database)+" "+store.ShellQuote(file))
		}
	}
	for _, file := range others {
		if err := hiddenFromBot(ctx, a.Config, file); err != nil {
			list.problem("rights", err, adviceToRead(ctx, file, botUser(a.Config.Database)))
		}
	}
}

// adviseReader says what to type where the files of the configuration cannot be read by this user.
func adviseReader(ctx context.Context, env app.Env) {
	c, err := env.Config().Load(config.ToAsk)
	if err != nil || os.Geteuid() == 0 {
		return
	}
	me := store.UserName(os.Geteuid())
	if bot, ok := serviceAccount(c.Database); ok {
		fmt.Fprintf(env.Err, "friendlyfire: you are %s, and the bot is %s: %s\n", me, bot.name, asBot(bot.name, env.File))
		return
	}
	for _, s := range c.Sources {
		if s.Path != "" && !s.IsPattern() && !mayReadHere(s.Path) {
			fmt.Fprintf(env.Err, "friendlyfire: %s: you are %s, and may not read it. %s\n", s.Path, me, adviceToRead(ctx, s.Path, me))
		}
	}
}

// asBot is what to type to run check as the user of the bot.
func asBot(user, file string) string {
	line := "sudo -u " + store.ShellQuote(user) + " friendlyfire"
	if file != "" && file != config.SystemFile && file != config.DefaultFile && file != config.BuiltIn {
		line += " --config " + store.ShellQuote(file)
	}
	return line + " check"
}

// hiddenFromBot is an error where the user of the bot may not read a file that is there, as far as this user can tell.
func hiddenFromBot(ctx context.Context, c *config.Config, file string) error {
	bot, ok := serviceAccount(c.Database)
	if file == "" || !ok || os.Geteuid() != 0 || bot.mayRead(ctx, file) {
		return nil
	}
	return fmt.Errorf("%s: the bot's user %s may not read it", file, bot.name)
}

// namedFiles are the files that the configuration has the bot read, beside the sources and logins, which are looked at
// by themselves.
func namedFiles(c *config.Config) (secrets, others []string) {
	for _, section := range c.Platforms {
		secrets = append(secrets, c.Held(config.Entry{Section: section.Name(), Key: "token_file"})...)
	}
	secrets = append(secrets, c.Act.TOTPFile)
	for _, s := range c.Sources {
		secrets = append(secrets, s.KeyFile, s.ActKeyFile)
		others = append(others, s.KnownHosts)
	}
	for _, l := range c.Logins {
		secrets, others = append(secrets, l.KeyFile), append(others, l.KnownHosts)
	}
	return secrets, append(others, c.Enrich.Table, c.Enrich.SystemTable)
}
