package bot

import (
	"context"
	"time"

	"friendlyfire/bot/msg"
)

// sameRead is how long after a ban its line may have been read, where it is the last.
const sameRead = 10 * time.Minute

// silent says of each source how long it has had no ban, what is usual there, whether its file still grows, and what to
// type, behind a day without bans that is not usual.
func (h *Health) silent(ctx context.Context, now time.Time) (t msg.Text, err error) {
	const most = 3 // the digest must fit into one message
	servers, err := h.servers(ctx, now)
	if err != nil {
		return nil, err
	}
	all := servers.watched
	for _, watched := range all[:min(most, len(all))] {
		s := servers.find(watched.Name)
		line := "newest ban " + h.Words.stamp(s.LastBanAt, now)
		if s.LastBanAt.IsZero() {
			line = "no ban yet"
		}
		usual, ok, err := h.usualPause(ctx, s.Name, h.newestBan(s, now))
		if err != nil {
			return nil, err
		}
		if ok {
			line += ", " + usual.rate()
		}
		switch {
		case s.LastLineAt.IsZero():
		case s.LastLineAt.Sub(s.LastBanAt) < sameRead:
			line += "; its file has not grown since"
		default:
			line += "; " + h.lastLine(s, now)
		}
		t = lines(t, headed(s.Name, ": "+line))
	}
	if n := len(all) - most; n > 0 {
		t = lines(t, plain("… and "+plural(n, "other source")+": /status lists them"))
	}
	if len(all) == 0 {
		return t, nil
	}
	ask := append(plain("Does Fail2Ban run? "), serverAdvice(all[0].Name)...)
	return lines(t, ask), nil
}

// stamp is a moment with its day, in the reader's zone.
func (w Words) stamp(t, now time.Time) string { return msg.Stamp(t.In(w.Zone), now.In(w.Zone)) }
