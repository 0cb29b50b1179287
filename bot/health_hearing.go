package bot

import (
	"time"

	"friendlyfire/bot/msg"
)

// deafAfter is how long commands must not be heard before that is trouble: connections break, and come back.
const deafAfter = time.Minute

// unheard is a platform whose commands are not heard.
type unheard struct {
	platform string
	since    time.Time
	why      string
}

// unheard returns the platforms whose commands have not been heard for a while.
func (h *Health) unheard(now time.Time) (all []unheard) {
	for _, hearing := range h.Hearing {
		if since, why := hearing.Trouble(); !since.IsZero() && now.Sub(since) >= deafAfter {
			all = append(all, unheard{hearing.Platform, since, why})
		}
	}
	return all
}

// hearingTroubles says which platforms' commands are not heard.
func (h *Health) hearingTroubles(now time.Time) (all []trouble) {
	for _, u := range h.unheard(now) {
		says := "commands in " + u.platform + " not heard since " + h.Words.moment(u.since, now)
		all = append(all, trouble{u.platform, says})
	}
	return all
}

// hearingLines are the lines of /status on that.
func (h *Health) hearingLines(now time.Time) (t msg.Text) {
	for _, u := range h.unheard(now) {
		since := h.Words.moment(u.since, now)
		t = append(t, headed(u.platform, ": commands not heard since "+since+" ("+ReasonOf(u.why).Says+")\n")...)
	}
	return t
}
