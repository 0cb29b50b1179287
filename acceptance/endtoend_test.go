package acceptance

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/cli"
	"friendlyfire/store"
)

func TestMain(m *testing.M) { harness.Main(m, cli.Main) }

func TestBinaryFromACSVToAlertsAReportAndADigest(t *testing.T) {
	t.Parallel()
	both := harness.OnLoopback(t)
	s := harness.NewScene(t, strings.Replace(both.Config(), `every = "1s"`, "every = \"1s\"\nsilent_after = \"0s\"", 1))
	s.Env = []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token, "FRIENDLYFIRE_DISCORD_TOKEN=" + discordtest.Token}
	// The database began the day before yesterday, so that today's digest is due.
	db, err := store.Open(t.Context(), filepath.Join(s.Dir, "state", "friendlyfire.db"))
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
	s.Append(harness.BanRow(now.Add(-30*24*time.Hour), harness.Belgian, "sshd", ""))
	p := s.Start()
	both.Await(t, "Imported 1 ban ", 1)
	both.Await(t, "sources healthy", 1) // the digest

	s.Append(harness.BanRow(now, harness.Foreign, "sshd", "no word of this"))
	s.Append(harness.BanRow(now, harness.Belgian, "sshd", "first\nFailed password for @everyone <b>_[x](tg://user?id=1) from "+harness.Belgian))
	s.Append(harness.BanRow(now, "203.0.113.7", "nginx-http-auth", ""))
	s.Append(strings.TrimSuffix(harness.BanRow(now, harness.Belgian2, "sshd", ""), "\n")) // half a line
	both.Await(t, harness.AlertIn("BE", harness.Belgian), 1)
	both.Await(t, harness.AlertIn("", "203.0.113.7"), 1)
	if n := both.Mentions(harness.Belgian2); n["42"] != 0 {
		t.Error("half a line was believed")
	}
	s.Append("\n")
	both.Await(t, harness.AlertIn("BE", harness.Belgian2), 1)

	both.Telegram.Say(-1001, 0, 8, "/report") // a stranger
	both.Telegram.Say(-1001, 0, 7, "/report@"+telegramtest.BotName+" country all")
	const caption = "5 bans of 4 addresses"
	var report telegramtest.Message
	both.Telegram.Await(t, 30*time.Second, func() bool {
		for _, m := range both.Telegram.Messages() {
			if strings.HasPrefix(m.Text, caption) {
				report = m
			}
		}
		return report.Text != ""
	})
	if report.Chat != -1001 || !harness.IsPicture(report.Photo) {
		t.Error("Telegram has no picture of 1280 pixels in the chat that asked")
	}
	both.Discord.AwaitListening(t)
	stranger := discordtest.Admin
	stranger.User = discordtest.Stranger
	ignored := both.Discord.Slash(stranger, "report")
	answer, err := both.Discord.Slash(discordtest.Admin, "report", "by", "country").Answer(t.Context())
	if err != nil || !strings.HasPrefix(harness.Unescape(answer.Content), caption) || !harness.IsPicture(answer.Photo) {
		t.Errorf("Discord answers %q (%v), want %q and a picture", answer.Content, err, caption)
	}
	typing := both.Discord.Type(discordtest.Admin, "ip", "address", "34.")
	nosy := both.Discord.Type(stranger, "ip", "address", "34.")
	both.Discord.Await(t, 10*time.Second, func() bool { return typing.Proposals() != nil })
	if got := typing.Proposals(); !slices.Equal(got, []string{harness.Belgian}) || nosy.Touched() {
		t.Errorf("proposed %q, want %s, and nothing to a stranger (%v)", got, harness.Belgian, nosy.Touched())
	}
	if ignored.Touched() {
		t.Error("a stranger got an answer")
	}
	p.Stop()

	// Nothing is told twice after a restart, and what came meanwhile is told.
	s.Append(harness.BanRow(now, "203.0.113.8", "sshd", ""))
	p = s.Start()
	both.Await(t, harness.AlertIn("", "203.0.113.8"), 1)
	p.Stop()
	for what, times := range map[string]int{
		"Imported ": 1, "sources healthy": 1, harness.AnyAlert(): 4, harness.Foreign: 0, "may repeat": 0,
	} {
		if !both.Everywhere(what, times) {
			t.Errorf("told of %q: %v, want %d times in each chat", what, both.Mentions(what), times)
		}
	}
	if both.Discord.Mentions() != 0 {
		t.Error("somebody was mentioned")
	}
	if strings.Contains(p.Text(), "CANARY") {
		t.Error("a token was printed")
	}
}

func TestDayAndAHalfUnderTheClock(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector, which -short is for, the day takes minutes; other tests keep the clock there")
	}
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		both := harness.InMemory(t)
		b := &bubble{
			Scene:     harness.NewTokenScene(t, strings.Replace(both.Config(), `at = "00:00"`, `at = "08:00"`, 1)),
			Platforms: both,
		}
		stop := b.start()
		want := 0
		for hour := range 36 { // from 01:00 in Brussels on 1 January 2000
			b.Append(harness.BanRow(time.Now(), harness.Foreign, "sshd", ""))
			if hour%6 == 0 {
				b.Append(harness.BanRow(time.Now(), harness.Belgian, "sshd", ""))
				want++
			}
			time.Sleep(time.Hour)
		}
		stop()
		for what, times := range map[string]int{
			harness.AlertIn("BE", harness.Belgian): want, harness.Foreign: 0, "sources healthy": 2, "Fri 31 Dec: 0 bans\n": 1, "may repeat": 0, "Trouble": 0, "silent": 0,
			"Sat 1 Jan: 27 bans\nCountries: United States 23, Belgium 4\nJails: sshd 27\nFriendly: 4 bans\n": 1,
		} {
			if !b.Everywhere(what, times) {
				t.Errorf("told of %q: %v, want %d times in each chat", what, b.Mentions(what), times)
			}
		}
		for _, m := range b.Telegram.Messages() {
			if strings.Contains(m.Text, "27 bans") && !harness.IsPicture(m.Photo) {
				t.Error("the digest has no picture")
			}
		}
	})
}
