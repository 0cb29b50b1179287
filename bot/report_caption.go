package bot

import (
	"context"
	"fmt"
	"strings"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// leaders are the first five rows with their shares.
func leaders(rep Report) string {
	var parts []string
	for _, row := range rep.Rows[:min(5, len(rep.Rows))] {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", row.Name, number(row.Bans), percent(row.Bans, rep.Total)))
	}
	return strings.Join(parts, ", ")
}

// busiest are the first three days or hours.
func busiest(rows []Row) string {
	var parts []string
	for _, row := range rows[:min(3, len(rows))] {
		parts = append(parts, row.Name+" "+number(row.Bans))
	}
	return strings.Join(parts, ", ")
}

// Caption says in words what a report's chart shows.
func (r *Reporter) Caption(rep Report) msg.Text {
	if rep.active != nil {
		return r.bannedCaption(rep)
	}
	if rep.Window.From.IsZero() {
		return msg.Text{{Text: "No bans yet", Style: msg.Bold}}
	}
	if rep.Total == 0 {
		return msg.Text{{Text: "No bans", Style: msg.Bold}, {Text: "\n" + r.Words.period(rep)}}
	}
	t := msg.Text{
		{Text: plural(rep.Total, "ban") + " of " + plural(rep.Addresses, "address"), Style: msg.Bold},
		{Text: "\n" + r.Words.period(rep)},
	}
	if rep.Before > 0 {
		t = append(t, msg.Run{Text: "\n" + change(rep.Total, rep.Before) + " on the " + length(rep.Since) + " before (" + number(rep.Before) + ")"})
	}
	switch rep.By {
	case "strict":
		t = append(t, msg.Run{Text: strictCaption(rep)})
	case "day", "hour":
		t = append(t, msg.Run{Text: "\nBusiest: " + busiest(rep.Rows)})
	default:
		if len(rep.Rows) > 1 {
			t = append(t, msg.Run{Text: "\nTop: " + leaders(rep)})
		}
	}
	t = append(t, msg.Run{Text: fmt.Sprintf("\nFriendly (%s): %s, %s", r.Words.friends(), plural(rep.Friendly, "ban"), percent(rep.Friendly, rep.Total))})
	if rep.Caveat != "" {
		t = append(t, msg.Run{Text: "\nMind: " + rep.Caveat})
	}
	return t
}

// caveat says what the sources cannot show, so that nobody takes it for what did not happen; "" where nothing is hidden.
// The original form (DATE,TIME,IP_ADDRESS, as bcambl/fail2ban-blacklist writes it) has no column for jails, its writer
// passes over IPv6, and it writes an address once for ever.
func caveat(ctx context.Context, s *store.Store) (string, error) {
	sources, err := s.Originals(ctx)
	if err != nil || len(sources) == 0 {
		return "", err
	}
	verb := "is"
	if len(sources) > 1 {
		verb = "are"
	}
	return list(sources[:min(3, len(sources))]) + " " + verb + " in the original form: no jails, no IPv6, and each address only once", nil
}
