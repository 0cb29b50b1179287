package bot

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// The commands of the buttons below an alert. Nobody need type them, so that no platform lists them.
const moreOfBan, lessOfBan = "more", "less"

// banButton is the button below the alert of a ban: to all that is known of it, or back.
func banButton(label, command, ban string) [][]msg.Button {
	return [][]msg.Button{{{Label: label, Command: "/" + command + " " + ban}}}
}

const (
	linesShown   = 10  // of a ban's log lines, the latest
	lineShown    = 160 // characters of each
	bansShown    = 5   // of an address
	evidenceMost = 700 // characters of the lines: with the alert they fit into one message of any platform
)

// ban says of a ban what its alert did and, if more is asked for, its log lines and the other bans of its address.
func (c *Commands) ban(ctx context.Context, args []string, more bool, r msg.Request) (msg.Message, error) {
	if len(args) == 2 && args[0] == storm {
		return c.message(ctx, args[1], more, r)
	}
	g, err := c.friendly(ctx, strings.Join(args, " "))
	if err != nil {
		return msg.Message{}, err
	}
	if !more {
		return c.alertMessage(ctx, args[0])
	}
	w := c.Reporter.Words
	who, err := c.Reporter.judge().verdict(ctx, g)
	if err != nil {
		return msg.Message{}, err
	}
	verdict := w.verdict(g.Ban, who)
	lines := w.evidence(g)
	g.Matches = "" // they follow
	text, err := c.withActs(ctx, g, verdict)
	if err != nil {
		return msg.Message{}, err
	}
	m := msg.Message{Text: append(text, lines...), Buttons: banButton("Less", lessOfBan, w.nameOf(g.Ban))}
	bans, err := c.Store.BansOf(ctx, g.Address, bansShown)
	if err != nil {
		return msg.Message{}, err
	}
	m.Text = append(m.Text, msg.Run{Text: "\nBanned " + times(len(bans)) + " here:"})
	if len(bans) == bansShown {
		m.Text[len(m.Text)-1].Text = "\nIts latest bans:"
	}
	for _, b := range bans {
		m.Text = append(append(m.Text, msg.Run{Text: "\n" + w.at(b.Ban, time.Now()) + "  "}), w.where(b.Ban)...)
	}
	return m, nil
}

// evidence is the latest log lines of a ban.
func (w Words) evidence(g store.EnrichedBan) msg.Text {
	var lines []string
	for line := range strings.Lines(g.Matches) {
		line = w.foreign(strings.TrimSpace(line), g.Address) // before it is cut, perhaps within an address
		if line = store.Clean(line, lineShown); line != "" {
			lines = append(lines, line)
		}
	}
	all := len(lines)
	if all == 0 {
		return msg.Text{{Text: "\nIts log lines are not known."}}
	}
	lines = lines[max(0, all-linesShown):]
	for size(lines) > evidenceMost {
		lines = lines[1:]
	}
	head := "\n" + plural(all, "log line") + ":\n"
	if all > len(lines) {
		head = "\nThe latest " + number(len(lines)) + " of " + plural(all, "log line") + ":\n"
	}
	return msg.Text{{Text: head}, {Text: strings.Join(lines, "\n"), Style: msg.Quote}}
}

func size(lines []string) (n int) {
	for _, line := range lines {
		n += utf8.RuneCountInString(line) + 1
	}
	return n
}
