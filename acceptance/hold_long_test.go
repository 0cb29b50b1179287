//go:build long

package acceptance

import (
	"database/sql"
	"slices"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// holdWindow is how long after Telegram's answer a hold outlives a kill, in all starts but one of a hundred.
const holdWindow = 5 * time.Millisecond

// The window is measured from outside: how long after the 429 another process can read the hold.
func TestR36HoldReachesTheDisk(t *testing.T) {
	const starts = 100
	for name, settle := range map[string]time.Duration{"just started": 0, "steady": 1500 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			windows := make([]time.Duration, starts)
			for i := range windows {
				windows[i] = windowOfHold(t, settle)
			}
			slices.Sort(windows)
			inTime, _ := slices.BinarySearch(windows, holdWindow+1)
			harness.Reached(t, "%d starts: the hold can be read after %v (median), %v (99th), %v (slowest); "+
				"%d take longer than %v",
				starts, windows[starts/2], windows[starts-2], windows[starts-1], starts-inTime, holdWindow)
		})
	}
}

// windowOfHold starts a bot, which has a ban to tell of at once or after a while, and is told to come back much later.
func windowOfHold(t *testing.T, settle time.Duration) time.Duration {
	t.Helper()
	both := harness.OnLoopback(t)
	holdGroup(both.Telegram)
	s := harness.NewChatScene(t, both)
	if settle == 0 {
		s.Ban(harness.Friend(0))
	}
	s.OpenStore().Close() // the schema is there
	p := s.Start()
	if settle > 0 {
		time.Sleep(settle)
		s.Ban(harness.Friend(0))
	}
	db, err := sql.Open("sqlite", "file:"+s.Database+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	held, err := db.PrepareContext(t.Context(), "SELECT count(*) FROM chats WHERE chat = '-1001' AND blocked_until > 0")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Microsecond) {
		if posts := toGroup(both.Telegram); len(posts) > 0 && posts[0].Status == 429 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no post to the group")
		}
	}
	answered := time.Now()
	for n := 0; n == 0; {
		if err := held.QueryRowContext(t.Context()).Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	window := time.Since(answered)
	p.Kill()
	return window
}
