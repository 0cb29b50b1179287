package harness

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/sample"
	"friendlyfire/store"
)

// Scene is a program's surroundings: a folder with a configuration and a file of bans.
type Scene struct {
	T      *testing.T
	Dir    string
	Config string
	Bans   string
	Env    []string
	Under  []string // a command that starts the program: strace, a shell
}

func NewScene(t *testing.T, config string) *Scene {
	t.Helper()
	dir := t.TempDir()
	s := &Scene{T: t, Dir: dir, Config: filepath.Join(dir, "config.toml"), Bans: filepath.Join(dir, "bans.csv")}
	config = strings.NewReplacer("$DIR", dir).Replace(config)
	if err := os.WriteFile(s.Config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Append("DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH,MATCHES\n")
	return s
}

func (s *Scene) Append(text string) {
	s.T.Helper()
	f, err := os.OpenFile(s.Bans, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		s.T.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		s.T.Fatal(err)
	}
	if err := f.Close(); err != nil {
		s.T.Fatal(err)
	}
}

// BanRow is a row of the rich form.
func BanRow(at time.Time, address, jail, evidence string) string {
	return fmt.Sprintf("%s,%s,%s,5,3600,1,%d,%s\n", at.UTC().Format("2006-01-02,15:04:05"), address, jail, at.Unix(),
		base64.StdEncoding.EncodeToString([]byte(evidence)))
}

func (s *Scene) Command(ctx context.Context, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		s.T.Fatal(err)
	}
	line := slices.Concat(s.Under, []string{self, "--config", s.Config}, args)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Dir = s.Dir
	cmd.Env = append(os.Environ(), append(s.Env, AsProgram())...)
	return cmd
}

// Run runs a command to its end.
func (s *Scene) Run(args ...string) (stdout, stderr string, code int) {
	s.T.Helper()
	cmd := s.Command(s.T.Context(), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // its code tells
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// Start starts the bot; it is killed when the test ends, if it still runs.
func (s *Scene) Start(args ...string) *Process {
	s.T.Helper()
	p := &Process{t: s.T, Cmd: s.Command(context.WithoutCancel(s.T.Context()), args...)}
	p.Cmd.Stdout, p.Cmd.Stderr = p, p
	if err := p.Cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() {
		if p.Cmd.ProcessState == nil {
			p.Cmd.Process.Kill()
			p.Cmd.Wait()
		}
		if s.T.Failed() {
			s.T.Log("the program said:\n" + p.Text())
		}
	})
	return p
}

// Addresses of the sample that the built-in table places in Belgium and elsewhere.
const (
	Belgian  = "34.38.29.62"
	Belgian2 = "104.155.5.16"
	Foreign  = "47.74.15.96"
)

// WithBoth is a configuration of both platforms, at the addresses of their fakes.
const WithBoth = `
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

// Quiet is a change of withBoth: nothing is said that no ban has caused.
var Quiet = strings.NewReplacer(`at = "00:00"`, `at = ""`, `every = "1s"`, "every = \"1s\"\nsilent_after = \"0s\"")

// FriendlyV6 is a change of withBoth: 2001:db8::/32 is friendly.
var FriendlyV6 = []string{`"203.0.113.0/24"`, `"2001:db8::/32"`}

// NewQuietScene is a scene with both platforms, their tokens in files, and no digests.
func NewQuietScene(t *testing.T, both Platforms, changes ...string) *Scene {
	t.Helper()
	return NewTokenScene(t, strings.NewReplacer(changes...).Replace(Quiet.Replace(both.Config())))
}

// NewTokenScene is a scene whose tokens stand in files, so that tests can run side by side.
func NewTokenScene(t *testing.T, config string) *Scene {
	t.Helper()
	s := NewScene(t, TokenFiles.Replace(config))
	s.Tokens()
	return s
}

// TokenFiles is a change of withBoth: the tokens stand in files.
var TokenFiles = strings.NewReplacer(
	"[telegram]\n", "[telegram]\ntoken_file = \"$DIR/telegram\"\n",
	"[discord]\n", "[discord]\ntoken_file = \"$DIR/discord\"\n",
)

// Tokens writes these files.
func (s *Scene) Tokens() {
	s.T.Helper()
	s.Place(filepath.Join(s.Dir, "telegram"), []byte(telegramtest.Token))
	s.Place(filepath.Join(s.Dir, "discord"), []byte(discordtest.Token))
}

// Reconfigure changes the configuration; the next start reads it.
func (s *Scene) Reconfigure(change ...string) {
	s.T.Helper()
	text, err := os.ReadFile(s.Config)
	if err != nil {
		s.T.Fatal(err)
	}
	if err := os.WriteFile(s.Config, []byte(strings.NewReplacer(change...).Replace(string(text))), 0o600); err != nil {
		s.T.Fatal(err)
	}
}

// FileSize is in bytes, 0 for a file that is not there.
func FileSize(path ...string) int64 {
	info, err := os.Stat(filepath.Join(path...))
	if err != nil {
		return 0
	}
	return info.Size()
}

// Kept opens the database of a bot that does not run.
func (s *Scene) Kept() *store.Store {
	s.T.Helper()
	db, err := store.Open(s.T.Context(), filepath.Join(s.Dir, "state", "friendlyfire.db"))
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { db.Close() })
	return db
}

// Place puts a file where it was not.
func (s *Scene) Place(name string, data []byte) {
	s.T.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		s.T.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		s.T.Fatal(err)
	}
}

const TableOnly = `
friendly = ["BE"]
timezone = "UTC"
database = "$DIR/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
[enrich]
whois = false
`

// Sampled is a scene whose file of bans is the shipped sample.
func Sampled(t *testing.T) *Scene {
	t.Helper()
	s := NewScene(t, TableOnly)
	if err := os.WriteFile(s.Bans, sample.Bans, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// Addresses are so many of a friendly network. The range is for benchmarks (RFC 2544).
func Addresses(n int) []string {
	all := make([]string, n)
	a := netip.MustParseAddr("198.18.0.0")
	for i := range all {
		a = a.Next()
		all[i] = a.String()
	}
	return all
}

var FriendlyRange = []string{`friendly = ["BE", "203.0.113.0/24"]`, `friendly = ["BE", "198.18.0.0/15"]`}

// BanRows are bans of the addresses, all at once.
func BanRows(at time.Time, addresses []string) string {
	var b strings.Builder
	for _, a := range addresses {
		b.WriteString(BanRow(at, a, "sshd", "Failed password for invalid user admin from "+a+" port 40222 ssh2"))
	}
	return b.String()
}

func (s *Scene) Read() string {
	s.T.Helper()
	text, err := os.ReadFile(s.Config)
	if err != nil {
		s.T.Fatal(err)
	}
	return string(text)
}

const WithMetrics = `
friendly = ["BE"]
timezone = "UTC"
database = "$DIR/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
[enrich]
patience = "0s"
[metrics]
listen = "127.0.0.1:9109"
`
