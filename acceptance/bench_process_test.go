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

// The program is measured with one private chat on a fake of Telegram, and countries from the built-in table.
const (
	benchChat = 42
	benchUser = 7
	benchSeed = 2026
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

// madeUp are so many bans of the year that ended two hours ago: none is news, and none old enough to be purged.
func madeUp(rows int) ingesttest.Bans {
	return ingesttest.Bans{
		Seed: benchSeed, Rows: rows, End: time.Now().Add(-2 * time.Hour).Truncate(time.Second),
		Span: 360 * 24 * time.Hour,
	}
}

// fill replaces the scene's file with one of these bans, and returns its size.
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

// newBenchScene is a scene of TableOnly for this binary.
func newBenchScene(t *testing.T, binary string, changes ...harness.Change) *harness.Scene {
	t.Helper()
	s := harness.NewScene(t, harness.TableOnly, changes...)
	s.Program = binary
	return s
}

// spent is the time that a process took.
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

// botProcess is the released program, running in its scene, and the fake that it posts to.
type botProcess struct {
	*harness.Scene
	chat   *telegramtest.Server
	output bytes.Buffer
	cmd    *exec.Cmd
}

// newBot is a bot that has not been started.
func newBot(t *testing.T, binary string, env ...string) *botProcess {
	t.Helper()
	chat := telegramtest.Start(t)
	s := harness.NewTelegramScene(t, chat, harness.Change{
		"chats = [-1001]", fmt.Sprintf("chats = [%d]", benchChat), "[telegram]", "[digest]\nat = \"\"\n[telegram]",
	})
	s.Program, s.Env = binary, append(s.Env, env...)
	return &botProcess{Scene: s, chat: chat}
}

func (b *botProcess) begin() {
	b.T.Helper()
	b.cmd = b.Command(context.WithoutCancel(b.T.Context()), "run")
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
			b.T.Logf("the program printed:\n%s", b.output.String())
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

// started starts the bot, and waits until it takes commands and has finished the work of its start.
func (b *botProcess) started() {
	b.T.Helper()
	before := len(b.chat.Requests("getUpdates"))
	b.begin()
	b.chat.Await(b.T, timeout, func() bool { return len(b.chat.Requests("getUpdates")) > before })
	time.Sleep(2 * time.Second)
}

// imported starts the bot and returns how long it takes until it reports that it has imported so many bans.
func (b *botProcess) imported(rows int) time.Duration {
	b.T.Helper()
	began := time.Now()
	b.begin()
	b.chat.Await(b.T, time.Hour, func() bool { return len(b.posts()) > 0 })
	first := b.posts()[0]
	want := "Read " + strings.ReplaceAll(thousands(rows), ",", "\u202f") + " bans, "
	if !strings.HasPrefix(first.Params["text"], want) {
		b.T.Fatalf("the bot posted %q, want %q", first.Params["text"], want)
	}
	return first.Time.Sub(began)
}

func (b *botProcess) posts() []telegramtest.Request {
	return b.chat.Requests("sendMessage", "sendPhoto")
}

// ask sends a command and returns how long it takes until the answer comes.
func (b *botProcess) ask(command string) time.Duration {
	b.T.Helper()
	before := len(b.posts())
	asked := time.Now()
	b.chat.Say(benchChat, 0, benchUser, command)
	b.chat.Await(b.T, timeout, func() bool {
		posts := b.posts()
		return len(posts) > before && posts[before].Status != 0
	})
	return b.posts()[before].Time.Sub(asked)
}

// timeout is for everything but an import. It is long, because a slow machine is not a failure.
const timeout = 15 * time.Minute

// messagePause is the pause that Telegram wants between two messages to a chat.
const messagePause = 1100 * time.Millisecond

// questions are the reports of every kind, over these periods.
func questions(periods ...string) (all []string) {
	for _, period := range periods {
		for _, kind := range bot.Kinds() {
			all = append(all, "/report "+kind+" "+period)
		}
	}
	return all
}

// reports asks n times for a report, all questions in turn, and returns what each answer takes. A question is repeated
// only when its last answer is too old to be sent again.
func (b *botProcess) reports(n int, questions []string) map[string][]spent {
	b.T.Helper()
	took, last := map[string][]spent{}, map[string]time.Time{}
	for i := range n {
		q := questions[i%len(questions)]
		time.Sleep(max(messagePause, time.Until(last[q].Add(11*time.Second))))
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

// field is the number behind a name, such as "VmRSS:".
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

// rss is the resident memory of the bot in MB, including the pages of its own file; peak is its maximum.
func (b *botProcess) rss() float64  { return float64(b.field("status", "VmRSS:")) / 1024 }
func (b *botProcess) peak() float64 { return float64(b.field("status", "VmHWM:")) / 1024 }

// mapped is the part of rss that is pages of files, which the system can drop and read again, in MB.
func (b *botProcess) mapped() float64 { return float64(b.field("status", "RssFile:")) / 1024 }

// written is how much the bot has written to a disk, in bytes.
func (b *botProcess) written() int64 { return b.field("io", "write_bytes:") }

// cpu is the processor time of all threads that still run.
func (b *botProcess) cpu() (total time.Duration) {
	b.T.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", b.cmd.Process.Pid))
	if err != nil || len(threads) == 0 {
		b.T.Fatalf("no schedstat: %v", err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // the thread has ended
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			b.T.Fatal(err)
		}
		total += time.Duration(ns)
	}
	return total
}

// copyOf is another bot with a copy of all that this one has read. Neither is running.
func (b *botProcess) copyOf() *botProcess {
	b.T.Helper()
	c := newBot(b.T, b.Program)
	for _, name := range []string{"bans.csv", "friendlyfire.db"} {
		cp := exec.CommandContext(b.T.Context(), "cp", "-p", filepath.Join(b.Dir, name), filepath.Join(c.Dir, name))
		if out, err := cp.CombinedOutput(); err != nil {
			b.T.Fatalf("%v: %s", err, out)
		}
	}
	return c
}

// databaseSize is in bytes.
func (b *botProcess) databaseSize() int64 {
	return harness.FileSize(b.Database) + harness.FileSize(b.Database+"-wal")
}

// quantile is the smallest value that the share q of all values does not exceed.
func quantile(all []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func median(all []time.Duration) time.Duration { return quantile(all, 0.5) }

// together joins the answers to all questions.
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
