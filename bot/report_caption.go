package bot

import (
	"context"
	"fmt"
	"strings"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Caption says in words what a report's chart shows.
func (r *Reporter) Caption(rep Report) msg.Text {
	if rep.Window.From.IsZero() {
		return msg.Text{{Text: "No bans yet", Style: msg.Bold}}
	}
	lines := "\n" + r.Words.periodIn(rep.Since, rep.Window)
	if s := rep.compared(); s != "" {
		lines += fmt.Sprintf("\n%s (%s)", upperFirst(s), number(rep.Before))
	}
	t := headed(headline(rep), lines)
	if rep.kind.highlights != nil {
		t = append(t, plain(rep.kind.highlights(rep))...)
	}
	if rep.kind.named != nil {
		t = append(t, rep.kind.named(r.Words, rep)...)
	}
	if lines = ""; rep.Total > 0 {
		lines = fmt.Sprintf("\nFriendly (%s): %s, %s",
			r.Words.friends(), plural(rep.Friendly, "ban"), percent(rep.Friendly, rep.Total))
		if rep.Caveat != "" {
			lines += "\nMind: " + rep.Caveat
		}
	}
	return append(t, plain(lines)...)
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// headline is the number that matters most.
func headline(rep Report) string {
	switch {
	case rep.kind.active:
		return bannedNow(rep)
	case rep.Total == 0:
		return "No bans"
	}
	bans := plural(rep.Total, "ban") + " of " + plural(rep.Addresses, "address")
	if rep.Since == "week" {
		return "Last week: " + bans
	}
	return bans
}

// found is the sentence above the picture, where other lines do not say the same.
func found(rep Report) string {
	if !rep.drawable {
		return ""
	}
	return "\n" + rep.finding().sentence
}

// leaders are the first rows with their shares; "" if there is only one row.
func leaders(rep Report) string {
	if len(rep.Rows) < 2 {
		return ""
	}
	return "\nTop: " + first(rep.Rows, 5, func(row Row) string {
		return fmt.Sprintf("%s %s (%s)", row.Name, number(row.Bans), percent(row.Bans, rep.Total))
	})
}

// busiest are the days or hours with most bans.
func busiest(rep Report) string {
	if len(rep.Rows) == 0 {
		return ""
	}
	return "\nBusiest: " + first(rep.Rows, 3, withBans)
}

// first puts each of the first n rows into words.
func first(rows []Row, n int, words func(Row) string) string {
	parts := make([]string, min(n, len(rows)))
	for i := range parts {
		parts[i] = words(rows[i])
	}
	return strings.Join(parts, ", ")
}

func withBans(row Row) string { return row.Name + " " + number(row.Bans) }

// caveat says what the sources cannot show, so that nobody thinks it did not happen; "" if they can show everything.
// The original form (DATE,TIME,IP_ADDRESS, as bcambl/fail2ban-blacklist writes it) has no column for jails, and its
// writer skips IPv6 and any address that it has written before.
func caveat(ctx context.Context, s *store.Store) (string, error) {
	sources, err := s.Originals(ctx)
	if err != nil || len(sources) == 0 {
		return "", err
	}
	verb := "is"
	if len(sources) > 1 {
		verb = "are"
	}
	return list(sources[:min(3, len(sources))]) + " " + verb +
		" in the original form: no jails, no IPv6, and each address only once", nil
}
