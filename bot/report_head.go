package bot

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"friendlyfire/charts"
)

// commas are those between the digits of a number.
var commas = regexp.MustCompile(`(\d),(\d{3})\b`)

// thinSpaces groups the digits of numbers by thin spaces, as pictures do: "1 003". Messages have commas, since not every
// chat's font has a thin space.
func thinSpaces(s string) string {
	for commas.MatchString(s) {
		s = commas.ReplaceAllString(s, "$1\u202f$2")
	}
	return s
}

// finding is what a report's picture shows, in one sentence, of which a part is about friends.
type finding struct{ sentence, friends string }

// head puts the report's finding above its picture, and under that the period, and how it compares.
func (r *Reporter) head(rep Report, more ...string) charts.Head {
	parts := []string{r.Words.reportDates(rep)}
	more = append(more, rep.compared())
	for _, s := range more {
		if s != "" {
			parts = append(parts, s)
		}
	}
	f := rep.finding()
	return charts.Head{
		Title: thinSpaces(f.sentence), Friends: thinSpaces(f.friends), Subtitle: thinSpaces(strings.Join(parts, " · ")),
	}
}

// finding is the most important of what the report found.
func (rep Report) finding() finding {
	switch {
	case rep.kind.find != nil && rep.drawable:
		return rep.kind.find(rep)
	case rep.Total == 0:
		return finding{sentence: "No bans" + inPeriod(rep.Since)}
	}
	return rep.hits(plural(rep.Total, "ban") + inPeriod(rep.Since))
}

// hits adds to a sentence how many of the bans hit friends.
func (rep Report) hits(sentence string) finding {
	if rep.Friendly == 0 {
		return finding{sentence: sentence + ", none of friends"}
	}
	friends := number(rep.Friendly) + " of friends"
	return finding{sentence + ", " + friends, friends}
}

func inPeriod(since string) string {
	switch {
	case length(since) == "":
		return ""
	case since == "week":
		return " last week"
	}
	return " in " + length(since)
}

// reportDates is the report's period as its picture has it: "30 days to Sun 22 Nov 14:05", "Fri 23 Oct to Sun 22 Nov 2026".
func (w Words) reportDates(rep Report) string {
	from, to := rep.Window.From.In(w.Zone), rep.Window.To.In(w.Zone).Add(-time.Second)
	const day = "Mon 2 Jan"
	switch {
	case rep.Window.From.IsZero():
		return "No bans yet"
	case rep.Since == "week":
		return from.Format("Mon 2") + strings.TrimSuffix(from.Format(" Jan"), to.Format(" Jan")) + " to " +
			to.Format(day+" 2006")
	case rep.Since == "":
		return from.Format(day + " 2006")
	case rep.Since != "all":
		return length(rep.Since) + " to " + to.Format(day) + " " + hourMinute(to)
	case from.Format(time.DateOnly) == to.Format(time.DateOnly):
		return to.Format(day + " 2006")
	case from.Year() == to.Year():
		return from.Format(day) + " to " + to.Format(day+" 2006")
	}
	return from.Format(day+" 2006") + " to " + to.Format(day+" 2006")
}

// hourMinute is a time of the day without a leading zero: "8:05".
func hourMinute(t time.Time) string { return strings.TrimPrefix(t.Format("15:04"), "0") }

// compared says how many more or fewer bans there were than in the period before; "" if there is none.
func (rep Report) compared() string {
	if rep.Before < 0 || rep.Total == 0 {
		return ""
	}
	return compared(rep.Total, rep.Before, rep.Since)
}

// compared is "41 more than in the 30 days before".
func compared(now, earlier int64, since string) string {
	before := in(since) + "the " + cmp.Or(length(since), "day") + " before"
	switch d := now - earlier; {
	case d == 0:
		return "as many as " + before
	case earlier == 0:
		return "none " + before
	case d > 0:
		return number(d) + " more than " + before
	default:
		return number(-d) + " fewer than " + before
	}
}

// in is the preposition of a period.
func in(since string) string {
	if since == "" {
		return "on "
	}
	return "in "
}
