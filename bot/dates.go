package bot

import (
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// hourMinute is a time of the day as the axes of pictures and what names them have it, without a leading zero: "8:05".
func hourMinute(t time.Time) string { return strings.TrimPrefix(t.Format(msg.ClockForm), "0") }

// moment is msg.Clock in the reader's zone.
func (w Words) moment(t, now time.Time) string { return msg.Clock(t.In(w.Zone), now.In(w.Zone)) }

// at is when the ban was on the clock of its server, whose zone is named where it is not the reader's.
func (w Words) at(b store.Ban, now time.Time) string {
	t := b.Time.In(w.zone(b.Source))
	return msg.Stamp(t, now) + w.foreignZone(t)
}

// foreignZone is " CET" where the zone of t is not the reader's.
func (w Words) foreignZone(t time.Time) string {
	_, own := t.Zone()
	if _, offset := t.In(w.Zone).Zone(); own != offset {
		return t.Format(" MST")
	}
	return ""
}

// dates is "28 Sep to 27 Nov", in the reader's zone: the days of history, for which days of the week say nothing.
func (w Words) dates(from, to, now time.Time) string {
	day := func(t time.Time) string {
		t, now := t.In(w.Zone), now.In(w.Zone)
		if t.Year() == now.Year() {
			return t.Format("2 Jan")
		}
		return t.Format(msg.YearForm)
	}
	if day(from) == day(to) {
		return day(from)
	}
	return day(from) + " to " + day(to)
}

// period is a report's period: "7 days to Sun 22 Nov 14:05", "Mon 16 to Sun 22 Nov", "Fri 23 Oct to Sun 22 Nov 2026".
// One without a name is a day.
func (w Words) period(since string, window store.Window) string {
	from, to := window.From.In(w.Zone), window.To.In(w.Zone).Add(-time.Second)
	switch {
	case window.From.IsZero():
		return "No bans yet"
	case since == "week":
		return from.Format("Mon 2") + strings.TrimSuffix(from.Format(" Jan"), to.Format(" Jan")) + " to " + to.Format(msg.DayForm)
	case since == "":
		return from.Format(msg.DayForm)
	case since != "all":
		return length(since) + " to " + msg.Stamp(to, to)
	case from.Format(time.DateOnly) == to.Format(time.DateOnly):
		return to.Format(msg.DayForm + " 2006")
	case from.Year() == to.Year():
		return from.Format(msg.DayForm) + " to " + to.Format(msg.DayForm+" 2006")
	}
	return from.Format(msg.DayForm+" 2006") + " to " + to.Format(msg.DayForm+" 2006")
}

// periodIn is period with its zone: "7 days to Sun 22 Nov 14:05 CET".
func (w Words) periodIn(since string, window store.Window) string {
	s := w.period(since, window)
	switch zone := window.To.In(w.Zone).Add(-time.Second).Format("MST"); {
	case window.From.IsZero():
		return s
	case length(since) == "" || since == "week":
		return s + " (" + zone + ")"
	default:
		return s + " " + zone
	}
}
