package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"friendlyfire/app"
	"friendlyfire/config"
	"friendlyfire/ingest"
	"friendlyfire/store"
)

// checkSource looks at the file's last lines without reading them in.
func checkSource(ctx context.Context, f *findings, p *app.App, c config.Source) {
	what := "source " + c.Name
	g, err := p.Reader(c).Peek(ctx)
	if err != nil {
		f.wrong(what, err, adviceForSource(c, err))
		return
	}
	now := time.Now()
	shift := shiftOf(g)
	zoned := fmt.Errorf("%s: its last line says %s, but was written at %s", c.Location(), at(g.Written, c.Timezone), at(g.Modified, c.Timezone))
	advice := adviceForZone(g, c.Timezone, p.Config.Timezone, shift)
	switch {
	case g.Last == nil && g.Bad > 0:
		f.wrong(what, fmt.Errorf("%s: none of its last lines is a ban, and %d cannot be read, the last: %s", c.Location(), g.Bad, g.Why),
			"Is it the right file? What the Fail2Ban action of deploy/fail2ban writes is read, and fail2ban.log.")
		return
	case shift > 0: // no line is written before its time
		f.wrong(what, zoned, advice)
	case g.Last != nil && g.Last.Time.Sub(now) > 5*time.Minute:
		advice := "Give this source the timezone of its server, or set its server's clock."
		if g.Last.HasEpoch {
			advice = "Set its server's clock, or this one's."
		}
		f.wrong(what, fmt.Errorf("%s: its last ban lies %s ahead of now", c.Location(), config.ShortDuration(g.Last.Time.Sub(now).Round(time.Minute))), advice)
	case shift < 0:
		f.note(what, zoned.Error(), advice)
	case g.Last == nil:
		f.ok(what, "%s, no ban in its last lines yet", c.Location())
	default:
		f.ok(what, "%s, last ban %s", c.Location(), at(g.Last.Time, c.Timezone))
	}
	rejects(ctx, f, p.Store, c.Name, g)
}

func at(t time.Time, zone *time.Location) string { return t.In(zone).Format("2006-01-02 15:04:05 MST") }

// rejects tells of lines that were no bans: those that were read in, or else those of the file's end.
func rejects(ctx context.Context, f *findings, s *store.Store, name string, g ingest.Preview) {
	sources, err := s.Sources(ctx)
	if err != nil {
		f.wrong("source "+name, err, "")
		return
	}
	i := slices.IndexFunc(sources, func(s store.SourceStatus) bool { return s.Name == name })
	switch {
	case i >= 0 && sources[i].Rejects > 0:
		f.advise(fmt.Sprintf("lines that were no bans: %d of %d, the latest:", sources[i].Rejects, sources[i].Lines))
		for _, r := range sources[i].Sample[:min(5, len(sources[i].Sample))] {
			f.advise(fmt.Sprintf("line %d: %s", r.Line, r.Reason))
		}
	case g.Bad > 0:
		f.advise(fmt.Sprintf("lines at its end that are no bans: %d, the latest: %s", g.Bad, g.Why))
	}
}

func adviceForSource(c config.Source, err error) string {
	switch {
	case c.SFTP != nil:
		return "The server must let us in by the key, and its own key must be the one in known_hosts."
	case errors.Is(err, fs.ErrNotExist):
		return "Is the path right? The Fail2Ban action of deploy/fail2ban makes the file at the first ban.\n" +
			"Without it, path = \"/var/log/fail2ban.log\" reads what every Fail2Ban writes anyway."
	case errors.Is(err, fs.ErrPermission):
		return "Let the user that runs friendlyfire read it. fail2ban.log is for the group adm: usermod -aG adm USER"
	}
	return "It must be a regular file that the user who runs friendlyfire can read."
}

const quarter = 15 * time.Minute // of an hour: the offsets of all zones are multiples of it

// shiftOf returns by how much the last line's time is ahead of when it was written, where a wrong zone explains it: by whole
// quarter-hours, to a minute. Elsewhere it returns 0: nothing hangs on the zone, or the file was touched at another time.
func shiftOf(g ingest.Preview) time.Duration {
	if g.Written.IsZero() {
		return 0
	}
	d := g.Written.Sub(g.Modified)
	whole := d.Round(quarter)
	if (d-whole).Abs() > time.Minute || whole.Abs() > 26*time.Hour {
		return 0
	}
	return whole
}

// commonZones are proposed for a source whose zone is wrong: one for each offset that many servers have, by summer and winter.
var commonZones = []string{
	"UTC", "Europe/London", "Europe/Brussels", "Europe/Helsinki", "Europe/Moscow", "Asia/Dubai", "Asia/Kolkata", "Asia/Bangkok",
	"Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "America/Sao_Paulo", "America/New_York", "America/Chicago",
	"America/Denver", "America/Los_Angeles",
}

// adviceForZone names the zones that would explain a shift.
func adviceForZone(g ingest.Preview, zone, usual *time.Location, shift time.Duration) string {
	if shift == 0 {
		return ""
	}
	_, offset := g.Written.In(zone).Zone()
	want := offset + int(shift/time.Second)
	zones := commonZones
	if !slices.Contains(zones, usual.String()) {
		zones = append([]string{usual.String()}, zones...)
	}
	var fit []string
	for _, name := range zones {
		if z, err := time.LoadLocation(name); err == nil {
			if _, o := g.Modified.In(z).Zone(); o == want {
				fit = append(fit, fmt.Sprintf("timezone = %q", name))
			}
		}
	}
	clock := time.Unix(0, 0).In(time.FixedZone("", want)).Format("-07:00")
	if fit == nil {
		return fmt.Sprintf("Its server's clock seems to be at UTC%s: give this source the timezone of that place.", clock)
	}
	return fmt.Sprintf("Its server's clock seems to be at UTC%s: give this source %s.", clock, strings.Join(fit[:min(3, len(fit))], ", or "))
}
