package acceptance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
)

// One bot reads a directory of many servers' logs: a ban of each is alerted under its name, of a server that comes
// while the bot runs within `every`, and of one that is rotated while the bot is killed, once.
func TestL01ManyServersOfOnePattern(t *testing.T) {
	t.Parallel()
	telegram := telegramtest.Start(t)
	s := harness.NewTelegramScene(t, telegram,
		harness.Change{"chats = [-1001]", "chats = [42]"}, // which may have a message a second, and a group one in three
		harness.Change{`name = "web1"`, `name = "{1}"`, `"$DIR/bans.csv"`, `"$DIR/remote/*/fail2ban.log"` + "\nevery = \"1s\""})
	ban := func(server, address string) {
		file := filepath.Join(s.Dir, "remote", server, "fail2ban.log")
		old, _ := os.ReadFile(file)
		s.Write(file, append(old, time.Now().UTC().Format(time.DateTime)+
			",120 fail2ban.actions        [900]: NOTICE  [sshd] Ban "+address+"\n"...))
	}
	alerted := func(server, address string) int {
		n := 0
		for _, m := range telegram.Messages() {
			n += strings.Count(strings.ReplaceAll(m.Text, "\n", " "), "sshd on "+server+" banned "+address)
		}
		return n
	}
	want := func(server, address string) {
		t.Helper()
		harness.Await(t, 15*time.Second, "the alert of "+address+" by "+server, func() bool { return alerted(server, address) > 0 })
	}
	var friends []string
	for _, last := range []string{"1", "2", "3", "4"} {
		friends = append(friends, harness.Belgian[:len(harness.Belgian)-1]+last)
	}
	ban("web1", friends[0])
	p := s.Start()
	want("web1", friends[0])
	ban("web2", friends[1])
	want("web2", friends[1])
	p.Kill()
	ban("web1", friends[2])
	live := filepath.Join(s.Dir, "remote", "web1", "fail2ban.log")
	if err := os.Rename(live, live+".1"); err != nil {
		t.Fatal(err)
	}
	ban("web1", friends[3])
	p = s.Start()
	want("web1", friends[2])
	want("web1", friends[3])
	p.Stop()
	for i, server := range []string{"web1", "web2", "web1", "web1"} {
		if n := alerted(server, friends[i]); n != 1 {
			t.Errorf("the ban of %s by %s was alerted %d times", friends[i], server, n)
		}
	}
	stdout, _, _ := s.Run("check")
	if !strings.Contains(stdout, "source web1: ") || !strings.Contains(stdout, "source web2: ") {
		t.Errorf("check says\n%s", stdout)
	}
	if out := s.MustRun("report", "--by", "source", "--json"); !strings.Contains(out, `"web1"`) || !strings.Contains(out, `"web2"`) {
		t.Errorf("report says\n%s", out)
	}
	if _, stderr, code := s.Run("import", "--source", "web9"); code != 2 || !strings.Contains(stderr, `"web1", "web2"`) {
		t.Errorf("import of a source that is none: code %d, %s", code, stderr)
	}
	s.MustRun("import", "--source", "web1")
}
