package bot

import (
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
)

// over reports whether the ban had ended by then, as far as it is known: an alert may have waited for days.
func (t *Told) over(now time.Time) bool { return t != nil && !t.Until.IsZero() && !now.Before(t.Until) }

// withoutUnban is an alert without the line on how to lift a ban that is over.
func withoutUnban(t msg.Text) msg.Text {
	at := slices.IndexFunc(t, func(r msg.Run) bool {
		return r.Style == msg.Code && strings.HasPrefix(r.Text, fail2banClient)
	})
	if at < 0 {
		return t
	}
	isBreak := func(r msg.Run) bool { return strings.HasPrefix(r.Text, "\n") }
	from, to := at, at+1
	for from > 0 && !isBreak(t[from]) {
		from--
	}
	for to < len(t) && !isBreak(t[to]) {
		to++
	}
	return slices.Concat(t[:from], t[to:])
}

// notOver are those of a storm's addresses of which a ban was not over by then.
func notOver(storm []Told, now time.Time) map[string]bool {
	banned := map[string]bool{}
	for _, b := range storm {
		if !b.over(now) {
			banned[b.Address] = true
		}
	}
	return banned
}
