package bot

import (
	"context"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/store"
)

// timelineBans is how many bans of an address its timeline has, the latest.
const timelineBans = 200

// captionMost is how many characters fit under a picture on any platform, with room for what is added.
const captionMost = 900

// timeline draws when an address was banned, by jail, and for how long; nil where there are not two bans of different
// times. all is how many bans there are, newest first in bans; logins are from the same address.
func (r *Reporter) timeline(bans []store.EnrichedBan, all int, logins []time.Time, now time.Time) Picture {
	if len(bans) < 2 || bans[0].Time.Equal(bans[len(bans)-1].Time) {
		return nil
	}
	w, g := r.Words, bans[0]
	last, first := g.Time.In(w.Zone), bans[len(bans)-1].Time.In(w.Zone)
	drawn := plural(all, "ban")
	if all > len(bans) {
		drawn = "the latest " + number(len(bans)) + " of " + drawn
	}
	title := w.address(g.Address) + ": " + drawn
	c := charts.SpanChart{Theme: r.Theme, Now: now.In(w.Zone), Friends: g.Friendly}
	if g.Friendly {
		c.Head.Friends = drawn
	}
	for _, at := range logins {
		c.Logins = append(c.Logins, at.In(w.Zone))
	}
	holds := false
	for _, b := range bans {
		span := charts.Span{From: b.Time.In(w.Zone), Name: jailName(b.Jail)}
		if b.BanTime > 0 {
			span.Until = span.From.Add(time.Duration(b.BanTime) * time.Second)
		}
		span.Holding = b.BanTime != 0 && b.InForce(now) // of others nobody knows
		holds = holds || span.Holding
		c.Spans = append(c.Spans, span)
	}
	if holds {
		title += ", still banned"
	}
	c.Title = title
	c.Subtitle = strings.TrimPrefix(g.Country.Name()+" · ", " · ") + msg.Stamp(first, now) + " to " + msg.Stamp(last, now)
	return c
}

// The logins of a timeline are those from so long before its first ban on: earlier ones would leave its bans no room.
const loginsBefore, loginsShown = 30 * 24 * time.Hour, 500

// loginsAround are the logins from the address of the bans, newest first, that its timeline shows.
func (r *Reporter) loginsAround(ctx context.Context, bans []store.EnrichedBan, now time.Time) ([]time.Time, error) {
	w := store.Window{From: bans[len(bans)-1].Time.Add(-loginsBefore), To: now.Add(time.Second)}
	return r.Store.LoginTimes(ctx, bans[0].Address, w, loginsShown)
}
