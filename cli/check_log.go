package cli

import (
	"context"
	"errors"
	"fmt"

	"friendlyfire/app"
	"friendlyfire/config"
)

// checkLog looks at the log that is named beside a source, which only tune reads.
func checkLog(ctx context.Context, list *checklist, a *app.App, c config.Source) {
	if c.Log == "" {
		return
	}
	what := "log of source " + c.Name
	log := app.LogOf(c)
	preview, err := a.Reader(log).Peek(ctx)
	hidden := hiddenFromBot(ctx, a.Config, c.Log)
	switch {
	case hidden != nil:
		list.problem(what, hidden, adviceToRead(ctx, c.Log, botUser(a.Config.Database)))
	case err != nil:
		list.problem(what, inWords(err), adviceForSource(ctx, log, err))
	case preview.Muted:
		list.problem(what, errors.New(log.Location()+": Fail2Ban logs only warnings and errors there, and no failures"),
			"Set loglevel = INFO in the [DEFAULT] section of /etc/fail2ban/fail2ban.local, and now: fail2ban-client "+
				"set loglevel INFO")
	case preview.Fail2Ban == 0 && preview.Lines > 0:
		list.problem(what, fmt.Errorf("%s: none of its last %d lines is of Fail2Ban", log.Location(), preview.Lines), rightFile)
	default:
		list.ok(what, "%s", log.Location())
	}
}
