package bot

import (
	"context"
	"math"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// A source whose bans stop looks like a quiet one. It is called unusually quiet when its newest ban is older than its
// own past explains:
//
//   - The past is the 90 days that end with the newest ban. On at least 30 of them there must have been bans, else
//     there is no judgement.
//   - Twice the longest pause between two bans in the past must be over, and 24 hours at least. So nights and week-ends
//     are usual where bans rest then.
//   - A single pause of the past that is more than five times as long as the second longest was an outage, and explains
//     nothing.
//
// Pauses are counted in hours, as bans are rolled up. In simulated centuries of several rhythms, false alarms are fewer
// than one in a year. Rarer bans than on every third day are not judged: there, only silent_after helps.
const (
	pauseDays    = 90
	pauseBanDays = 30
	leastPause   = 24 * time.Hour
	pauseFactor  = 2
	outageFactor = 5
)

// usualPause is how long a source is usually without a ban.
type usualPause struct {
	longest time.Duration
	bans    int64 // in the past
	days    int64 // of the past
}

// limit is how long a pause may be.
func (u usualPause) limit() time.Duration { return max(leastPause, pauseFactor*u.longest) }

// rate is "usually one in 15 min", "usually one an hour", "usually 90 an hour".
func (u usualPause) rate() string {
	const day = 24 * time.Hour
	apart := time.Duration(u.days) * day / time.Duration(u.bans)
	in := func(unit time.Duration, one, many string) string {
		if n := int64(math.Round(float64(apart) / float64(unit))); n > 1 {
			return "usually one in " + number(n) + " " + many
		}
		return "usually one " + one
	}
	switch {
	case apart < time.Minute:
		return "usually " + number(int64(time.Hour/max(apart, time.Millisecond))) + " an hour"
	case apart < time.Hour-30*time.Second:
		return in(time.Minute, "a minute", "min")
	case apart < day-30*time.Minute:
		return in(time.Hour, "an hour", "h")
	}
	return in(day, "a day", "days")
}

// newUsualPause applies the rule to the hours that had bans. It reports false if they are too few to judge by.
func newUsualPause(hours []store.BanHour) (u usualPause, ok bool) {
	const hour, day = int64(time.Hour / time.Second), int64(24 * time.Hour / time.Second)
	days := 0
	var longest, second time.Duration
	for i, h := range hours {
		u.bans += h.Bans
		if i == 0 || h.Hour/day != hours[i-1].Hour/day {
			days++
		}
		if i == 0 {
			continue
		}
		pause := time.Duration(h.Hour-hours[i-1].Hour) * time.Second
		longest, second = max(longest, pause), max(second, min(longest, pause))
	}
	if days < pauseBanDays {
		return usualPause{}, false
	}
	u.longest = longest
	if longest > max(leastPause, outageFactor*second) {
		u.longest = second
	}
	u.days = max(1, (hours[len(hours)-1].Hour-hours[0].Hour+hour+day/2)/day)
	return u, true
}

// pauseMemo is what is known of a source until its next ban.
type pauseMemo struct {
	bans   int64     // in total
	seen   time.Time // when they were counted first, by this process
	newest time.Time // the ban before which usual lies; zero: usual has not been asked for
	usual  usualPause
	ok     bool // usual can be judged by
}

// newestBan returns when the source had its newest ban. If the source says that it is yet to come, that is when the ban
// was read, or when the program was started.
func (h *Health) newestBan(s store.SourceStatus, now time.Time) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	m, known := h.pauses[s.Name]
	if !known || m.bans != s.Bans {
		m = pauseMemo{bans: s.Bans, seen: now}
		if h.pauses == nil {
			h.pauses = map[string]pauseMemo{}
		}
		h.pauses[s.Name] = m
	}
	if s.LastBanAt.After(now) {
		return m.seen
	}
	return s.LastBanAt
}

// usualPause returns how long the source is usually without a ban, and whether its past allows to say so.
func (h *Health) usualPause(ctx context.Context, source string, newest time.Time) (usualPause, bool, error) {
	h.mu.Lock()
	m := h.pauses[source]
	h.mu.Unlock()
	if m.newest.Equal(newest) {
		return m.usual, m.ok, nil
	}
	hours, err := h.Store.BanHours(ctx, source, store.Window{
		From: newest.AddDate(0, 0, -pauseDays).Truncate(time.Hour),
		To:   newest.Truncate(time.Hour).Add(time.Hour),
	})
	if err != nil {
		return usualPause{}, false, err
	}
	m.newest = newest
	m.usual, m.ok = newUsualPause(hours)
	h.mu.Lock()
	h.pauses[source] = m
	h.mu.Unlock()
	return m.usual, m.ok, nil
}

// pause tells of a source that is unusually quiet, unless something else is known to be wrong with it, or with the
// relay through which it is heard; nil: it has a file of its own.
func (r *round) pause(ctx context.Context, s store.SourceStatus, relay *store.SourceStatus) error {
	const kind = "bans"
	h, now := r.Health, r.now
	newest := h.newestBan(s, now)
	if s.Bans == 0 || s.Offset < s.Size { // there is more to read
		return nil
	}
	passed := now.Sub(newest)
	var usual usualPause
	long := false
	if passed > leastPause && s.Bans >= pauseBanDays { // with fewer there is no past to ask for
		var err error
		if usual, long, err = h.usualPause(ctx, s.Name, newest); err != nil {
			return err
		}
		long = long && passed > usual.limit()
	}
	kept := r.kept["health/"+kind+"/"+s.Name]
	otherwiseWell := relay == nil && r.well(s)
	if relay != nil && long && kept == "" {
		unheard, err := r.unheard(ctx, *relay, newest)
		if err != nil {
			return err
		}
		long, otherwiseWell = passed-unheard > usual.limit(), r.wellRelays[relay.Name]
	}
	since, err := sinceTold(kept)
	if err != nil {
		return err
	}
	if !since.IsZero() {
		// The clock may have been set back since: only a new ban is the end of it.
		if long || newest.Before(since.Add(-leastPause)) {
			return nil
		}
		missed, err := h.bansAfter(ctx, kept, s.Name)
		if err != nil {
			return err
		}
		r.tell(kind, s.Name, "", time.Time{}, false, nil, func() msg.Text {
			return headed(s.Name+" has bans again", "\n"+upperFirst(missed+h.lastBan(s, now)))
		})
		return nil
	}
	if !long || !otherwiseWell || h.elapsed(now) < usual.limit() {
		return nil
	}
	r.tell(kind, s.Name, "", newest, true, func() msg.Text {
		begun := headed(s.Name+": no ban for "+roughly(passed),
			", "+usual.rate()+"\nNewest: "+h.Words.stamp(newest, now)+". ")
		return append(begun, serverAdvice(s.Name)...)
	}, nil)
	return nil
}

// bansAfter is "14 bans since, none of a friend, " of the bans of a source after its pause began; "" where none is
// counted, since the pause or the ban is not as old as the clock says.
func (h *Health) bansAfter(ctx context.Context, kept, source string) (string, error) {
	began, ok := beganAt(kept)
	if !ok {
		return "", nil
	}
	bans, err := h.Store.CountOn(ctx, source, store.Window{From: began.Add(time.Second)})
	if err != nil || bans.Bans == 0 {
		return "", err
	}
	friends := "none of a friend"
	if bans.Friendly > 0 {
		friends = number(bans.Friendly) + " of friends"
	}
	return plural(bans.Bans, "ban") + " since, " + friends + ", ", nil
}

// lastBan is "last ban 14:05 (3 min ago)".
func (h *Health) lastBan(s store.SourceStatus, now time.Time) string {
	if s.LastBanAt.IsZero() {
		return "no ban yet"
	}
	age := "ahead of now"
	switch d := now.Sub(s.LastBanAt); {
	case d >= time.Minute:
		age = roughly(d) + " ago"
	case d > -time.Minute: // clocks differ a little
		age = "just now"
	}
	return "last ban " + h.Words.moment(s.LastBanAt, now) + " (" + age + ")"
}

// roughly is a duration in one unit: "3 min", "26 h", "4 days".
func roughly(d time.Duration) string {
	switch {
	case d < time.Hour:
		return number(int64(d/time.Minute)) + " min"
	case d < 48*time.Hour:
		return number(int64(d/time.Hour)) + " h"
	}
	return number(int64(d/(24*time.Hour))) + " days"
}
