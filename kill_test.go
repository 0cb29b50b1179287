package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// A bot that is killed again and again, while bans come in and lines are torn, tells of every friendly ban in every
// chat. What Telegram shows twice says that it may repeat; Discord knows a message again and shows none twice.
func TestR01KillLoop(t *testing.T) {
	kills, bans := 12, 120
	if testing.Short() {
		kills, bans = 4, 40
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	both := platforms{telegramtest.Start(t), discordtest.Start(t)}
	s := newScene(t, strings.Replace(both.config(), `at = "00:00"`, `at = ""`, 1))
	s.env = []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token, "FRIENDLYFIRE_DISCORD_TOKEN=" + discordtest.Token}
	address := func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }

	next := 0
	for range kills {
		p := s.start()
		for end := (next/(bans/kills) + 1) * (bans / kills); next < end; next++ {
			line := ban(time.Now(), address(next), "sshd", "")
			torn := random.IntN(len(line))
			s.append(line[:torn])
			time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
			s.append(line[torn:])
		}
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Wait(); err == nil {
			t.Fatal("the bot ended by itself")
		}
	}
	p := s.start()

	// Everything that waits is out when nothing has come for a while.
	count := func() int { return len(both.telegram.Messages()) + len(both.discord.Messages()) }
	deadline := time.Now().Add(2 * time.Minute)
	for last := -1; time.Now().Before(deadline) && (last != count() || both.mentions("banned: " + address(bans-1) + "\n")["-1001"] == 0); time.Sleep(3500 * time.Millisecond) { // a group takes a message every three seconds
		last = count()
	}
	p.stop()

	lost, copies := 0, 0
	for i := range bans {
		n := both.mentions("banned: " + address(i) + "\n")
		for _, chat := range everyChat {
			if n[chat] == 0 {
				lost++
				t.Errorf("%s was not told to %s", address(i), chat)
			}
			copies += max(n[chat]-1, 0)
		}
		if n[discordtest.Channel] > 1 {
			t.Errorf("Discord shows %s %d times", address(i), n[discordtest.Channel])
		}
	}
	seen := map[string]bool{}
	for _, m := range both.telegram.Messages() {
		for alert := range strings.SplitSeq(m.Text, "\n\n") {
			key := fmt.Sprint(m.Chat, strings.TrimPrefix(alert, "(may repeat) "))
			if seen[key] && !strings.HasPrefix(m.Text, "(may repeat) ") {
				t.Errorf("a copy that does not say so: %q", alert)
			}
			seen[key] = true
		}
	}
	t.Logf("%d kills, %d bans to 3 chats: %d lost, %d copies, %d requests to Telegram for %d messages",
		kills, bans, lost, copies, len(both.telegram.Requests("sendMessage")), len(both.telegram.Messages()))
}
