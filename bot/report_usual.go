package bot

import (
	"context"
	"time"

	"friendlyfire/store"
)

// periodsBefore is how many periods before a report's say what is usual in one of its bins.
const periodsBefore = 3

// leastUsualBins is how many bins say what is usual, at least.
const leastUsualBins = 7

// binsBefore are the bins of the periods before the report's, as long as its own and all of them whole, as far as the
// database reaches back; none for all time.
func (r *Reporter) binsBefore(ctx context.Context, rep *Report) ([]store.Bin, error) {
	if rep.Since == "all" {
		return nil, nil
	}
	span, err := r.Store.Span(ctx)
	if err != nil || span.From.IsZero() {
		return nil, err
	}
	length := rep.Window.To.Sub(rep.Window.From)
	next, unit := columnPace(rep.Window)
	whole := overTime{unit: unit}.whole() * 9 / 10 // days of 23 hours are
	past := bins(store.Window{
		From: maxTime(rep.Window.From.Add(-periodsBefore*length), span.From), To: rep.Window.From,
	}, r.Words.Zone, next, time.RFC3339)
	if n := len(past); n > 0 && past[n-1].To.Sub(past[n-1].From) < whole {
		past = past[:n-1]
	}
	if len(past) > 0 && past[0].To.Sub(past[0].From) < whole {
		past = past[1:]
	}
	return past, nil
}

// usualBans is how many bans in a bin are usual, if there were enough bins before.
func (r *Reporter) usualBans(ctx context.Context, rep *Report, binsNow int) (u usually, err error) {
	past, err := r.binsBefore(ctx, rep)
	if err != nil || len(past) < max(binsNow-2, leastUsualBins) {
		return u, err
	}
	counts, err := r.Store.ByBin(ctx, past, false)
	bans := make([]int64, len(past)) // a bin without bans has no row
	for i, row := range counts.Rows {
		bans[i] = row.Bans
	}
	return middleOf(bans), err
}

// usually is "usually 90 to 115 a day"; "" where that is not known.
func (o overTime) usually() string {
	if !o.usual.known {
		return ""
	}
	in := map[string]string{"hour": " an hour", "6 hours": " in 6 hours"}[o.unit]
	if in == "" {
		in = " a " + o.unit
	}
	return "usually " + o.usual.String() + in
}
