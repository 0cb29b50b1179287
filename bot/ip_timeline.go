package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// timelineBans is how many bans of an address its timeline has, the latest.
const timelineBans = 200

// captionMost is how many characters fit under a picture on any platform, with room for what is added.
const captionMost = 900

// past is what is known of an address.
type past struct {
	bans    []store.EnrichedBan // newest first
	all     int                 // how many there are
	verdict evidence.Verdict    // on the newest
	logins  []time.Time         // from the address
}

// timeline draws when an address was banned, by jail, and for how long, with the failures and logins that are known;
// false where there are not two bans of different times.
func (r *Reporter) timeline(h past, now time.Time) (c charts.SpanChart, ok bool) {
	bans := h.bans
	if len(bans) < 2 || bans[0].Time.Equal(bans[len(bans)-1].Time) {
		return c, false
	}
	w, g := r.Words, bans[0]
	c = charts.SpanChart{Head: w.timelineHead(h, now), Theme: r.Theme, Now: now.In(w.Zone), Friends: g.Friendly}
	c.Label = plural(h.all, "ban")
	if h.all > len(bans) {
		c.Label = number(len(bans)) + " of " + c.Label
	}
	for _, at := range h.logins {
		c.Logins = append(c.Logins, at.In(w.Zone))
	}
	var failed failures
	for _, b := range bans {
		span := charts.Span{From: b.Time.In(w.Zone), Name: jailName(b.Jail), Failed: failed.of(b.Ban, w.Zone)}
		if b.BanTime > 0 {
			span.Until = span.From.Add(time.Duration(b.BanTime) * time.Second)
		}
		span.Holding = b.BanTime != 0 && b.InForce(now) // of others nobody knows
		c.Spans = append(c.Spans, span)
	}
	c.FailedLabel = failed.label()
	return c, true
}

// besides is what the picture counts besides bans, as its caption says it: ", 9 failed passwords, 9 logins".
func besides(c charts.SpanChart) (s string) {
	if c.FailedLabel != "" {
		s = ", " + c.FailedLabel
	}
	if n := len(c.Logins); n > 0 {
		s += ", " + plural(n, "login")
	}
	return s
}

// timelineHead is who it probably was, and why; or where nothing tells, how often he was banned.
func (w Words) timelineHead(h past, now time.Time) (head charts.Head) {
	g := h.bans[0]
	why := msg.Stamp(h.bans[len(h.bans)-1].Time.In(w.Zone), now.In(w.Zone)) + " to " + msg.Stamp(g.Time.In(w.Zone), now.In(w.Zone))
	head.Title = w.address(g.Address)
	if tells(g.Ban, h.verdict) {
		head.Title += map[evidence.Who]string{
			evidence.Person: " looks like a person", evidence.Attacker: " looks like an attacker",
		}[h.verdict.Who]
		if h.verdict.Who == evidence.Unclear {
			head.Title += ": a person or an attacker?"
		}
		why = w.foreign(strings.Join(h.verdict.Reasons, " · "), g.Address)
		if named := func(n string) bool { return strings.HasPrefix(why, n) }; why != "" && !slices.ContainsFunc(h.verdict.Names, named) {
			why = strings.ToUpper(why[:1]) + why[1:]
		}
	} else {
		often := "banned " + times(h.all)
		head.Title += " was " + often
		if g.Friendly {
			head.Friends = often
		}
	}
	var where []string
	for _, part := range []string{g.Country.Name(), w.network(g).String(), "times are " + now.In(w.Zone).Format("MST")} {
		if part != "" {
			where = append(where, part)
		}
	}
	head.Subtitle = why + "\n" + strings.Join(where, " · ")
	return head
}

// The logins of a timeline are those from so long before its first ban on: earlier ones would leave its bans no room.
const loginsBefore, loginsShown = 30 * 24 * time.Hour, 500

// loginsAround are the logins from the address of the bans, newest first, that its timeline shows.
func (r *Reporter) loginsAround(ctx context.Context, bans []store.EnrichedBan, now time.Time) ([]time.Time, error) {
	w := store.Window{From: bans[len(bans)-1].Time.Add(-loginsBefore), To: now.Add(time.Second)}
	return r.Store.LoginTimes(ctx, bans[0].Address, w, loginsShown)
}
