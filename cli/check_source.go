package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/bot/msg"
	"friendlyfire/config"
	"friendlyfire/ingest"
	"friendlyfire/store"
)

// checkSource looks at the last lines of the source's file. It reads no bans in.
func checkSource(ctx context.Context, list *checklist, a *app.App, c config.Source) {
	defer checkLog(ctx, list, a, c)
	what := "source " + c.Name
	if c.SFTP != nil {
		if bad, err := ingest.BadKnownHosts(c.KnownHosts); err == nil && len(bad) > 0 {
			list.note(what, fmt.Sprintf("%s: these lines cannot be read: %s", c.KnownHosts,
				strings.Trim(fmt.Sprint(bad), "[]")), "They count for nothing, and the others as they should.")
		}
	}
	preview, err := a.Reader(c).Peek(ctx)
	if rotated := justRotated(ctx, a, c, preview, err); rotated != "" {
		list.ok(what, "%s", rotated)
		tellOfHistory(ctx, list, a, c)
		return
	}
	if err != nil {
		list.problem(what, inWords(err), adviceForSource(ctx, c, err))
		return
	}
	if err := hiddenFromBot(ctx, a.Config, c.Path); err != nil {
		list.problem(what, err, adviceToRead(ctx, c.Path, botUser(a.Config.Database)))
		return
	}
	if app.IsSample(c) {
		list.note(what, "it is the sample that comes with friendlyfire", "Name your own file, such as /var/log/fail2ban.log, as "+
			"its path.")
	}
	file := c.Location()
	var ahead time.Duration // of now, by the time of the last ban
	if preview.Last != nil {
		ahead = time.Until(preview.Last.Time)
	}
	shift := shiftOf(preview)
	wrongZone := fmt.Errorf("%s: its last line says %s, but was written at %s",
		file, localTime(preview.Written, c.Timezone), localTime(preview.Modified, c.Timezone))
	zoneAdvice := adviceForZone(preview, c.Timezone, a.Config.Timezone, shift)
	if finding, advice := findNoBans(preview, hadBans(ctx, list, a.Store, c.Name)); finding != "" {
		list.problem(what, errors.New(file+": "+finding), advice)
		tellOfRejects(ctx, list, a.Store, c.Name, preview)
		return
	}
	switch {
	case shift > 0: // no line is written before its time
		list.problem(what, wrongZone, zoneAdvice)
	case ahead > 5*time.Minute:
		advice := "Give this source the timezone of its server, or set its server's clock."
		if preview.Last.HasEpoch {
			advice = "Set its server's clock, or this one's."
		}
		list.problem(what,
			fmt.Errorf("%s: its last ban lies %s ahead of now", file, config.ShortDuration(ahead.Round(time.Minute))),
			advice)
	case shift < 0: // or else somebody has touched the file since
		list.note(what, wrongZone.Error(), zoneAdvice)
	case preview.Last == nil:
		list.ok(what, "%s, no ban in its last lines yet", file)
	default:
		list.ok(what, "%s, last ban %s", file, localTime(preview.Last.Time, c.Timezone))
	}
	tellOfRejects(ctx, list, a.Store, c.Name, preview)
	tellOfHistory(ctx, list, a, c)
}

// tellOfHistory names rotated files that were not read.
func tellOfHistory(ctx context.Context, list *checklist, a *app.App, c config.Source) {
	what := "source " + c.Name
	if finding, advice, err := a.Unread(ctx, c); err != nil {
		list.problem(what, err, "")
	} else if finding != "" {
		list.note(what, finding, advice)
	}
}

const rightFile = "Is it the right file? What the Fail2Ban action of deploy/fail2ban writes is read, and fail2ban.log."

// fewRejects are too few to doubt a file.
const fewRejects = 2

// oldFile is the age from which a file without any ban is doubted.
const oldFile = 7 * 24 * time.Hour

// findNoBans says what keeps bans from being read of a file, and what to do about it; "" where nothing seems to.
func findNoBans(preview ingest.Preview, hadBans bool) (finding, advice string) {
	switch {
	case preview.Last == nil && preview.Bad > 0:
		return fmt.Sprintf("none of its last lines is a ban, and %d cannot be read, the last: %s",
				preview.Bad, preview.Why),
			rightFile
	case preview.Bad > max(preview.Bans, fewRejects):
		return fmt.Sprintf("of its last lines %d are bans, and %d cannot be read, the last: %s",
			preview.Bans, preview.Bad, preview.Why), rightFile
	case preview.Muted:
		return "Fail2Ban logs only warnings and errors there, and no bans",
			"Set loglevel = INFO in the [DEFAULT] section of /etc/fail2ban/fail2ban.local, and now: fail2ban-client " +
				"set loglevel INFO"
	case preview.IsLog && preview.Fail2Ban == 0 && preview.Lines > 0:
		return fmt.Sprintf("none of its last %d lines is of Fail2Ban", preview.Lines), rightFile
	case preview.Last == nil && !preview.First.IsZero() && time.Since(preview.First) > oldFile && !hadBans:
		return "no ban in it, although it begins " + msg.Day(preview.First, time.Now()),
			"Does Fail2Ban ban anybody there? fail2ban-client status says. " + rightFile
	}
	return "", ""
}

// hadBans reports whether the source has ever brought a ban.
func hadBans(ctx context.Context, list *checklist, s *store.Store, name string) bool {
	state, err := list.state(ctx, s, name)
	return err != nil || state.Bans > 0
}

func localTime(t time.Time, zone *time.Location) string {
	return msg.Stamp(t.In(zone), time.Now()) + t.In(zone).Format(" MST")
}

// tellOfRejects tells of lines that were no bans: of those that were read in or, if there were none, of the file's
// last.
func tellOfRejects(ctx context.Context, list *checklist, s *store.Store, name string, preview ingest.Preview) {
	state, err := list.state(ctx, s, name)
	if err != nil {
		list.problem("source "+name, err, "")
		return
	}
	switch {
	case state.Rejects > 0:
		list.advise(fmt.Sprintf("lines that were no bans: %s of %s, the latest:", bot.Number(state.Rejects), bot.Number(state.Lines)))
		for _, r := range state.Sample[:min(5, len(state.Sample))] {
			list.advise(fmt.Sprintf("line %s: %s", bot.Number(r.Line), r.Reason))
		}
	case preview.Bad > 0:
		list.advise(fmt.Sprintf("lines at its end that are no bans: %d, the latest: %s", preview.Bad, preview.Why))
	}
}

func adviceForSource(ctx context.Context, c config.Source, err error) string {
	if errors.Is(err, ingest.ErrDatabase) {
		return "" // it says so itself
	}
	switch {
	case c.SFTP != nil:
		return "The server must let us in by the key, and its own key must be the one in known_hosts."
	case errors.Is(err, fs.ErrNotExist):
		return "Is the path right? The Fail2Ban action of deploy/fail2ban makes the file at the first ban.\n" +
			"Without it, path = \"/var/log/fail2ban.log\" reads what every Fail2Ban writes anyway."
	case errors.Is(err, fs.ErrPermission):
		return adviceToRead(ctx, c.Path, store.UserName(os.Geteuid()))
	}
	return "It must be a regular file that the user who runs friendlyfire can read."
}
