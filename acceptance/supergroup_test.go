package acceptance

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/store"
)

// A group becomes a supergroup while alerts go out, and the bot is killed at a random moment around that. From then on
// it posts and listens in the supergroup, and leaves the old group alone.
func TestR10SupergroupMigrationIsFollowed(t *testing.T) {
	t.Parallel()
	lives := harness.Size(1, 2, 100)
	random := harness.Random(t)
	const bans = 6
	lost, asked := 0, 0
	for range lives {
		t.Run("", func(t *testing.T) { lost += migrate(t, random, bans, &asked) })
	}
	harness.Reached(t, "%d migrations, each with a kill: %d of %d alerts lost, new id kept, "+
		"%d requests to the old group after it", lives, lost, lives*bans, asked)
}

// migrate lets a group migrate once, and returns how many of the alerts never reached the supergroup. It adds to asked
// the requests to the old group that came after the new number was kept.
func migrate(t *testing.T, random *rand.Rand, bans int, asked *int) (lost int) {
	const group, supergroup, stranger = -1001, -1009, 8
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both, harness.Change{"[-1001, 42]", "[-1001]"})
	alerted := func(i int) bool {
		return both.Mentions(harness.Alert(harness.Friend(i)))[fmt.Sprint(supergroup)] > 0
	}
	toOld := func() (n int) {
		for _, q := range both.Telegram.Requests("sendMessage") {
			if q.Chat == group {
				n++
			}
		}
		return n
	}

	both.Telegram.SetChat(telegramtest.Chat{ID: group, MovedTo: supergroup})
	for i := range bans - 2 {
		s.Ban(harness.Friend(i))
	}
	p := s.Start()
	harness.Await(t, 30*time.Second, "a post to the old chat", func() bool { return toOld() > 0 })
	time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
	p.Kill()
	s.Ban(harness.Friend(bans - 2))
	p = s.Start()
	harness.Await(t, 30*time.Second, "alerts about the first and the last ban", func() bool {
		return alerted(0) && alerted(bans-2)
	})
	p.Stop()
	status, err := s.OpenStore().ChatStatus(t.Context(), store.Chat{Platform: "telegram", ID: fmt.Sprint(group)})
	if err != nil || status.Destination() != fmt.Sprint(supergroup) {
		t.Errorf("%v, status of the group: %+v", err, status)
	}

	before := toOld()
	s.Ban(harness.Friend(bans - 1))
	p = s.Start()
	both.Telegram.Say(supergroup, 0, stranger, "/status")
	both.Telegram.Say(supergroup, 0, 7, "/status")
	answers := func() int { return both.Mentions("database: ")[fmt.Sprint(supergroup)] }
	harness.Await(t, 30*time.Second, "an alert about the last ban, and an answer", func() bool {
		return alerted(bans-1) && answers() > 0
	})
	p.Stop()
	*asked += toOld() - before
	if n := answers(); n != 1 || toOld() != before {
		t.Errorf("%d answers, want one, to the listed user; %d requests to the old group, want %d", n, toOld(), before)
	}
	numbers, marked := 0, 0
	for _, m := range both.Telegram.Messages() {
		if strings.Contains(m.Text, "This chat has a new number") {
			numbers++
			if harness.Repeats(m.Text) {
				marked++
			}
		}
	}
	if numbers == 0 || numbers-marked > 1 {
		t.Errorf("the new number was announced %d times, %d of them marked as a possible repeat", numbers, marked)
	}
	for i := range bans {
		if !alerted(i) {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d alerts lost", lost, bans)
	}
	return lost
}
