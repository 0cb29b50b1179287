package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// oldRows are bans of the last weeks, a few of them friendly.
func oldRows(n int) string {
	var b strings.Builder
	begun := time.Now().Add(-30 * 24 * time.Hour)
	for i := range n {
		address := fmt.Sprintf("47.74.%d.%d", i/256%256, i%256)
		if i%100 == 0 {
			address = belgian
		}
		b.WriteString(ban(begun.Add(time.Duration(i)*28*24*time.Hour/time.Duration(n)), address, "sshd", ""))
	}
	return b.String()
}

// A program that has lost its memory, or a part of it, does not take history for news.
func TestR16LostStateIsNoFlood(t *testing.T) {
	t.Parallel()
	n := size(10_000, 10_000, 100_000)
	const news = "198.51.100.1"
	for name, lose := range map[string]func(s *scene, database, rows string){
		"no database": func(*scene, string, string) {},
		"an empty file": func(s *scene, database, _ string) {
			s.place(database, nil)
		},
		"a restored old copy": func(s *scene, database, rows string) {
			half := strings.Index(rows[len(rows)/2:], "\n") + len(rows)/2 + 1
			s.append(rows[:half])
			if _, errs, code := s.run("run", "--once"); code != exitDone {
				s.t.Fatal(errs)
			}
			old, err := os.ReadFile(database)
			if err != nil {
				s.t.Fatal(err)
			}
			s.append(rows[half:])
			if _, errs, code := s.run("run", "--once"); code != exitDone {
				s.t.Fatal(errs)
			}
			if err := os.RemoveAll(filepath.Dir(database)); err != nil {
				s.t.Fatal(err)
			}
			s.place(database, old)
		},
	} {
		t.Run(name, func(t *testing.T) {
			both := onLoopback(t)
			s := newQuietScene(t, both, `friendly = ["BE", "203.0.113.0/24"]`, `friendly = ["BE", "`+news+`"]`)
			rows := oldRows(n)
			lose(s, filepath.Join(s.dir, "state", "friendlyfire.db"), rows)
			if info, err := os.Stat(s.bans); err == nil && info.Size() < int64(len(rows)) {
				s.append(rows)
			}
			p := s.start()
			both.await(t, "Imported ", 1)
			s.append(ban(time.Now(), news, "sshd", ""))
			both.await(t, "banned: "+news+"\n", 1)
			p.stop()
			if !both.everywhere("Imported ", 1) || !both.everywhere(" banned: ", 1) {
				t.Errorf("summaries %v, want 1; alerts %v, want that of the news", both.mentions("Imported "), both.mentions(" banned: "))
			}
			out, _, _ := s.run("report", "--json")
			if want := fmt.Sprintf(`"total":%d,`, n+1); !strings.Contains(out, want) {
				t.Errorf("report %.200s, want %s", out, want)
			}
		})
	}
	reached(t, "%d old rows, three times: 0 alerts of them, one summary per chat", n)
}

// Fail2Ban bans everybody again when it starts, and writes the same lines once more.
func TestR17RestartOfFail2BanDoesNotAlertAgain(t *testing.T) {
	t.Parallel()
	bans := size(150, 150, 1000)
	both := onLoopback(t)
	s := newQuietScene(t, both, "chats = [-1001, 42]", "chats = [41, 42]", friendlyRange[0], friendlyRange[1])
	p := s.start()
	all := addresses(bans)
	text := rows(time.Now().Add(-time.Minute), all)
	s.append(text)
	chats := []string{"41", everyChat[1], everyChat[2]}
	told := func() bool {
		lost, _ := both.lostAndRepeated(chats, all)
		return lost == 0
	}
	await(t, time.Minute, "all bans told", told)
	s.append(text)
	last := "198.19.255.1"
	s.append(ban(time.Now(), last, "sshd", ""))
	all = append(all, last)
	await(t, time.Minute, "the ban after them told", told)
	p.stop()
	_, repeated := both.lostAndRepeated(chats, all)
	if repeated > 0 {
		t.Errorf("%d repeated", repeated)
	}
	reached(t, "%d bans repeated: %d alerts repeated", bans, repeated)
}
