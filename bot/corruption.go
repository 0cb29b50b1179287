package bot

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// TellOfCorruption tells every chat, once, what happened to the database before it was opened. Bans older than maxAge
// that are undecided in the copy count as history from then on.
func TellOfCorruption(ctx context.Context, s *store.Store, chats []store.Chat, w Words, maxAge time.Duration) error {
	m, err := s.Restored(ctx)
	if err != nil || m == nil {
		return err
	}
	now := time.Now()
	at := m.At
	if at.IsZero() { // put in place by hand
		at = now
	}
	all := notices(chats, "damage/"+strconv.FormatInt(at.Unix(), 10), Body{Text: marked(*m, w.corruption(*m, now))}, now)
	return s.Accept(ctx, *m, now, now.Add(-maxAge), all)
}

// marked marks damage as trouble, unless nothing is missing.
func marked(m store.Restored, t msg.Text) msg.Text {
	if m.Whole {
		return green(t, 0)
	}
	return red(t)
}

// corruption says what happened to the database, what is missing now, and where the old one is.
func (w Words) corruption(m store.Restored, now time.Time) msg.Text {
	t := msg.Text{{Text: "My database " + m.Reason, Style: msg.Bold}}
	switch {
	case m.Whole:
		return append(t, msg.Run{Text: ". I have written it again from what I had open: nothing is missing."})
	case m.Reason == "":
		t = headed("My database is a copy", " of "+w.moment(m.Copied, now)+", put there by hand. "+sinceThen)
	case m.Copied.IsZero():
		t = append(t, msg.Run{Text: ". There was no good copy, so it begins anew with the bans that the sources' " +
			"files still hold; older ones are missing from reports. Alerts may repeat."})
	default:
		t = append(t, msg.Run{Text: ". Its copy of " + w.moment(m.Copied, now) + " is in its place. " + sinceThen})
	}
	if m.Aside != "" {
		t = append(t,
			msg.Run{Text: " The old one is kept beside it for seven days: "}, msg.Run{Text: m.Aside, Style: msg.Code})
	}
	return t
}

const sinceThen = "Bans since then are read again as far as the sources' files go back. " +
	"Alerts may repeat, and whois is asked again."

// flagRepeats flags alerts that may have been sent before: of a ban from before the database knows what was said, or
// one that was read again since.
func (a *Announcer) flagRepeats(
	ctx context.Context, g store.EnrichedBan, alerts []store.Notice,
) ([]store.Notice, error) {
	told, err := a.Store.MaybeTold(ctx, g.Ban)
	if err != nil {
		return nil, fmt.Errorf("announce: %w", err)
	}
	for i := range alerts {
		alerts[i].MaybeSent = told
	}
	return alerts, nil
}
