package bot

import "time"

// Quiet is a part of every day in which only alerts are sent: from one time on the clock to another, which may be that
// of the next morning. What waits is delivered afterwards.
type Quiet struct {
	From, To time.Duration // since midnight, by the clock
	Zone     *time.Location
}

// Until returns when the quiet time ends that t is in; zero if it is in none. A night in which the clocks change is
// shorter or longer.
func (q *Quiet) Until(t time.Time) time.Time {
	if q == nil {
		return time.Time{}
	}
	t = t.In(q.Zone)
	clock := func(day int, at time.Duration) time.Time {
		return time.Date(t.Year(), t.Month(), day, int(at.Hours()), int(at.Minutes())%60, 0, 0, q.Zone)
	}
	for _, day := range []int{t.Day() - 1, t.Day()} {
		end := day
		if q.To < q.From {
			end++
		}
		if until := clock(end, q.To); !t.Before(clock(day, q.From)) && t.Before(until) {
			return until
		}
	}
	return time.Time{}
}
