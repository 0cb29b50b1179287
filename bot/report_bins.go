package bot

import (
	"slices"
	"time"

	"friendlyfire/store"
)

// step moves t, the start of a bin, to the start of the next.
type step func(t time.Time) time.Time

// day steps to the next day, 23 to 25 hours on. Where there is no midnight, the day begins at its first moment.
func day(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
}

// hour steps to the next full hour of the clock, also in zones that are off by half an hour.
func hour(t time.Time) time.Time {
	past := time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	return t.Add(time.Hour - past)
}

func week(t time.Time) time.Time {
	for t = day(t); t.Weekday() != time.Monday; t = day(t) {
	}
	return t
}

// bins cuts the window by the clock of zone; the first and the last bin may be shorter than the others.
func bins(w store.Window, zone *time.Location, next step, layout string) []store.Bin {
	full := next(w.From.In(zone))
	all := make([]store.Bin, 0, max(w.To.Sub(w.From)/next(full).Sub(full), 0)+3) // a year has 8,760 hours
	for from := w.From.In(zone); from.Before(w.To); {
		to := next(from)
		all = append(all, store.Bin{Key: from.Format(layout), Window: store.Window{From: from, To: minTime(to, w.To)}})
		from = to
	}
	return all
}

func maxTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// pace is the bin that suits a window: one that makes some dozens of bins, up to two hundred.
func pace(w store.Window) (step, string) {
	switch length := w.To.Sub(w.From); {
	case length <= 8*24*time.Hour:
		return hour, "hour"
	case length <= 200*24*time.Hour:
		return day, "day"
	}
	return week, "week"
}

// join makes one bin of every n.
func join(bins []store.Bin, n int) (joined []store.Bin) {
	for some := range slices.Chunk(bins, n) {
		one := some[0]
		one.To = some[len(some)-1].To
		joined = append(joined, one)
	}
	return joined
}

func starts(bins []store.Bin) []time.Time {
	all := make([]time.Time, len(bins))
	for i, b := range bins {
		all[i] = b.From
	}
	return all
}
