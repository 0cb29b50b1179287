package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// oldRows are bans of the last weeks, a few of them friendly.
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

// A program that has lost its memory, or a part of it, does not take history for news.
func TestR16LostStateIsNoFlood(t *testing.T) {
	t.Parallel()
	n := harness.Size(10_000, 10_000, 100_000)
	const news = "198.51.100.1"
	for name, lose := range map[string]func(s *harness.Scene, database, rows string){
		"no database": func(*harness.Scene, string, string) {},
		"an empty file": func(s *harness.Scene, database, _ string) {
			s.Place(database, nil)
		},
		"a restored old copy": func(s *harness.Scene, database, rows string) {
			half := strings.Index(rows[len(rows)/2:], "\n") + len(rows)/2 + 1
			s.Append(rows[:half])
			if _, errs, code := s.Run("run", "--once"); code != 0 {
				s.T.Fatal(errs)
			}
			old, err := os.ReadFile(database)
			if err != nil {
				s.T.Fatal(err)
			}
			s.Append(rows[half:])
			if _, errs, code := s.Run("run", "--once"); code != 0 {
				s.T.Fatal(errs)
			}
			if err := os.RemoveAll(filepath.Dir(database)); err != nil {
				s.T.Fatal(err)
			}
			s.Place(database, old)
		},
	} {
		t.Run(name, func(t *testing.T) {
			both := harness.OnLoopback(t)
			s := harness.NewQuietScene(t, both, `friendly = ["BE", "203.0.113.0/24"]`, `friendly = ["BE", "`+news+`"]`)
			rows := oldRows(n)
			lose(s, filepath.Join(s.Dir, "state", "friendlyfire.db"), rows)
			if info, err := os.Stat(s.Bans); err == nil && info.Size() < int64(len(rows)) {
				s.Append(rows)
			}
			p := s.Start()
			both.Await(t, "Imported ", 1)
			s.Append(harness.BanRow(time.Now(), news, "sshd", ""))
			both.Await(t, harness.Alert(news), 1)
			p.Stop()
			if !both.Everywhere("Imported ", 1) || !both.Everywhere(harness.AnyAlert(), 1) {
				t.Errorf("summaries %v, want 1; alerts %v, want that of the news", both.Mentions("Imported "), both.Mentions(harness.AnyAlert()))
			}
			out, _, _ := s.Run("report", "--json")
			if want := fmt.Sprintf(`"total":%d,`, n+1); !strings.Contains(out, want) {
				t.Errorf("report %.200s, want %s", out, want)
			}
		})
	}
	harness.Reached(t, "%d old rows, three times: 0 alerts of them, one summary per chat", n)
}

// Fail2Ban bans everybody again when it starts, and writes the same lines once more.
func TestR17RestartOfFail2BanDoesNotAlertAgain(t *testing.T) {
	t.Parallel()
	bans := harness.Size(150, 150, 1000)
	both := harness.OnLoopback(t)
	s := harness.NewQuietScene(t, both, "chats = [-1001, 42]", "chats = [41, 42]", harness.FriendlyRange[0], harness.FriendlyRange[1])
	p := s.Start()
	all := harness.Addresses(bans)
	text := harness.BanRows(time.Now().Add(-time.Minute), all)
	s.Append(text)
	chats := []string{"41", harness.EveryChat[1], harness.EveryChat[2]}
	told := func() bool {
		lost, _ := both.LostAndRepeated(chats, all)
		return lost == 0
	}
	harness.Await(t, time.Minute, "all bans told", told)
	s.Append(text)
	last := "198.19.255.1"
	s.Append(harness.BanRow(time.Now(), last, "sshd", ""))
	all = append(all, last)
	harness.Await(t, time.Minute, "the ban after them told", told)
	p.Stop()
	_, repeated := both.LostAndRepeated(chats, all)
	if repeated > 0 {
		t.Errorf("%d repeated", repeated)
	}
	harness.Reached(t, "%d bans repeated: %d alerts repeated", bans, repeated)
}
