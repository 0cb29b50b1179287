package bot

import (
	"fmt"
	"strings"
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
func (r *Reporter) Caption(rep Report) Text {
	if rep.held != nil {
		return r.bannedCaption(rep)
	}
	if rep.Window.From.IsZero() {
		return Text{{Text: "No bans yet", Style: Bold}}
	}
	if rep.Total == 0 {
		return Text{{Text: "No bans", Style: Bold}, {Text: "\n" + r.Words.period(rep)}}
	}
	t := Text{
		{Text: plural(rep.Total, "ban") + " of " + plural(rep.Addresses, "address"), Style: Bold},
		{Text: "\n" + r.Words.period(rep)},
	}
	if rep.Before > 0 {
		t = append(t, Run{Text: "\n" + change(rep.Total, rep.Before) + " on the " + length(rep.Since) + " before (" + number(rep.Before) + ")"})
	}
	switch rep.By {
	case "strict":
		t = append(t, Run{Text: strict(rep)})
	case "day", "hour":
		t = append(t, Run{Text: "\nBusiest: " + busiest(rep.Rows)})
	default:
		if len(rep.Rows) > 1 {
			t = append(t, Run{Text: "\nTop: " + leaders(rep)})
		}
	}
	t = append(t, Run{Text: fmt.Sprintf("\nFriendly (%s): %s, %s", r.Words.friends(), plural(rep.Friendly, "ban"), percent(rep.Friendly, rep.Total))})
	if rep.Blind != "" {
		t = append(t, Run{Text: "\nMind: " + rep.Blind})
	}
	return t
}
