package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
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

// adviseUser says what to type where a command has failed because files of the configuration are not for this user.
func adviseUser(ctx context.Context, env app.Env, args []string, failure error) {
	_, wrong := errors.AsType[*config.Error](failure)
	if os.Geteuid() == 0 || !wrong && !errors.Is(failure, fs.ErrPermission) {
		return
	}
	c, err := env.Config().Load(config.ToAsk)
	if err != nil {
		return
	}
	me := store.UserName(os.Geteuid())
	if bot, ok := serviceAccount(c.Database); ok {
		fmt.Fprintln(env.Err, asTyped(env, "friendlyfire: you are "+me+", and the bot is "+bot.name+": "+
			asBot(c.Database, withoutConfig(args))))
		return
	}
	for _, s := range c.Sources {
		if s.Path != "" && !s.IsPattern() && !mayReadHere(s.Path) {
			fmt.Fprintf(env.Err, "friendlyfire: %s: you are %s, and may not read it. %s\n", s.Path, me, adviceToRead(ctx, s.Path, me))
		}
	}
}

// withoutConfig is the command line as it was typed, but for --config, which asTyped adds; "run" where there was none.
func withoutConfig(args []string) string {
	var words []string
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--config":
			i++
		case !strings.HasPrefix(args[i], "--config="):
			word := strings.TrimLeft(args[i], "-")
			words = append(words, args[i][:len(args[i])-len(word)]+store.ShellQuote(word))
		}
	}
	return cmp.Or(strings.Join(words, " "), "run")
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
	secrets = append(c.SecretFiles(), c.Act.TOTPFile)
	for _, s := range c.Sources {
		secrets = append(secrets, s.KeyFile, s.ActKeyFile, s.NATSCredentials)
		others = append(others, s.KnownHosts, s.NATSCA)
	}
	for _, l := range c.Logins {
		secrets, others = append(secrets, l.KeyFile), append(others, l.KnownHosts)
	}
	secrets, others = append(secrets, c.Fleet.Credentials), append(others, c.Fleet.CA)
	return secrets, append(others, c.Enrich.Table, c.Enrich.SystemTable)
}
