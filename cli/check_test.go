package cli

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/config"
	"friendlyfire/enrich/whoistest"
	"friendlyfire/ingest"
)

// found are the subjects of the lines of a check that are of a kind: "ok", "note" or "PROBLEM".
func found(out, kind string) (subjects []string) {
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(line, kind); ok {
			subject, _, _ := strings.Cut(strings.TrimLeft(rest, " "), ": ")
			subjects = append(subjects, subject)
		}
	}
	return subjects
}

func TestCheckChecksEverythingInOrder(t *testing.T) {
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	s.Ban(harness.Belgian)
	out, stderr, code := s.Run("check")
	if code != 0 || stderr != "" {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
	var order []string
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); line[0] != ' ' && (fields[0] == "ok" || fields[0] == "note") {
			what, _, _ := strings.Cut(strings.Join(fields[1:], " "), ": ")
			order = append(order, what)
		}
	}
	want := []string{
		"configuration", "database", "country table", "source web1", "telegram", "telegram -1001", "telegram 42",
		"discord", "discord " + discordtest.Channel,
	}
	if diff := cmp.Diff(want, order); diff != "" || !strings.HasSuffix(out, "\nEverything is in order.\n") {
		t.Errorf("%s\n%s", diff, out)
	}
	if strings.Contains(out, "CANARY") {
		t.Error("a token is shown")
	}
	if n := len(both.Telegram.Messages()) + len(both.Discord.Messages()); n != 0 {
		t.Errorf("%d messages without --send", n)
	}
}

// stamp is a moment as every answer has it.
func stamp(t time.Time) string { return msg.Stamp(t, time.Now()) + t.Format(" MST") }

func TestCheckSaysWhatIsWrong(t *testing.T) {
	s := harness.NewSampleScene(t)
	out, _, code := s.Run("check")
	if code != 0 || !strings.Contains(out, "last ban "+stamp(time.Date(2026, 11, 22, 11, 16, 56, 0, time.UTC))) ||
		!strings.HasSuffix(out, "Everything is in order.\n") {
		t.Errorf("code %d: %s", code, out)
	}
	if err := os.Remove(s.Bans); err != nil {
		t.Fatal(err)
	}
	out, _, code = s.Run("check")
	if code != 1 || !strings.Contains(out, "PROBLEM  source web1: ") || !strings.Contains(out, "no such file") {
		t.Errorf("code %d: %s", code, out)
	}
}

// A running bot is not disturbed: nobody takes its updates or its session, and it needs no restart.
func TestCheckLeavesARunningBotAlone(t *testing.T) {
	t.Parallel()
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	p := s.Start()
	both.Discord.AwaitListening(t)
	s.Ban(harness.Belgian)
	both.Await(t, harness.AlertIn("BE", harness.Belgian), 1)
	polls := func() int { return len(both.Telegram.Requests("getUpdates")) }
	before := polls()
	out, stderr, code := s.Run("check", "--send")
	if code != 0 {
		t.Errorf("code %d: %s%s", code, out, stderr)
	}
	if after := polls(); after != before || len(both.Discord.Identifies()) != 1 || len(both.Discord.Dials()) != 1 {
		t.Errorf("%d polls before and %d after, %d identifies, %d connections",
			before, after, len(both.Discord.Identifies()), len(both.Discord.Dials()))
	}
	both.Await(t, "This is a test, and nobody was banned.", 1)
	both.Await(t, "This is a test of pictures: a chart of the bans so far.\n\n1 ban of ", 1)
	p.Stop()
}

func TestCheckSendPostsAnAlertAndAPictureToEveryChat(t *testing.T) {
	t.Parallel()
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	out, stderr, code := s.Run("check", "--send")
	if code != 0 || strings.Count(out, "; a test alert and a test picture are there\n") != 3 {
		t.Errorf("code %d: %s%s", code, out, stderr)
	}
	both.Await(t, "An alert looks like this:\n\n"+harness.AlertIn("BE", "203.0.113.7")+"\n3 failures\n", 1)
	both.Await(t, "a chart of the sample that comes with friendlyfire, since there are no bans yet.\n\n"+
		"1\u202f003 bans of ", 1)
	pictures := 0
	for _, m := range both.Posts() {
		if harness.IsChart(m.Photo) {
			pictures++
		}
	}
	if pictures != 3 || both.Discord.Mentions() != 0 {
		t.Errorf("%d pictures, want 3; %d mentions", pictures, both.Discord.Mentions())
	}
	if rows := s.MustRun("report", "--json"); !strings.Contains(rows, `"total":0`) {
		t.Errorf("the sample is in the database: %s", rows)
	}
}

func TestCheckNamesEveryChatThatCannotBePostedTo(t *testing.T) {
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both, harness.Change{
		`channels = [`, `channels = ["300000000000000009", "` + discordtest.Channel2 + `", `,
	})
	both.Telegram.SetChat(telegramtest.Chat{ID: -1001, Title: "Ops", NoPhotos: true})
	both.Telegram.SetChat(telegramtest.Chat{ID: 42, Unknown: true})
	both.Discord.Deny(discordtest.Channel, discordtest.SendMessages|discordtest.AttachFiles)
	out, _, code := s.Run("check", "--send")
	want := []string{"telegram -1001", "telegram 42", "discord 300000000000000009", "discord " + discordtest.Channel}
	if diff := cmp.Diff(want, found(out, "PROBLEM")); diff != "" || code != 1 {
		t.Errorf("code %d %s\n%s", code, diff, out)
	}
	for _, says := range []string{
		"may not post pictures", "there is no such chat (400)", "there is no such channel (404)",
		"lacks the permission: Send Messages, Attach Files",
		" pair telegram\n", " pair discord\n",
	} {
		if !strings.Contains(out, says) {
			t.Errorf("%q is not in\n%s", says, out)
		}
	}
	if n := len(both.Telegram.Messages()); n != 0 || len(both.Discord.Messages()) != 2 {
		t.Errorf("%d and %d messages, want 2 in the one channel that is in order", n, len(both.Discord.Messages()))
	}
}

func TestCheckSurvivesPlatformsThatDoNotAnswer(t *testing.T) {
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	both.Telegram.Script(func(telegramtest.Request) telegramtest.Fault { return telegramtest.Page(502) })
	both.Discord.Fail("", -1, discordtest.Echo(401))
	out, stderr, code := s.Run("check", "--send")
	if diff := cmp.Diff([]string{"telegram", "discord"}, found(out, "PROBLEM")); diff != "" || code != 1 {
		t.Errorf("code %d %s\n%s", code, diff, out)
	}
	if strings.Contains(out+stderr, "CANARY") {
		t.Errorf("a token is shown:\n%s%s", out, stderr)
	}
}

func TestCheckConnectsToTheRegistries(t *testing.T) {
	mirror := &whoistest.Server{}
	address := mirror.Listen(t)
	s := harness.NewScene(t, harness.TableOnly,
		harness.Change{"whois = false", fmt.Sprintf("whois_server = %q", address)})
	out, _, code := s.Run("check")
	if code != 0 || !strings.Contains(out, "ok       whois: "+address+" let us in\n") || len(mirror.Questions()) != 0 {
		t.Errorf("code %d, %d questions asked: %s", code, len(mirror.Questions()), out)
	}
	s = harness.NewScene(t, harness.TableOnly, harness.Change{"whois = false", `whois_server = "127.0.0.1:1"`})
	out, _, code = s.Run("check") // having no network is no problem, since the table answers
	if code != 0 || !slices.Contains(found(out, "note"), "whois") || !strings.Contains(out, "the connection is refused") {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestCheckSaysWhatIsWrongWithTheDatabase(t *testing.T) {
	s := harness.NewSampleScene(t)
	s.MustRun("run", "--once")
	data, err := os.ReadFile(s.Database)
	if err != nil {
		t.Fatal(err)
	}
	for at := len(data) / 2; at < len(data)/2+3*4096; at++ {
		data[at] = 0xff
	}
	s.Write(s.Database, data)
	out, _, code := s.Run("check")
	if !slices.Contains(found(out, "PROBLEM"), "database") ||
		!strings.Contains(out, "the bot mends it when it starts") || code != 1 {
		t.Errorf("code %d: %s", code, out)
	}
	if os.Getuid() != 0 {
		return
	}
	s = harness.NewSampleScene(t)
	s.Run("check")
	if err := os.Chown(s.Dir, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	const owner = "belongs to user 0, and its directory to user 12345\n" +
		"         Give it to the user that runs the bot: sudo sh -c 'chown 12345 "
	if out, _, code := s.Run("check"); !strings.Contains(out, owner) || code != 1 {
		t.Errorf("code %d: %s", code, out)
	}
}

// Whoever forgets --config on a server with a service is told that the check is about the sample.
func TestCheckSaysThatItIsAboutTheSample(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	stop() // so that it does not use the network
	var out bytes.Buffer
	_ = check(ctx, app.Env{Defaults: harness.Defaults(), Out: &out}, checkOptions{})
	const want = "note     configuration: there is no configuration, so this is about the sample\n"
	if !strings.HasPrefix(out.String(), want) {
		t.Errorf("got %s", out.String())
	}
}

// If only the bot's user may open a file, that user should run the check; if the file has the wrong owner, it should
// get the right one.
func TestAdviceNamesTheOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	path := filepath.Join(t.TempDir(), "friendlyfire.db")
	if err := os.Chown(filepath.Dir(path), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	c := &config.Config{Database: path}
	if got := adviceForDatabase(c, fs.ErrPermission); !strings.HasSuffix(got, "may open it: sudo -u 12345 friendlyfire check") {
		t.Errorf("got %q", got)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want := "Give it to the user that runs the bot: sudo sh -c 'chown 12345 " + path + "*'"
	if got := adviceForDatabase(c, fs.ErrPermission); got != want {
		t.Errorf("got %q", got)
	}
}

func TestCheckCountsBadLines(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly)
	s.Append("2026-11-22,01:02:03\n")
	s.Ban(harness.Belgian)
	s.Append("2026-11-22,01:02:03,1,2,3,4,5,6,7,8,9,10\n")
	out, _, code := s.Run("check") // before anything is imported
	if code != 0 ||
		!strings.Contains(out, "\n         lines at its end that are no bans: 2, the latest: too many fields\n") {
		t.Errorf("code %d: %s", code, out)
	}
	s.Run("run", "--once")
	out, _, code = s.Run("check")
	const want = "\n         lines that were no bans: 2 of 4, the latest:\n" +
		"         line 4: too many fields\n         line 2: too few fields\n"
	if code != 0 || !strings.Contains(out, want) {
		t.Errorf("code %d, want %q in %s", code, want, out)
	}

	s = harness.NewScene(t, harness.TableOnly)
	s.Write(s.Bans, []byte(strings.Repeat("Nov 22 01:02:03 web1 sshd[1]: Failed password for anna\n", 3)))
	out, _, code = s.Run("check")
	if code != 1 || !strings.Contains(out, "none of its last 3 lines is of Fail2Ban") {
		t.Errorf("code %d: %s", code, out)
	}
}

func withEpoch(at time.Time) string { return harness.BanRow(at, harness.Belgian, "sshd", "") }

// originalRow is a row of the original form: a local time and an address.
func originalRow(wall time.Time) string {
	return wall.Format("2006-01-02,15:04:05") + "," + harness.Belgian + "\n"
}

func TestCheckDoubtsBansInTheFuture(t *testing.T) {
	future := time.Now().UTC().Add(2 * time.Hour)
	for name, test := range map[string]struct{ row, advice string }{
		"with EPOCH":    {withEpoch(future), "Set its server's clock, or this one's."},
		"without EPOCH": {originalRow(future), "Give this source the timezone of its server"},
	} {
		t.Run(name, func(t *testing.T) {
			s := harness.NewScene(t, harness.TableOnly)
			if name == "without EPOCH" {
				s.Write(s.Bans, nil)
			}
			s.Append(test.row)
			touched := time.Now().Add(-7 * time.Minute) // which no time zone explains
			if err := os.Chtimes(s.Bans, touched, touched); err != nil {
				t.Fatal(err)
			}
			out, _, code := s.Run("check")
			if code != 1 || !strings.Contains(out, "ahead of now\n         "+test.advice) {
				t.Errorf("code %d: %s", code, out)
			}
		})
	}
}

// Rows without EPOCH, and lines of fail2ban.log, that a server in another time zone has written.
func TestCheckGuessesTheTimezone(t *testing.T) {
	written := time.Date(2026, 1, 15, 12, 0, 30, 0, time.UTC) // winter in the north
	log := func(wall time.Time) string {
		return wall.Add(-time.Hour).Format(time.DateTime) +
			",123 fail2ban.actions [1]: NOTICE  [sshd] Ban " + harness.Belgian + "\n" +
			wall.Format(time.DateTime) + ",456 fail2ban.actions [1]: NOTICE  [sshd] Unban " + harness.Belgian + "\n"
	}
	for name, test := range map[string]struct {
		text string
		zone string // in the configuration
		kind string
		says string
	}{
		"right":                {originalRow(written), "UTC", "ok", "last ban " + stamp(written)},
		"right, an hour quiet": {log(written), "UTC", "ok", "last ban " + stamp(written.Add(-time.Hour))},
		"ahead": {
			originalRow(written.Add(9 * time.Hour)), "UTC", "PROBLEM",
			`UTC+09:00: give this source timezone = "Asia/Tokyo".`,
		},
		"ahead by half hours": {
			originalRow(written.Add(330 * time.Minute)), "UTC", "PROBLEM",
			`UTC+05:30: give this source timezone = "Asia/Kolkata".`,
		},
		"behind": {
			originalRow(written.Add(-6 * time.Hour)), "UTC", "note",
			`UTC-06:00: give this source timezone = "America/Chicago".`,
		},
		"log ahead": {
			log(written.Add(2 * time.Hour)), "UTC", "PROBLEM",
			`UTC+02:00: give this source timezone = "Europe/Helsinki".`,
		},
		"at UTC, read as local": {
			originalRow(written), "Europe/Brussels", "note",
			`UTC+00:00: give this source timezone = "UTC", or timezone = "Europe/London".`,
		},
		"nowhere": {
			originalRow(written.Add(345 * time.Minute)), "UTC", "PROBLEM",
			"UTC+05:45: give this source the timezone of that place.",
		},
		"not whole quarters": {originalRow(written.Add(-127 * time.Minute)), "UTC", "ok", "last ban"}, // modified later
		"with EPOCH":         {withEpoch(written.Add(-2 * time.Hour)), "UTC", "ok", "last ban"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.NewScene(t, harness.TableOnly, harness.Change{`"UTC"`, fmt.Sprintf("%q", test.zone)})
			if name != "with EPOCH" {
				s.Write(s.Bans, nil)
			}
			s.Append(test.text)
			if err := os.Chtimes(s.Bans, written, written); err != nil {
				t.Fatal(err)
			}
			out, _, _ := s.Run("check")
			if !slices.Contains(found(out, test.kind), "source web1") || !strings.Contains(out, test.says) {
				t.Errorf("want %q and %q in\n%s", test.kind, test.says, out)
			}
		})
	}
}

func TestShiftsOfEveryTimezoneAreFound(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for minutes := -12 * 60; minutes <= 14*60; minutes += 15 {
		for _, late := range []time.Duration{0, time.Second, 55 * time.Second} {
			shift := time.Duration(minutes) * time.Minute
			g := ingest.Preview{Modified: at.Add(late), Written: at.Add(shift)}
			if got := shiftOf(g); got != shift {
				t.Errorf("%v, written %v late: %v", shift, late, got)
			}
		}
	}
}
