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

// A group becomes a supergroup while bans are told, and the bot is killed at a random moment around that. It tells and
// listens in the supergroup from then on, and asks the old group no more.
func TestR10SupergroupMigrationIsFollowed(t *testing.T) {
	t.Parallel()
	lives := harness.Size(1, 2, 100)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const bans = 6
	lost, asked := 0, 0
	for range lives {
		t.Run("", func(t *testing.T) { lost += migrate(t, random, bans, &asked) })
	}
	harness.Reached(t, "%d migrations, each with a kill: %d of %d alerts lost, new id kept, %d requests to the old group after it",
		lives, lost, lives*bans, asked)
}

// migrate lets a group migrate once, and returns how many of the bans the supergroup has never heard of. It adds the
// requests to the old group that came after the answer to the first was kept.
func migrate(t *testing.T, random *rand.Rand, bans int, asked *int) (lost int) {
	const group, supergroup, stranger = -1001, -1009, 8
	both := harness.OnLoopback(t)
	s := harness.NewQuietScene(t, both, append(harness.FriendlyV6, "[-1001, 42]", "[-1001]")...)
	told := func(i int) bool {
		return both.Mentions(harness.Alert(friend(i)))[fmt.Sprint(supergroup)] > 0
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
		s.Append(harness.BanRow(time.Now(), friend(i), "sshd", ""))
	}
	p := s.Start()
	harness.Await(t, 30*time.Second, "a post to the old chat", func() bool { return toOld() > 0 })
	time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
	p.Kill()
	s.Append(harness.BanRow(time.Now(), friend(bans-2), "sshd", ""))
	p = s.Start()
	harness.Await(t, 30*time.Second, "the first and the last ban are told", func() bool { return told(0) && told(bans-2) })
	p.Stop()
	status, err := s.Kept().ChatStatus(t.Context(), store.Chat{Platform: "telegram", ID: fmt.Sprint(group)})
	if err != nil || status.Destination() != fmt.Sprint(supergroup) {
		t.Errorf("%v, kept of the group: %+v", err, status)
	}

	before := toOld()
	s.Append(harness.BanRow(time.Now(), friend(bans-1), "sshd", ""))
	p = s.Start()
	both.Telegram.Say(supergroup, 0, stranger, "/status")
	both.Telegram.Say(supergroup, 0, 7, "/status")
	answers := func() int { return both.Mentions("database: ")[fmt.Sprint(supergroup)] }
	harness.Await(t, 30*time.Second, "the last ban is told and the chat is answered", func() bool { return told(bans-1) && answers() > 0 })
	p.Stop()
	*asked += toOld() - before
	if n := answers(); n != 1 || toOld() != before {
		t.Errorf("%d answers, want one, to the user who is listed; %d requests to the old group, want %d", n, toOld(), before)
	}
	numbers, marked := 0, 0
	for _, m := range both.Telegram.Messages() {
		if strings.Contains(m.Text, "This chat has a new number") {
			numbers++
			if strings.HasPrefix(m.Text, "(may repeat) ") {
				marked++
			}
		}
	}
	if numbers == 0 || numbers-marked > 1 {
		t.Errorf("told of the new number %d times, %d of them marked as a possible repeat", numbers, marked)
	}
	for i := range bans {
		if !told(i) {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d alerts lost", lost, bans)
	}
	return lost
}
