package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
)

// oldRows are bans of the last weeks, a few of them of friendly addresses.
func oldRows(n int) string {
	var b strings.Builder
	begun := time.Now().Add(-30 * 24 * time.Hour)
	for i := range n {
		address := fmt.Sprintf("47.74.%d.%d", i/256%256, i%256)
		if i%100 == 0 {
			address = harness.Belgian
		}
		b.WriteString(harness.BanRow(begun.Add(time.Duration(i)*28*24*time.Hour/time.Duration(n)), address, "sshd", ""))
	}
	return b.String()
}

// A program that has lost its database, or a part of it, does not mistake history for news.
func TestR16LostStateIsNoFlood(t *testing.T) {
	t.Parallel()
	n := harness.Size(10_000, 10_000, 100_000)
	const news = "198.51.100.1"
	for name, lose := range map[string]func(s *harness.Scene, rows string){
		"no database": func(*harness.Scene, string) {},
		"an empty file": func(s *harness.Scene, _ string) {
			s.Write(s.Database, nil)
		},
		"a restored old copy": func(s *harness.Scene, rows string) {
			half := strings.Index(rows[len(rows)/2:], "\n") + len(rows)/2 + 1
			s.Append(rows[:half])
			s.MustRun("run", "--once")
			old, err := os.ReadFile(s.Database)
			if err != nil {
				s.T.Fatal(err)
			}
			s.Append(rows[half:])
			s.MustRun("run", "--once")
			if err := os.RemoveAll(filepath.Dir(s.Database)); err != nil {
				s.T.Fatal(err)
			}
			s.Write(s.Database, old)
		},
	} {
		t.Run(name, func(t *testing.T) {
			both := harness.OnLoopback(t)
			s := harness.NewChatScene(t, both, harness.Change{`"203.0.113.0/24"`, `"` + news + `"`})
			rows := oldRows(n)
			lose(s, rows)
			if harness.FileSize(s.Bans) < int64(len(rows)) {
				s.Append(rows)
			}
			p := s.Start()
			both.Await(t, "Alerts begin now.", 1)
			s.Ban(news)
			both.Await(t, harness.Alert(news), 1)
			p.Stop()
			if !both.Exactly("Alerts begin now.", 1) || !both.Exactly(harness.AnyAlert(), 1) {
				t.Errorf("summaries %v, want 1; alerts %v, want the one about the new ban",
					both.Mentions("Alerts begin now."), both.Mentions(harness.AnyAlert()))
			}
			out, _, _ := s.Run("report", "--json")
			if want := fmt.Sprintf(`"total":%d,`, n+1); !strings.Contains(out, want) {
				t.Errorf("report %.200s, want %s", out, want)
			}
		})
	}
	harness.Reached(t, "%d old rows, three times: 0 alerts about them, one summary per chat", n)
}

// When Fail2Ban starts, it bans everybody again and writes the same lines once more.
func TestR17RestartOfFail2BanDoesNotAlertAgain(t *testing.T) {
	t.Parallel()
	bans := harness.Size(150, 150, 1000)
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both, harness.Change{"[-1001, 42]", "[41, 42]"})
	p := s.Start()
	all := harness.Friends(bans)
	text := harness.BanRows(time.Now().Add(-time.Minute), all)
	s.Append(text)
	chats := []string{"41", "42", discordtest.Channel}
	both.AwaitAlerts(t, time.Minute, chats, all)
	s.Append(text)
	last := harness.Friend(bans)
	s.Ban(last)
	all = append(all, last)
	both.AwaitAlerts(t, time.Minute, chats, all)
	p.Stop()
	_, repeated := both.LostAndRepeated(chats, all)
	if repeated > 0 {
		t.Errorf("%d repeated", repeated)
	}
	harness.Reached(t, "%d bans repeated: %d alerts repeated", bans, repeated)
}
