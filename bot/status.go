package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"friendlyfire/store"
)

const sourcesListed = 8

func (c *Commands) status(ctx context.Context) (Message, error) {
	w, now := c.Reporter.Words, time.Now()
	sources, err := c.Store.Sources(ctx)
	if err != nil {
		return Message{}, err
	}
	var t Text
	watched := c.Health.Sources
	for _, name := range watched[:min(sourcesListed, len(watched))] {
		s := find(sources, name.Name)
		line := c.Health.lastLine(s, now)
		if s.Bans > 0 {
			line += ", " + plural(s.Bans, "ban")
		}
		if behind := s.Size - s.Offset; behind > 0 {
			line += ", " + size(behind) + " to read"
		}
		if s.Rejects > 0 {
			line += ", " + plural(s.Rejects, "bad line") + w.rejects(s)
		}
		if s.Gaps > 0 {
			line += ", " + plural(s.Gaps, "file") + " lost unread"
		}
		if !s.FailingSince.IsZero() {
			line += ", unreadable since " + w.moment(s.FailingSince, now) + " (" + s.Error + ")"
		}
		t = append(t, Run{Text: name.Name, Style: Bold}, Run{Text: ": " + line + "\n"})
	}
	if n := len(watched) - sourcesListed; n > 0 {
		t = append(t, Run{Text: "… and " + plural(n, "other source") + "; silent ones are told of by themselves\n"})
	}
	for _, chat := range c.Chats {
		s, err := c.Store.ChatStatus(ctx, chat)
		if err != nil {
			return Message{}, err
		}
		t = append(t, Run{Text: chat.String(), Style: Bold}, Run{Text: ": " + w.delivery(s, now) + "\n"})
	}
	whois := "off"
	if c.Whois != nil {
		if whois, err = c.Whois(ctx); err != nil {
			return Message{}, err
		}
	}
	bytes, err := c.Store.Size(ctx)
	if err != nil {
		return Message{}, err
	}
	return Message{Text: append(t,
		Run{Text: "whois", Style: Bold}, Run{Text: ": " + whois + "\n"},
		Run{Text: "database", Style: Bold}, Run{Text: ": " + size(bytes)})}, nil
}

// rejects says what is wrong with bad lines, and where the latest is.
func (w Words) rejects(s store.SourceStatus) string {
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(s.Kinds)) {
		kinds = append(kinds, number(s.Kinds[kind])+" "+kind)
	}
	if len(s.Sample) > 0 {
		kinds = append(kinds, "latest in line "+number(s.Sample[0].Line))
	}
	if len(kinds) == 0 {
		return ""
	}
	return " (" + strings.Join(kinds, ", ") + ")"
}

// delivery is how a chat does.
func (w Words) delivery(s store.ChatStatus, now time.Time) string {
	parts := []string{"nothing sent yet"}
	if !s.SentAt.IsZero() {
		parts[0] = "last message " + w.moment(s.SentAt, now)
	}
	if s.Waiting > 0 {
		parts = append(parts, number(s.Waiting)+" waiting")
	}
	if s.Dead > 0 {
		parts = append(parts, number(s.Dead)+" given up")
	}
	if !s.FailingSince.IsZero() {
		parts = append(parts, "failing since "+w.moment(s.FailingSince, now)+" ("+s.Error+")")
	}
	return strings.Join(parts, ", ")
}

// size is a number of bytes: "812 B", "1.2 MB".
func size(bytes int64) string {
	n, unit := float64(bytes), "B"
	for _, u := range []string{"kB", "MB", "GB", "TB"} {
		if n < 1000 {
			break
		}
		n, unit = n/1000, u
	}
	if unit == "B" || n >= 100 {
		return fmt.Sprintf("%.0f %s", n, unit)
	}
	return fmt.Sprintf("%.1f %s", n, unit)
}
