package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
)

// Lines of strace -f -yy: a thread and a call, whose first argument is a descriptor with its path; and the end of a
// call that another thread's call has interrupted. Then an alert in a page of the database, and one in a request.
var (
	traced  = regexp.MustCompile(`^(\d+) +(\w+)\(\d+<([^>]*)>`)
	resumed = regexp.MustCompile(`^(\d+) +<\.\.\. \w+sync resumed>`)
	kept    = keptAlert()
	sent    = regexp.MustCompile(`203\.0\.113\.\d+`)
)

// keptAlert finds an alert in a page of the database as strace shows it: quotes are escaped with a backslash, and the
// letters beyond ASCII, which stand at the beginning, are shown as numbers.
func keptAlert() *regexp.Regexp {
	row, err := json.Marshal(harness.Headline("sshd", "", "ADDRESS"))
	if err != nil {
		panic(err)
	}
	shown, _, _ := strings.Cut(strings.ReplaceAll(string(row), `"`, `\"`), "ADDRESS")
	ascii := strings.LastIndexFunc(shown, func(letter rune) bool { return letter > unicode.MaxASCII })
	_, size := utf8.DecodeRuneInString(shown[max(ascii, 0):])
	return regexp.MustCompile(regexp.QuoteMeta(shown[max(ascii, 0)+size:]) + `([0-9.]+)`)
}

// order reads a trace. It counts the posts, and those of them that left before the alert's row had reached the disk
// twice: when it was inserted, and when it was claimed. A row has reached the disk when the write-ahead log has.
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

// Every message is claimed on the disk before it is sent: after a power cut, the program knows that it may have been
// sent. Each platform is traced by itself, with one chat and one ban at a time, so that nothing else writes an alert's
// row.
func TestR26OrderSurvivesPowerLoss(t *testing.T) {
	t.Parallel()
	harness.Needs(t, "strace")
	bans := harness.Size(3, 3, 50)
	var reports []string
	for name, other := range map[string]string{"Telegram": "discord", "Discord": "telegram"} {
		both := harness.OnLoopback(t)
		s := harness.NewChatScene(t, both, harness.Change{"chats = [-1001, 42]", "chats = [42]"})
		section := regexp.MustCompile(`(?m)^\[` + other + `\]\n([^\[\n].*\n)*`)
		s.Write(s.Config, section.ReplaceAll([]byte(s.ReadConfig()), nil))
		trace := filepath.Join(s.Dir, "trace")
		s.Wrapper = []string{
			"strace", "-D", "-f", "-yy", "-q", "-s", "5000", "-o", trace,
			"-e", "trace=write,writev,sendto,sendmsg,pwrite64,fdatasync,fsync",
		}
		p := s.Start()
		for i := range bans {
			address := fmt.Sprintf("203.0.113.%d", i)
			s.Ban(address)
			harness.Await(t, time.Minute, "an alert", func() bool {
				n := both.Mentions(harness.Alert(address))
				return n["42"]+n[discordtest.Channel] == 1
			})
		}
		p.Stop()
		var text []byte
		exited := regexp.MustCompile(fmt.Sprintf(`(?m)^%d +\+\+\+ exited`, p.Cmd.Process.Pid))
		harness.Await(t, time.Minute, "the end of the trace", func() (ended bool) {
			text, _ = os.ReadFile(trace)
			return exited.Match(text)
		})
		posts, early := order(string(text))
		if posts < bans || early > 0 {
			t.Errorf("%s: %d posts, %d of them before their claim was on the disk", name, posts, early)
		}
		reports = append(reports,
			fmt.Sprintf("%s: %d requests, %d before their claim was on the disk", name, posts, early))
	}
	harness.Reached(t, "%s", strings.Join(reports, "; "))
}
