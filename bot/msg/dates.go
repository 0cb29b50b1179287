package msg

import "time"

// Dates and times have one form, in messages, pictures and the answers of commands: "Sat 28 Nov 15:04", and of what is
// most of a year away "28 Nov 2025". What programs read is in RFC 3339.
const (
	DayForm   = "Mon 2 Jan"
	YearForm  = "2 Jan 2006"
	ClockForm = "15:04"
)

// Day is the day of a moment in its own zone: "Sat 28 Nov", "28 Nov 2025".
func Day(t, now time.Time) string {
	if now.Sub(t).Abs() >= 300*24*time.Hour {
		return t.Format(YearForm)
	}
	return t.Format(DayForm)
}

// Stamp is a moment with its day: "Sat 28 Nov 15:04".
func Stamp(t, now time.Time) string { return Day(t, now) + " " + t.Format(ClockForm) }

// Clock is a moment in its own zone, no longer than it has to be beside now: "16:04", "Sun 29 Nov 15:12", "28 Nov
// 2025".
func Clock(t, now time.Time) string {
	switch day := Day(t, now); {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return t.Format(ClockForm)
	case day == t.Format(YearForm):
		return day
	}
	return Stamp(t, now)
}
