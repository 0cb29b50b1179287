package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot"
	"friendlyfire/bot/discord/discordtest"
)

// Lines of strace -f -yy: a thread, a call with its first argument a descriptor and what is behind it, and how a call
// goes on that another thread's interrupted. Then the alert in a page of the database, and the one in a request.
var (
	traced  = regexp.MustCompile(`^(\d+) +(\w+)\(\d+<([^>]*)>`)
	resumed = regexp.MustCompile(`^(\d+) +<\.\.\. \w+sync resumed>`)
	kept    = keptAlert()
	sent    = regexp.MustCompile(`203\.0\.113\.\d+`)
)

// keptAlert finds an alert in a page of the database, as strace shows it: quotes have a backslash before them, and letters
// beyond ASCII, at the beginning, are numbers.
func keptAlert() *regexp.Regexp {
	row, err := json.Marshal(bot.Headline("", "ADDRESS"))
	if err != nil {
		panic(err)
	}
	shown, _, _ := strings.Cut(strings.ReplaceAll(string(row), `"`, `\"`), "ADDRESS")
	ascii := strings.LastIndexFunc(shown, func(letter rune) bool { return letter > unicode.MaxASCII })
	_, size := utf8.DecodeRuneInString(shown[max(ascii, 0):])
	return regexp.MustCompile(regexp.QuoteMeta(shown[max(ascii, 0)+size:]) + `([0-9.]+)`)
}

// order reads a trace. It counts the posts, and those among them that left before the alert's row had been put on the
// disk twice: when it was written, and when it was claimed. A row is there once the log that it was written to is.
func order(trace string) (posts, early int) {
	written, onDisk, syncing := map[string]bool{}, map[string]int{}, map[string]bool{}
	synced := func() {
		for alert := range written {
			onDisk[alert]++
		}
		clear(written)
	}
	for line := range strings.Lines(trace) {
		if m := resumed.FindStringSubmatch(line); len(m) == 2 && syncing[m[1]] {
			delete(syncing, m[1])
			synced()
			continue
		}
		m := traced.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		switch log := strings.HasSuffix(m[3], "-wal"); {
		case log && strings.HasSuffix(m[2], "sync") && strings.Contains(line, "<unfinished"):
			syncing[m[1]] = true
		case log && strings.HasSuffix(m[2], "sync"):
			synced()
		case log:
			for _, alert := range kept.FindAllStringSubmatch(line, -1) {
				written[alert[1]] = true
			}
		case strings.HasPrefix(m[3], "TCP:") && sent.MatchString(line):
			posts++
			if onDisk[sent.FindString(line)] < 2 {
				early++
			}
		}
	}
	return posts, early
}

// What is sent has been claimed on the disk before: after a power cut the program knows that it may have been sent.
// Each platform is looked at by itself, with one chat and a ban at a time, so that nothing else writes an alert's row.
func TestR26OrderSurvivesPowerLoss(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("FRIENDLYFIRE_TEST_FAIL2BAN") == "required" {
			t.Fatalf("FRIENDLYFIRE_TEST_FAIL2BAN=required, but %v", err)
		}
		t.Skip("no strace is installed on this machine")
	}
	bans := harness.Size(3, 3, 50)
	var reports []string
	for name, other := range map[string]string{"Telegram": "discord", "Discord": "telegram"} {
		both := harness.OnLoopback(t)
		s := harness.NewQuietScene(t, both, "chats = [-1001, 42]", "chats = [42]")
		text, err := os.ReadFile(s.Config)
		if err != nil {
			t.Fatal(err)
		}
		section := regexp.MustCompile(`(?m)^\[` + other + `\]\n([^\[\n].*\n)*`)
		s.Place(s.Config, section.ReplaceAll(text, nil))
		trace := filepath.Join(s.Dir, "trace")
		s.Under = []string{strace, "-D", "-f", "-yy", "-q", "-s", "5000", "-o", trace, "-e", "trace=write,writev,sendto,sendmsg,pwrite64,fdatasync,fsync"}
		p := s.Start()
		for i := range bans {
			address := fmt.Sprintf("203.0.113.%d", i)
			s.Append(harness.BanRow(time.Now(), address, "sshd", ""))
			harness.Await(t, time.Minute, "an alert", func() bool {
				told := both.Mentions(harness.Alert(address))
				return told["42"]+told[discordtest.Channel] == 1
			})
		}
		p.Stop()
		harness.Await(t, time.Minute, "the end of the trace", func() bool {
			b, err := os.ReadFile(trace)
			text = b
			return err == nil && regexp.MustCompile(fmt.Sprintf(`(?m)^%d +\+\+\+ exited`, p.Cmd.Process.Pid)).Match(text)
		})
		posts, early := order(string(text))
		if posts < bans || early > 0 {
			t.Errorf("%s: %d posts, %d of them before their claim was on the disk", name, posts, early)
		}
		reports = append(reports, fmt.Sprintf("%s: %d requests, %d before their claim was on the disk", name, posts, early))
	}
	harness.Reached(t, "%s", strings.Join(reports, "; "))
}
