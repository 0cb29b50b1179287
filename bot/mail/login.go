package mail

import (
	"sync"
	"time"

	"friendlyfire/bot/msg"
)

// logins are the refused logins in a row. Who tries on is banned: Fail2Ban bans after five in ten minutes. The waits
// grow from one minute to fifteen, so that there are four. It is safe for concurrent use.
type logins struct {
	mu    sync.Mutex
	times int
	why   string
	until time.Time
}

// blocked returns why no login may be tried now; nil if one may.
func (l *logins) blocked() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := time.Until(l.until)
	if wait <= 0 {
		return nil
	}
	return &msg.NotSentError{Reason: l.why, After: wait, Unreached: true}
}

// refused takes note that the server has refused a login.
func (l *logins) refused(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.why, l.until = why, time.Now().Add(min(time.Minute<<min(l.times, 10), rareTry))
	l.times++
}

// accepted takes note that the server has let us in.
func (l *logins) accepted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times, l.why, l.until = 0, "", time.Time{}
}
