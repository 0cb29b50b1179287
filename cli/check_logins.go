package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/ingest"
	"friendlyfire/store"
)

// checkLogins looks at the last lines of a file of logins, and says how many logins have been read from it. It reads
// none in.
func checkLogins(ctx context.Context, list *checklist, a *app.App, l config.Logins) {
	what, source := "logins "+l.Name, l.Source()
	if l.SFTP != nil {
		if bad, err := ingest.BadKnownHosts(l.KnownHosts); err == nil && len(bad) > 0 {
			list.note(what, fmt.Sprintf("%s: these lines cannot be read: %s", l.KnownHosts,
				strings.Trim(fmt.Sprint(bad), "[]")), "They count for nothing, and the others as they should.")
		}
	}
	known, err := a.Store.LoginSources(ctx)
	if err != nil {
		list.problem(what, err, "")
		return
	}
	preview, err := a.LoginReader(l).Peek(ctx)
	if err != nil {
		list.problem(what, inWords(err), adviceForLogins(ctx, l, err))
		return
	}
	if err := hiddenFromBot(ctx, a.Config, l.Path); err != nil {
		list.problem(what, err, adviceToRead(ctx, l.Path, botUser(a.Config.Database)))
		return
	}
	file, read := source.Location(), ""
	if n := known[l.Name].Logins; n > 0 {
		read = ", " + bot.Number(n) + " read so far"
	}
	switch {
	case bot.StrangeLogins(preview.State):
		list.problem(what, fmt.Errorf("%s: none of its last %d lines is of sshd, Dovecot or Postfix", file, preview.Lines),
			"Is it the right file? Debian has them in /var/log/auth.log and mail.log, Red Hat in secure and maillog.")
	case preview.Last == nil:
		list.ok(what, "%s, no login in its last %d lines%s", file, preview.Lines, read)
	default:
		list.ok(what, "%s, logins among its last lines: %d of %d, the last %s%s", file, preview.State.Logins, preview.Lines,
			localTime(preview.Last.Time, a.Config.LoginZone(l)), read)
	}
	if n := preview.State.Rejects; n > 0 {
		list.advise(fmt.Sprintf("lines at its end that cannot be read: %d, the latest: %s", n, preview.Why))
	}
}

func adviceForLogins(ctx context.Context, l config.Logins, err error) string {
	switch {
	case errors.Is(err, ingest.ErrDatabase):
		return "" // it says so itself
	case l.SFTP != nil:
		return "The server must let us in by the key, and its own key must be the one in known_hosts."
	case errors.Is(err, fs.ErrNotExist):
		return "Is the path right? Where only the journal has the logins, as on Debian 12, rsyslog writes the file: " +
			"apt install rsyslog"
	case errors.Is(err, fs.ErrPermission):
		return adviceToRead(ctx, l.Path, store.UserName(os.Geteuid()))
	}
	return "It must be a regular file that the user who runs friendlyfire can read."
}
