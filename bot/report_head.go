package bot

import (
	"cmp"
	"strings"

	"friendlyfire/charts"
)

// finding is what a report's picture shows, in one sentence, of which a part is about friends.
type finding struct{ sentence, friends string }

// head puts the report's finding above its picture, and under that the period, and how it compares.
func (r *Reporter) head(rep Report, more ...string) charts.Head {
	parts := []string{r.Words.period(rep.Since, rep.Window)}
	more = append(more, rep.compared())
	for _, s := range more {
		if s != "" {
			parts = append(parts, s)
		}
	}
	f := rep.finding()
	return charts.Head{Title: f.sentence, Friends: f.friends, Subtitle: strings.Join(parts, " · ")}
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
