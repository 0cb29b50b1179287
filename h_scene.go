package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/sample"
	"friendlyfire/store"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

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

// quiet is a change of withBoth: nothing is said that no ban has caused.
var quiet = strings.NewReplacer(`at = "00:00"`, `at = ""`, `every = "1s"`, "every = \"1s\"\nsilent_after = \"0s\"")

// friendlyV6 is a change of withBoth: 2001:db8::/32 is friendly.
var friendlyV6 = []string{`"203.0.113.0/24"`, `"2001:db8::/32"`}

// newQuietScene is a scene with both platforms, their tokens in files, and no digests.
func newQuietScene(t *testing.T, both platforms, changes ...string) *scene {
	t.Helper()
	return newTokenScene(t, strings.NewReplacer(changes...).Replace(quiet.Replace(both.config())))
}

// newTokenScene is a scene whose tokens stand in files, so that tests can run side by side.
func newTokenScene(t *testing.T, config string) *scene {
	t.Helper()
	s := newScene(t, tokenFiles.Replace(config))
	s.tokens()
	return s
}

// tokenFiles is a change of withBoth: the tokens stand in files.
var tokenFiles = strings.NewReplacer(
	"[telegram]\n", "[telegram]\ntoken_file = \"$DIR/telegram\"\n",
	"[discord]\n", "[discord]\ntoken_file = \"$DIR/discord\"\n",
)

// tokens writes these files.
func (s *scene) tokens() {
	s.t.Helper()
	s.place(filepath.Join(s.dir, "telegram"), []byte(telegramtest.Token))
	s.place(filepath.Join(s.dir, "discord"), []byte(discordtest.Token))
}

// reconfigure changes the configuration; the next start reads it.
func (s *scene) reconfigure(change ...string) {
	s.t.Helper()
	text, err := os.ReadFile(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.config, []byte(strings.NewReplacer(change...).Replace(string(text))), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// fileSize is in bytes, 0 for a file that is not there.
func fileSize(path ...string) int64 {
	info, err := os.Stat(filepath.Join(path...))
	if err != nil {
		return 0
	}
	return info.Size()
}

// kept opens the database of a bot that does not run.
func (s *scene) kept() *store.Store {
	s.t.Helper()
	db, err := store.Open(s.t.Context(), filepath.Join(s.dir, "state", "friendlyfire.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { db.Close() })
	return db
}

// place puts a file where it was not.
func (s *scene) place(name string, data []byte) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

const tableOnly = `
friendly = ["BE"]
timezone = "UTC"
database = "$DIR/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
[enrich]
whois = false
`

// sampled is a scene whose file of bans is the shipped sample.
func sampled(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, tableOnly)
	if err := os.WriteFile(s.bans, sample.Bans, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// addresses are so many of a friendly network. The range is for benchmarks (RFC 2544).
func addresses(n int) []string {
	all := make([]string, n)
	a := netip.MustParseAddr("198.18.0.0")
	for i := range all {
		a = a.Next()
		all[i] = a.String()
	}
	return all
}

var friendlyRange = []string{`friendly = ["BE", "203.0.113.0/24"]`, `friendly = ["BE", "198.18.0.0/15"]`}

// rows are bans of the addresses, all at once.
func rows(at time.Time, addresses []string) string {
	var b strings.Builder
	for _, a := range addresses {
		b.WriteString(ban(at, a, "sshd", "Failed password for invalid user admin from "+a+" port 40222 ssh2"))
	}
	return b.String()
}

func (s *scene) read() string {
	s.t.Helper()
	text, err := os.ReadFile(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}
