package harness

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/sample"
	"friendlyfire/store"
)

// Scene is what surrounds a run of the program: a folder with a configuration and a file of bans.
type Scene struct {
	T        *testing.T
	Dir      string
	Config   string   // the file
	Bans     string   // the file, a CSV with all columns
	Database string   // the file that the configuration names
	Env      []string // variables for the program, on top of those of the test
	Wrapper  []string // a command that starts the program: strace, a shell
	Program  string   // the path of the program; if empty, the test binary takes its place
}

// NewScene is a scene with this configuration and these changes to it, and without bans. In both, $DIR stands for the
// scene's folder.
func NewScene(t *testing.T, config string, changes ...Change) *Scene {
	t.Helper()
	dir := t.TempDir()
	s := &Scene{T: t, Dir: dir, Config: filepath.Join(dir, "config.toml"), Bans: filepath.Join(dir, "bans.csv")}
	for _, c := range changes {
		config = c.apply(t, config)
	}
	config = strings.ReplaceAll(config, "$DIR", dir)
	if m := regexp.MustCompile(`(?m)^database = "(.*)"$`).FindStringSubmatch(config); m != nil {
		s.Database = m[1]
	}
	s.Write(s.Config, []byte(config))
	s.Append("DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH,MATCHES\n")
	return s
}

// NewSampleScene is a scene of TableOnly whose file of bans is the shipped sample.
func NewSampleScene(t *testing.T, changes ...Change) *Scene {
	t.Helper()
	s := NewScene(t, TableOnly, changes...)
	s.Write(s.Bans, sample.Bans)
	return s
}

// NewTelegramScene is a scene of TableOnly with one group on Telegram, and the token in the environment.
func NewTelegramScene(t *testing.T, telegram *telegramtest.Server, changes ...Change) *Scene {
	t.Helper()
	s := NewScene(t, withTelegram, append([]Change{{"$TELEGRAM", telegram.URL()}}, changes...)...)
	s.Env = TokensInEnv()[:1]
	return s
}

// NewChatScene is a scene with chats on all of the platforms and their tokens in files. Unless a change says otherwise,
// the program reports nothing of its own accord.
func NewChatScene(t *testing.T, platforms Platforms, changes ...Change) *Scene {
	t.Helper()
	sections := []string{withBoth}
	for _, other := range platforms.Others {
		sections = append(sections, other.Section())
	}
	s := NewScene(t, strings.Join(sections, ""), append([]Change{platforms.Addresses()}, changes...)...)
	for _, other := range platforms.Others {
		for name, text := range other.Files() {
			s.Write(filepath.Join(s.Dir, name), []byte(text))
		}
	}
	s.Write(filepath.Join(s.Dir, "telegram"), []byte(telegramtest.Token))
	s.Write(filepath.Join(s.Dir, "discord"), []byte(discordtest.Token))
	return s
}

// TokensInEnv are the variables that hold the tokens of the fakes, Telegram's first.
func TokensInEnv() []string {
	return []string{
		"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token,
		"FRIENDLYFIRE_DISCORD_TOKEN=" + discordtest.Token,
	}
}

// Append appends to the file of bans.
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

// Ban appends a ban of the address that sshd has caused just now.
func (s *Scene) Ban(address string) {
	s.T.Helper()
	s.Append(BanRow(time.Now(), address, "sshd", ""))
}

// Write writes a file, and makes the folders on its way.
func (s *Scene) Write(name string, data []byte) {
	s.T.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		s.T.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		s.T.Fatal(err)
	}
}

// ReadConfig returns the text of the configuration.
func (s *Scene) ReadConfig() string {
	s.T.Helper()
	text, err := os.ReadFile(s.Config)
	if err != nil {
		s.T.Fatal(err)
	}
	return string(text)
}

// Reconfigure changes the configuration; the next start reads it.
func (s *Scene) Reconfigure(change ...string) {
	s.T.Helper()
	s.Write(s.Config, []byte(Change(change).apply(s.T, s.ReadConfig())))
}

// OpenStore opens the database, and closes it when the test ends.
func (s *Scene) OpenStore() *store.Store {
	s.T.Helper()
	return OpenStore(s.T, s.Database)
}

// Backdate makes a database that is this old. The digest of a database begins with its first full day.
func (s *Scene) Backdate(age time.Duration) {
	s.T.Helper()
	db := s.OpenStore()
	if err := db.SetValue(s.T.Context(), "store/born", fmt.Sprint(time.Now().Add(-age).Unix())); err != nil {
		s.T.Fatal(err)
	}
	if err := db.Close(); err != nil {
		s.T.Fatal(err)
	}
}

// Command is the program in this scene, not yet started.
func (s *Scene) Command(ctx context.Context, args ...string) *exec.Cmd {
	s.T.Helper()
	self, err := os.Executable()
	if err != nil {
		s.T.Fatal(err)
	}
	line := slices.Concat(s.Wrapper, []string{cmp.Or(s.Program, self), "--config", s.Config}, args)
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

// MustRun runs a command to its end, which must be a good one, and returns what it printed.
func (s *Scene) MustRun(args ...string) (stdout string) {
	s.T.Helper()
	stdout, stderr, code := s.Run(args...)
	if code != 0 {
		s.T.Fatalf("%q ended with code %d: %s", args, code, stderr)
	}
	return stdout
}

// Start starts the bot, which is killed at the end of the test if it is still running.
func (s *Scene) Start(args ...string) *Process {
	s.T.Helper()
	p := &Process{t: s.T, Cmd: s.Command(context.WithoutCancel(s.T.Context()), args...)}
	p.Cmd.Stdout, p.Cmd.Stderr = &p.output, &p.output
	if err := p.Cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	s.killAfter(p)
	return p
}

// killAfter kills the bot at the end of the test if it is still running.
func (s *Scene) killAfter(p *Process) {
	s.T.Cleanup(func() {
		if p.Cmd.ProcessState == nil {
			p.Cmd.Process.Kill()
			p.Cmd.Wait()
		}
		if s.T.Failed() {
			s.T.Log("the program printed:\n" + p.Text())
		}
	})
}
