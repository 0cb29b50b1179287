//go:build bench

package acceptance

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/ingest/ingesttest"
)

// What the program is measured with: one private chat on a fake of Telegram, and countries from the built-in table.
const (
	benchChat = 42
	benchUser = 7
	benchSeed = 2026
	measured  = `
friendly = ["BE"]
timezone = "UTC"
database = "$DIR/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
[enrich]
whois = false
[digest]
at = ""
[telegram]
chats = [42]
users = [7]
api = "$TELEGRAM"
`
)

// binary builds the program as it is released.
func binary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "friendlyfire")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", path, ".")
	build.Dir = harness.Root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// madeUp are so many bans of the year that ended two hours ago: none is news, and none old enough to be forgotten.
func madeUp(rows int) ingesttest.Bans {
	return ingesttest.Bans{Seed: benchSeed, Rows: rows, End: time.Now().Add(-2 * time.Hour).Truncate(time.Second), Span: 360 * 24 * time.Hour}
}

// fill makes the scene's file anew, of these bans alone, and returns its size.
func fill(s *harness.Scene, bans ingesttest.Bans) int64 {
	s.T.Helper()
	f, err := os.Create(s.Bans)
	if err != nil {
		s.T.Fatal(err)
	}
	size, err := bans.WriteTo(f)
	if err != nil {
		s.T.Fatal(err)
	}
	if err := f.Close(); err != nil {
		s.T.Fatal(err)
	}
	return size
}

// of is a command of the binary in this scene.
func commandOf(s *harness.Scene, binary string, args ...string) *exec.Cmd {
	cmd := s.Command(context.WithoutCancel(s.T.Context()), args...)
	cmd.Path, cmd.Args[0] = binary, binary
	return cmd
}

// spent is what a process took.
type spent struct{ wall, cpu time.Duration }

// walls and cpus are the medians.
func walls(all []spent) time.Duration {
	return median(each(all, func(s spent) time.Duration { return s.wall }))
}

func cpus(all []spent) time.Duration {
	return median(each(all, func(s spent) time.Duration { return s.cpu }))
}

func each(all []spent, of func(spent) time.Duration) (some []time.Duration) {
	for _, s := range all {
		some = append(some, of(s))
	}
	return some
}

// measure runs a command to its end. It must succeed.
func measure(t *testing.T, cmd *exec.Cmd) spent {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, stdout.String(), stderr.String())
	}
	return spent{time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
}

// botProcess is the real binary, running in its scene, and the chat it speaks to.
type botProcess struct {
	*harness.Scene
	binary string
	chat   *telegramtest.Server
	env    []string
	output bytes.Buffer
	cmd    *exec.Cmd
}

// newBot is a bot that has not been started.
func newBot(t *testing.T, binary string, env ...string) *botProcess {
	t.Helper()
	chat := telegramtest.Start(t)
	return &botProcess{
		Scene: harness.NewScene(t, strings.ReplaceAll(measured, "$TELEGRAM", chat.URL())), binary: binary, chat: chat,
		env: append(env, "FRIENDLYFIRE_TELEGRAM_TOKEN="+telegramtest.Token),
	}
}

func (b *botProcess) begin() {
	b.T.Helper()
	b.cmd = commandOf(b.Scene, b.binary, "run")
	b.cmd.Env = append(b.cmd.Env, b.env...)
	b.cmd.Stdout, b.cmd.Stderr = &b.output, &b.output
	if err := b.cmd.Start(); err != nil {
		b.T.Fatal(err)
	}
	b.T.Cleanup(func() {
		if b.cmd.ProcessState == nil {
			b.cmd.Process.Kill()
			b.cmd.Wait()
		}
		if b.T.Failed() {
			b.T.Logf("the bot said:\n%s", b.output.String())
		}
	})
}

func (b *botProcess) end() {
	b.T.Helper()
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.T.Fatal(err)
	}
	if err := b.cmd.Wait(); err != nil {
		b.T.Errorf("stopped with %v", err)
	}
}

// started starts the bot, waits until it takes commands, and lets the work of its start come to rest.
func (b *botProcess) started() {
	b.T.Helper()
	before := len(b.chat.Requests("getUpdates"))
	b.begin()
	b.chat.Await(b.T, patience, func() bool { return len(b.chat.Requests("getUpdates")) > before })
	time.Sleep(2 * time.Second)
}

// imported starts the bot and returns how long it takes until it says that it has imported so many bans.
func (b *botProcess) imported(rows int) time.Duration {
	b.T.Helper()
	began := time.Now()
	b.begin()
	b.chat.Await(b.T, time.Hour, func() bool { return len(b.posts()) > 0 })
	first := b.posts()[0]
	if want := fmt.Sprintf("Imported %s bans ", thousands(rows)); !strings.HasPrefix(first.Params["text"], want) {
		b.T.Fatalf("the bot says %q, want %q", first.Params["text"], want)
	}
	return first.Time.Sub(began)
}

func (b *botProcess) posts() []telegramtest.Request {
	return b.chat.Requests("sendMessage", "sendPhoto")
}

// ask types a command and returns how long it takes until the answer is being sent.
func (b *botProcess) ask(command string) time.Duration {
	b.T.Helper()
	before := len(b.posts())
	asked := time.Now()
	b.chat.Say(benchChat, 0, benchUser, command)
	b.chat.Await(b.T, patience, func() bool {
		posts := b.posts()
		return len(posts) > before && posts[before].Status != 0
	})
	return b.posts()[before].Time.Sub(asked)
}

// patience is how long anything but an import may take before it counts as not happening: a slow machine is no failure.
const patience = 15 * time.Minute

// breath is the pause that Telegram wants between two messages to a chat.
const breath = 1100 * time.Millisecond

// questions are the reports of every kind, over these periods.
func questions(periods ...string) (all []string) {
	for _, period := range periods {
		for _, kind := range bot.Kinds() {
			all = append(all, "/report "+kind+" "+period)
		}
	}
	return all
}

// reports asks n times for a report, all questions in turn, and returns what each answer takes. A question comes again
// when its last answer is too old to be given again.
func (b *botProcess) reports(n int, questions []string) map[string][]spent {
	b.T.Helper()
	took, last := map[string][]spent{}, map[string]time.Time{}
	for i := range n {
		q := questions[i%len(questions)]
		time.Sleep(max(breath, time.Until(last[q].Add(11*time.Second))))
		cpu := b.cpu()
		wall := b.ask(q)
		took[q], last[q] = append(took[q], spent{wall, b.cpu() - cpu}), time.Now()
	}
	return took
}

// proc reads a file of the bot's in /proc.
func (b *botProcess) proc(file string) string {
	b.T.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", b.cmd.Process.Pid, file))
	if err != nil {
		b.T.Fatal(err)
	}
	return string(text)
}

// field is the number behind a name, "VmRSS:" for one.
func (b *botProcess) field(file, name string) int64 {
	b.T.Helper()
	for line := range strings.Lines(b.proc(file)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == name {
			n, err := strconv.ParseInt(words[1], 10, 64)
			if err != nil {
				b.T.Fatal(err)
			}
			return n
		}
	}
	b.T.Fatalf("no %s in %s", name, file)
	return 0
}

// rss is the memory that the bot holds, in MB, and peak the most it ever held, the pages of its own file among it.
func (b *botProcess) rss() float64  { return float64(b.field("status", "VmRSS:")) / 1024 }
func (b *botProcess) peak() float64 { return float64(b.field("status", "VmHWM:")) / 1024 }

// mapped is what of the memory is pages of files, which the system can drop and read again, in MB.
func (b *botProcess) mapped() float64 { return float64(b.field("status", "RssFile:")) / 1024 }

// written is what the bot has caused to be written to a disk, in bytes.
func (b *botProcess) written() int64 { return b.field("io", "write_bytes:") }

// cpu is the time on a processor of all threads that live.
func (b *botProcess) cpu() (total time.Duration) {
	b.T.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", b.cmd.Process.Pid))
	if err != nil || len(threads) == 0 {
		b.T.Fatalf("no schedstat: %v", err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			b.T.Fatal(err)
		}
		total += time.Duration(ns)
	}
	return total
}

// copyOf is another bot with a copy of what this one, which does not run, has read.
func (b *botProcess) copyOf() *botProcess {
	b.T.Helper()
	c := newBot(b.T, b.binary)
	for _, name := range []string{"bans.csv", "friendlyfire.db"} {
		if out, err := exec.CommandContext(b.T.Context(), "cp", "-p", filepath.Join(b.Dir, name), filepath.Join(c.Dir, name)).CombinedOutput(); err != nil {
			b.T.Fatalf("%v: %s", err, out)
		}
	}
	return c
}

// databaseSize is in bytes.
func (b *botProcess) databaseSize() (size int64) {
	for _, suffix := range []string{"", "-wal"} {
		if fi, err := os.Stat(filepath.Join(b.Dir, "friendlyfire.db"+suffix)); err == nil {
			size += fi.Size()
		}
	}
	return size
}

// quantile is the smallest value that a part q of all does not exceed.
func quantile(all []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func median(all []time.Duration) time.Duration { return quantile(all, 0.5) }

// together are all, whatever the question.
func together(all map[string][]spent) []spent {
	return slices.Concat(slices.Collect(maps.Values(all))...)
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
