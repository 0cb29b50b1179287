package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/store"
)

// TestMain makes the test binary the program itself when a test starts it so.
func TestMain(m *testing.M) {
	if os.Getenv("FRIENDLYFIRE_TEST_RUN") != "" {
		// The linker leaves the profile of memory out of the program, where nothing reads one, and not out of a test binary,
		// where its table of 1.4 MB would be touched page by page for hours and pass for a leak.
		runtime.MemProfileRate = 0
		main()
		return
	}
	os.Exit(m.Run())
}

// scene is a program's surroundings: a folder with a configuration and a file of bans.
type scene struct {
	t      *testing.T
	dir    string
	config string
	bans   string
	env    []string
	under  []string // a command that starts the program: strace, a shell
}

func newScene(t *testing.T, config string) *scene {
	t.Helper()
	dir := t.TempDir()
	s := &scene{t: t, dir: dir, config: filepath.Join(dir, "config.toml"), bans: filepath.Join(dir, "bans.csv")}
	config = strings.NewReplacer("$DIR", dir).Replace(config)
	if err := os.WriteFile(s.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s.append("DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH,MATCHES\n")
	return s
}

func (s *scene) append(text string) {
	s.t.Helper()
	f, err := os.OpenFile(s.bans, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// ban is a row of the rich form.
func ban(at time.Time, address, jail, evidence string) string {
	return fmt.Sprintf("%s,%s,%s,5,3600,1,%d,%s\n", at.UTC().Format("2006-01-02,15:04:05"), address, jail, at.Unix(),
		base64.StdEncoding.EncodeToString([]byte(evidence)))
}

// process is the real binary, running.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	mu     sync.Mutex
	output bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

func (s *scene) command(ctx context.Context, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	line := slices.Concat(s.under, []string{self, "--config", s.config}, args)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), append(s.env, "FRIENDLYFIRE_TEST_RUN=1")...)
	return cmd
}

// run runs a command to its end.
func (s *scene) run(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	cmd := s.command(s.t.Context(), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // its code tells
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// start starts the bot; it is killed when the test ends, if it still runs.
func (s *scene) start(args ...string) *process {
	s.t.Helper()
	p := &process{t: s.t, cmd: s.command(context.WithoutCancel(s.t.Context()), args...)}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
		if s.t.Failed() {
			s.t.Log("the program said:\n" + p.text())
		}
	})
	return p
}

// stop ends the bot as a service manager does.
func (p *process) stop() {
	p.t.Helper()
	begun := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("stopped with %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		p.t.Errorf("took %v to stop", took)
	}
}

// Addresses of the sample that the built-in table places in Belgium and elsewhere.
const (
	belgian  = "34.38.29.62"
	belgian2 = "104.155.5.16"
	foreign  = "47.74.15.96"
)

// withBoth is a configuration of both platforms, at the addresses of their fakes.
const withBoth = `
friendly = ["BE", "203.0.113.0/24"]
timezone = "Europe/Brussels"
database = "$DIR/state/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
every = "1s"
[enrich]
whois = false
[digest]
at = "00:00"
[telegram]
chats = [-1001, 42]
users = [7]
api = "$TELEGRAM"
[discord]
channels = ["` + discordtest.Channel + `"]
users = ["` + discordtest.User + `"]
guild = "` + discordtest.Guild + `"
api = "$DISCORD"
`

// platforms are the two fakes, and what they were told.
type platforms struct {
	telegram *telegramtest.Server
	discord  *discordtest.Server
}

func (p platforms) config() string {
	return strings.NewReplacer("$TELEGRAM", p.telegram.URL(), "$DISCORD", p.discord.URL()).Replace(withBoth)
}

// mentions counts, chat by chat, how often something was said.
func (p platforms) mentions(what string) map[string]int {
	n := map[string]int{}
	for _, m := range p.telegram.Messages() {
		n[fmt.Sprint(m.Chat)] += strings.Count(m.Text, what)
	}
	for _, m := range p.discord.Messages() {
		n[m.Channel] += strings.Count(unescape(m.Content), what)
	}
	return n
}

// unescape takes Discord's markup off: what a reader sees.
func unescape(s string) string { return strings.NewReplacer("\\", "", "`", "", "*", "").Replace(s) }

var everyChat = []string{"-1001", "42", discordtest.Channel}

// everywhere reports whether each chat was told so often.
func (p platforms) everywhere(what string, times int) bool {
	n := p.mentions(what)
	return !slices.ContainsFunc(everyChat, func(chat string) bool { return n[chat] != times })
}

func (p platforms) await(t *testing.T, what string, times int) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if p.everywhere(what, times) {
			return
		}
	}
	t.Fatalf("told of %q: %v, want %d times in each chat", what, p.mentions(what), times)
}

func TestBinaryFromACSVToAlertsAReportAndADigest(t *testing.T) {
	both := platforms{telegramtest.Start(t), discordtest.Start(t)}
	s := newScene(t, strings.Replace(both.config(), `every = "1s"`, "every = \"1s\"\nsilent_after = \"0s\"", 1))
	s.env = []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token, "FRIENDLYFIRE_DISCORD_TOKEN=" + discordtest.Token}
	// The database began the day before yesterday, so that today's digest is due.
	db, err := store.Open(t.Context(), filepath.Join(s.dir, "state", "friendlyfire.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetValue(t.Context(), "store/born", fmt.Sprint(time.Now().Add(-48*time.Hour).Unix())); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	now := time.Now()
	s.append(ban(now.Add(-30*24*time.Hour), belgian, "sshd", ""))
	p := s.start()
	both.await(t, "Imported 1 ban ", 1)
	both.await(t, "sources healthy", 1) // the digest

	s.append(ban(now, foreign, "sshd", "no word of this"))
	s.append(ban(now, belgian, "sshd", "first\nFailed password for @everyone <b>_[x](tg://user?id=1) from "+belgian))
	s.append(ban(now, "203.0.113.7", "nginx-http-auth", ""))
	s.append(strings.TrimSuffix(ban(now, belgian2, "sshd", ""), "\n")) // half a line
	both.await(t, "Belgium banned: "+belgian+"\n", 1)
	both.await(t, "network banned: 203.0.113.7\n", 1)
	if n := both.mentions(belgian2); n["42"] != 0 {
		t.Error("half a line was believed")
	}
	s.append("\n")
	both.await(t, "Belgium banned: "+belgian2+"\n", 1)

	both.telegram.Say(-1001, 0, 8, "/report") // a stranger
	both.telegram.Say(-1001, 0, 7, "/report@"+telegramtest.BotName+" country all")
	const caption = "5 bans of 4 addresses"
	var report telegramtest.Message
	both.telegram.Await(t, 30*time.Second, func() bool {
		for _, m := range both.telegram.Messages() {
			if strings.HasPrefix(m.Text, caption) {
				report = m
			}
		}
		return report.Text != ""
	})
	if report.Chat != -1001 || !isPicture(report.Photo) {
		t.Error("Telegram has no picture of 1280 pixels in the chat that asked")
	}
	both.discord.AwaitListening(t)
	stranger := discordtest.Admin
	stranger.User = discordtest.Stranger
	ignored := both.discord.Slash(stranger, "report")
	answer, err := both.discord.Slash(discordtest.Admin, "report", "by", "country").Answer(t.Context())
	if err != nil || !strings.HasPrefix(unescape(answer.Content), caption) || !isPicture(answer.Photo) {
		t.Errorf("Discord answers %q (%v), want %q and a picture", answer.Content, err, caption)
	}
	typing := both.discord.Type(discordtest.Admin, "ip", "address", "34.")
	nosy := both.discord.Type(stranger, "ip", "address", "34.")
	both.discord.Await(t, 10*time.Second, func() bool { return typing.Proposals() != nil })
	if got := typing.Proposals(); !slices.Equal(got, []string{belgian}) || nosy.Touched() {
		t.Errorf("proposed %q, want %s, and nothing to a stranger (%v)", got, belgian, nosy.Touched())
	}
	if ignored.Touched() {
		t.Error("a stranger got an answer")
	}
	p.stop()

	// Nothing is told twice after a restart, and what came meanwhile is told.
	s.append(ban(now, "203.0.113.8", "sshd", ""))
	p = s.start()
	both.await(t, "network banned: 203.0.113.8\n", 1)
	p.stop()
	for what, times := range map[string]int{
		"Imported ": 1, "sources healthy": 1, " banned: ": 4, foreign: 0, "may repeat": 0,
	} {
		if !both.everywhere(what, times) {
			t.Errorf("told of %q: %v, want %d times in each chat", what, both.mentions(what), times)
		}
	}
	if both.discord.Mentions() != 0 {
		t.Error("somebody was mentioned")
	}
	if strings.Contains(p.text(), "CANARY") {
		t.Error("a token was printed")
	}
}

func isPicture(data []byte) bool {
	picture, err := png.Decode(bytes.NewReader(data))
	return err == nil && picture.Bounds().Dx() == 1280
}

func TestDayAndAHalfUnderTheClock(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector, which -short is for, the day takes minutes; other tests keep the clock there")
	}
	underTheClock(t, func(t *testing.T, b *bubble) {
		stop := b.start()
		want := 0
		for hour := range 36 { // from 01:00 in Brussels on 1 January 2000
			b.append(ban(time.Now(), foreign, "sshd", ""))
			if hour%6 == 0 {
				b.append(ban(time.Now(), belgian, "sshd", ""))
				want++
			}
			time.Sleep(time.Hour)
		}
		stop()
		for what, times := range map[string]int{
			"Belgium banned: " + belgian: want, foreign: 0, "sources healthy": 2, "Fri 31 Dec: 0 bans\n": 1, "may repeat": 0, "Trouble": 0, "silent": 0,
			"Sat 1 Jan: 27 bans\nCountries: United States 23, Belgium 4\nJails: sshd 27\nFriendly: 4 bans\n": 1,
		} {
			if !b.everywhere(what, times) {
				t.Errorf("told of %q: %v, want %d times in each chat", what, b.mentions(what), times)
			}
		}
		for _, m := range b.telegram.Messages() {
			if strings.Contains(m.Text, "27 bans") && !isPicture(m.Photo) {
				t.Error("the digest has no picture")
			}
		}
	}, `at = "00:00"`, `at = "08:00"`, "[[source]]", "[[source]]") // a source may be silent for a day, as it is by default
}
