package acceptance

import (
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/cli"
)

func TestMain(m *testing.M) { harness.Main(m, cli.Main) }

func TestBinaryFromACSVToAlertsAReportAndADigest(t *testing.T) {
	t.Parallel()
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both, harness.Change{`at = ""`, `at = "00:00"`})
	s.Backdate(48 * time.Hour) // so that today's digest is due

	now := time.Now()
	s.Append(harness.BanRow(now.Add(-30*24*time.Hour), harness.Belgian, "sshd", ""))
	p := s.Start()
	both.Await(t, "Read 1 ban", 1)
	both.Await(t, digest, 1)

	s.Append(harness.BanRow(now, harness.Foreign, "sshd", ""))
	s.Append(harness.BanRow(now, harness.Belgian, "sshd",
		"first\nFailed password for @everyone <b>_[x](tg://user?id=1) from "+harness.Belgian))
	s.Append(harness.BanRow(now, "203.0.113.7", "nginx-http-auth", ""))
	s.Append(strings.TrimSuffix(harness.BanRow(now, harness.Belgian2, "sshd", ""), "\n")) // half a line
	both.Await(t, harness.AlertIn("BE", harness.Belgian), 1)
	both.Await(t, harness.AlertBy("nginx-http-auth", "", "203.0.113.7"), 1)
	if n := both.Mentions(harness.Belgian2); n["42"] != 0 {
		t.Error("half a line was taken for a ban")
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
	if report.Chat != -1001 || !harness.IsChart(report.Photo) {
		t.Error("Telegram has no picture of 1280 pixels in the chat that asked")
	}
	both.Discord.AwaitListening(t)
	stranger := discordtest.Admin
	stranger.User = discordtest.Stranger
	ignored := both.Discord.Slash(stranger, "report")
	answer, err := both.Discord.Slash(discordtest.Admin, "report", "by", "country").Answer(t.Context())
	if err != nil || !strings.HasPrefix(harness.Unescape(answer.Content), caption) || !harness.IsChart(answer.Photo) {
		t.Errorf("Discord answers %q (%v), want %q and a picture", answer.Content, err, caption)
	}
	typing := both.Discord.Type(discordtest.Admin, "ip", "address", "34.")
	nosy := both.Discord.Type(stranger, "ip", "address", "34.")
	both.Discord.Await(t, time.Minute, func() bool { return typing.Proposals() != nil })
	if got := typing.Proposals(); !slices.Equal(got, []string{harness.Belgian}) || nosy.Touched() {
		t.Errorf("proposed %q, want %s, and nothing to a stranger (%v)", got, harness.Belgian, nosy.Touched())
	}
	if ignored.Touched() {
		t.Error("a stranger got an answer")
	}
	p.Stop()

	// After a restart, nothing is repeated, and what came meanwhile gets its alert.
	s.Append(harness.BanRow(now, "203.0.113.8", "sshd", ""))
	p = s.Start()
	both.Await(t, harness.AlertIn("", "203.0.113.8"), 1)
	p.Stop()
	both.Want(t, map[string]int{
		"Read 1 ban, ": 1, digest: 1, harness.AnyAlert(): 4, harness.Foreign: 0, "may repeat": 0,
	})
	if both.Discord.Mentions() != 0 {
		t.Error("somebody was mentioned")
	}
	if strings.Contains(p.Text(), canary) {
		t.Error("a token was printed")
	}
}

func TestDayAndAHalfInASimulation(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes minutes under the race detector, which -short is for; other tests simulate hours there")
	}
	simulate(t, func(t *testing.T, s *simulation) {
		stop := s.start()
		want := 0
		for hour := range 36 {
			s.Ban(harness.Foreign)
			if hour%6 == 0 {
				s.Ban(harness.Belgian)
				want++
			}
			time.Sleep(time.Hour)
		}
		stop()
		s.Want(t, map[string]int{
			harness.AlertIn("BE", harness.Belgian): want,
			harness.Foreign:                        0,
			"may repeat":                           0,
			"Trouble":                              0,
			"silent":                               0,
			digest:                                 2,
			"Fri 31 Dec: 0 bans\n":                 1,
			"Sat 1 Jan: 4 of 27 bans hit friends (1 address)\n🇧🇪 34.38.29.62 ×4, sshd on web1, 01:00–19:00\n" +
				"Countries: United States 23, Belgium 4\nAll by sshd\n": 1,
		})
		for _, m := range s.Telegram.Messages() {
			if strings.Contains(m.Text, "of 27 bans") && !harness.IsChart(m.Photo) {
				t.Error("the digest has no picture")
			}
		}
	}, harness.Change{`at = ""`, `at = "08:00"`, "silent_after = \"0s\"\n", ""})
}
