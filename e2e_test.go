package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/store"
)

// TestMain makes the test binary the program itself when a test starts it so.
func TestMain(m *testing.M) {
	if os.Getenv("FRIENDLYFIRE_TEST_RUN") != "" {
		// The linker leaves the profile of memory out of the program, where nothing reads one, and not out of a test binary,
		// where its table of 1.4 MB would be touched page by page for hours and pass for a leak.
		runtime.MemProfileRate = 0
		main()
		return
	}
	os.Exit(m.Run())
}

func TestBinaryFromACSVToAlertsAReportAndADigest(t *testing.T) {
	both := platforms{telegramtest.Start(t), discordtest.Start(t)}
	s := newScene(t, strings.Replace(both.config(), `every = "1s"`, "every = \"1s\"\nsilent_after = \"0s\"", 1))
	s.env = []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token, "FRIENDLYFIRE_DISCORD_TOKEN=" + discordtest.Token}
	// The database began the day before yesterday, so that today's digest is due.
	db, err := store.Open(t.Context(), filepath.Join(s.dir, "state", "friendlyfire.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetValue(t.Context(), "store/born", fmt.Sprint(time.Now().Add(-48*time.Hour).Unix())); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	now := time.Now()
	s.append(ban(now.Add(-30*24*time.Hour), belgian, "sshd", ""))
	p := s.start()
	both.await(t, "Imported 1 ban ", 1)
	both.await(t, "sources healthy", 1) // the digest

	s.append(ban(now, foreign, "sshd", "no word of this"))
	s.append(ban(now, belgian, "sshd", "first\nFailed password for @everyone <b>_[x](tg://user?id=1) from "+belgian))
	s.append(ban(now, "203.0.113.7", "nginx-http-auth", ""))
	s.append(strings.TrimSuffix(ban(now, belgian2, "sshd", ""), "\n")) // half a line
	both.await(t, "Belgium banned: "+belgian+"\n", 1)
	both.await(t, "network banned: 203.0.113.7\n", 1)
	if n := both.mentions(belgian2); n["42"] != 0 {
		t.Error("half a line was believed")
	}
	s.append("\n")
	both.await(t, "Belgium banned: "+belgian2+"\n", 1)

	both.telegram.Say(-1001, 0, 8, "/report") // a stranger
	both.telegram.Say(-1001, 0, 7, "/report@"+telegramtest.BotName+" country all")
	const caption = "5 bans of 4 addresses"
	var report telegramtest.Message
	both.telegram.Await(t, 30*time.Second, func() bool {
		for _, m := range both.telegram.Messages() {
			if strings.HasPrefix(m.Text, caption) {
				report = m
			}
		}
		return report.Text != ""
	})
	if report.Chat != -1001 || !isPicture(report.Photo) {
		t.Error("Telegram has no picture of 1280 pixels in the chat that asked")
	}
	both.discord.AwaitListening(t)
	stranger := discordtest.Admin
	stranger.User = discordtest.Stranger
	ignored := both.discord.Slash(stranger, "report")
	answer, err := both.discord.Slash(discordtest.Admin, "report", "by", "country").Answer(t.Context())
	if err != nil || !strings.HasPrefix(unescape(answer.Content), caption) || !isPicture(answer.Photo) {
		t.Errorf("Discord answers %q (%v), want %q and a picture", answer.Content, err, caption)
	}
	typing := both.discord.Type(discordtest.Admin, "ip", "address", "34.")
	nosy := both.discord.Type(stranger, "ip", "address", "34.")
	both.discord.Await(t, 10*time.Second, func() bool { return typing.Proposals() != nil })
	if got := typing.Proposals(); !slices.Equal(got, []string{belgian}) || nosy.Touched() {
		t.Errorf("proposed %q, want %s, and nothing to a stranger (%v)", got, belgian, nosy.Touched())
	}
	if ignored.Touched() {
		t.Error("a stranger got an answer")
	}
	p.stop()

	// Nothing is told twice after a restart, and what came meanwhile is told.
	s.append(ban(now, "203.0.113.8", "sshd", ""))
	p = s.start()
	both.await(t, "network banned: 203.0.113.8\n", 1)
	p.stop()
	for what, times := range map[string]int{
		"Imported ": 1, "sources healthy": 1, " banned: ": 4, foreign: 0, "may repeat": 0,
	} {
		if !both.everywhere(what, times) {
			t.Errorf("told of %q: %v, want %d times in each chat", what, both.mentions(what), times)
		}
	}
	if both.discord.Mentions() != 0 {
		t.Error("somebody was mentioned")
	}
	if strings.Contains(p.text(), "CANARY") {
		t.Error("a token was printed")
	}
}

func TestDayAndAHalfUnderTheClock(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector, which -short is for, the day takes minutes; other tests keep the clock there")
	}
	synctest.Test(t, func(t *testing.T) {
		both := inMemory(t)
		b := &bubble{
			scene:     newTokenScene(t, strings.Replace(both.config(), `at = "00:00"`, `at = "08:00"`, 1)),
			platforms: both,
		}
		stop := b.start()
		want := 0
		for hour := range 36 { // from 01:00 in Brussels on 1 January 2000
			b.append(ban(time.Now(), foreign, "sshd", ""))
			if hour%6 == 0 {
				b.append(ban(time.Now(), belgian, "sshd", ""))
				want++
			}
			time.Sleep(time.Hour)
		}
		stop()
		for what, times := range map[string]int{
			"Belgium banned: " + belgian: want, foreign: 0, "sources healthy": 2, "Fri 31 Dec: 0 bans\n": 1, "may repeat": 0, "Trouble": 0, "silent": 0,
			"Sat 1 Jan: 27 bans\nCountries: United States 23, Belgium 4\nJails: sshd 27\nFriendly: 4 bans\n": 1,
		} {
			if !b.everywhere(what, times) {
				t.Errorf("told of %q: %v, want %d times in each chat", what, b.mentions(what), times)
			}
		}
		for _, m := range b.telegram.Messages() {
			if strings.Contains(m.Text, "27 bans") && !isPicture(m.Photo) {
				t.Error("the digest has no picture")
			}
		}
	})
}
