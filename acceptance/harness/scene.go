package harness

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/sample"
	"friendlyfire/store"
)

// Scene is a program's surroundings: a folder with a configuration and a file of bans.
type Scene struct {
	T      *testing.T
	Dir    string
	Config string   // the file
	Bans   string   // the file, in the rich form of CSV
	Env    []string // of the program, beside that of the test
	Under  []string // a command that starts the program: strace, a shell
}

// NewScene is a scene with this configuration, in which $DIR stands for its folder, and with no bans yet.
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

// Command is the program on this scene, not yet started.
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
	p.Cmd.Stdout, p.Cmd.Stderr = &p.output, &p.output
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

// Sampled is a scene whose file of bans is the shipped sample.
func Sampled(t *testing.T) *Scene {
	t.Helper()
	s := NewScene(t, TableOnly)
	if err := os.WriteFile(s.Bans, sample.Bans, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// Read reads the configuration.
func (s *Scene) Read() string {
	s.T.Helper()
	text, err := os.ReadFile(s.Config)
	if err != nil {
		s.T.Fatal(err)
	}
	return string(text)
}
