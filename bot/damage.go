package bot

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"friendlyfire/store"
)

// TellOfDamage posts to every chat what happened to the database before it was opened, once. Bans older than maxAge
// that a copy holds as undecided are history then.
func TellOfDamage(ctx context.Context, s *store.Store, chats []store.Chat, w Words, maxAge time.Duration) error {
	m, err := s.Mended(ctx)
	if err != nil || m == nil {
		return err
	}
	now := time.Now()
	at := m.At
	if at.IsZero() { // put in place by hand
		at = now
	}
	all := notices(chats, "damage/"+strconv.FormatInt(at.Unix(), 10), Body{Text: w.damage(*m, now)}, now)
	return s.Accept(ctx, *m, now, now.Add(-maxAge), all)
}

// damage says what happened to the database, what is missing now, and where the old one is.
func (w Words) damage(m store.Mended, now time.Time) Text {
	t := Text{{Text: "My database " + m.Reason, Style: Bold}}
	switch {
	case m.Whole:
		return append(t, Run{Text: ". I have written it again from what I had open: nothing is missing."})
	case m.Reason == "":
		t = Text{{Text: "My database is a copy", Style: Bold}, {Text: " of " + w.moment(m.Copied, now) + ", put there by hand. " + sinceThen}}
	case m.Copied.IsZero():
		t = append(t, Run{Text: ". There was no good copy, so it begins anew with the bans that the sources' files still hold; " +
			"older ones are missing from reports. Alerts may repeat."})
	default:
		t = append(t, Run{Text: ". Its copy of " + w.moment(m.Copied, now) + " is in its place. " + sinceThen})
	}
	if m.Aside != "" {
		t = append(t, Run{Text: " The old one is kept beside it for seven days: "}, Run{Text: m.Aside, Style: Code})
	}
	return t
}

const sinceThen = "Bans since then are read again as far as the sources' files go back. Alerts may repeat, and whois is asked again."

// mayRepeat marks alerts of bans from before a moment of which the database does not know what was said.
func (a *Announcer) mayRepeat(ctx context.Context, g store.Sighting, alerts []store.Notice) ([]store.Notice, error) {
	since, err := a.Store.KnowsSince(ctx)
	if err != nil {
		return nil, fmt.Errorf("announce: %w", err)
	}
	for i := range alerts {
		alerts[i].MaybeSent = g.Time.Before(since)
	}
	return alerts, nil
}
