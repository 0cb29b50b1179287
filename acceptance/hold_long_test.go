//go:build long

package acceptance

import (
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// holdWindow is how long after Telegram's answer a hold outlives a kill, in all starts but one of a hundred.
const holdWindow = 5 * time.Millisecond

func TestR36HoldSurvivesTheKillThatFollows(t *testing.T) {
	const starts, missed = 100, 1
	for name, settle := range map[string]time.Duration{"just started": 0, "steady": 1500 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			kept := 0
			for range starts {
				if keptAfterKill(t, settle) {
					kept++
				}
			}
			harness.Reached(t, "killed %v after the 429: %d of %d holds are on disk", holdWindow, kept, starts)
			if kept < starts-missed {
				t.Errorf("%d of %d holds lost", starts-kept, starts)
			}
		})
	}
}

// keptAfterKill starts a bot, which has a ban to tell of at once or after a while, is told to come back much later, and
// is killed. It reports whether the hold is in the database.
func keptAfterKill(t *testing.T, settle time.Duration) bool {
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
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Microsecond) {
		if posts := toGroup(both.Telegram); len(posts) > 0 && posts[0].Status == 429 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no post to the group")
		}
	}
	time.Sleep(holdWindow)
	p.Kill()
	return keepsHold(s, -1001, time.Now().Add(longHold/2))
}
