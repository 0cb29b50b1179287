package cli

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
	"friendlyfire/bot/telegram/telegramtest"
)

// newcomer is a machine on which the package was installed just now, below a folder.
type newcomer struct {
	t          *testing.T
	root       string
	configFile string
	tools      string // what PATH has
	both       harness.Platforms
}

const belgianLine = "%s,123 fail2ban.actions        [712]: NOTICE  [sshd] Ban " + harness.Belgian + "\n"

// newNewcomer has a log with a ban of ten minutes ago, and two rotated ones.
func newNewcomer(t *testing.T) *newcomer {
	t.Helper()
	n := &newcomer{t: t, root: t.TempDir(), tools: t.TempDir(), both: harness.OnLoopback(t)}
	n.both.Telegram.SetChat(telegramtest.Chat{ID: -1001234567890, Title: "Ops"})
	n.configFile = n.path("/etc/friendlyfire/config.toml")
	text := strings.NewReplacer(
		`database = "friendlyfire.db"`, fmt.Sprintf("database = %q", n.path("/var/lib/friendlyfire/friendlyfire.db")),
		`path = "sample/bans.csv"          #`, fmt.Sprintf("path = %q    #", n.path("/var/log/fail2ban.log")),
		`api = "https://api.telegram.org"`, fmt.Sprintf("api = %q", n.both.Telegram.URL()),
		`api = "https://discord.com"`, fmt.Sprintf("api = %q", n.both.Discord.URL()),
		"whois = true ", "whois = false",
	).Replace(string(harness.Defaults()))
	n.write("/etc/friendlyfire/config.toml", text)
	n.write("/var/lib/friendlyfire/.keep", "")
	n.write("/var/log/fail2ban.log", fmt.Sprintf(belgianLine, time.Now().Add(-10*time.Minute).Format(time.DateTime)))
	n.write("/var/log/fail2ban.log.1", fmt.Sprintf(belgianLine, time.Now().AddDate(0, 0, -7).Format(time.DateTime)))
	n.write("/var/log/fail2ban.log.2.gz", zipped(t, fmt.Sprintf(belgianLine, time.Now().AddDate(0, 0, -14).Format(time.DateTime))))
	n.write("/usr/share/zoneinfo/zone.tab", "# codes\nBE\t+5050+00420\tEurope/Brussels\n")
	t.Setenv("TZ", "Europe/Brussels")
	t.Setenv("PATH", n.tools)
	for _, tool := range []string{"test", "cat", "rm", "sh"} {
		if err := os.Symlink("/usr/bin/"+tool, filepath.Join(n.tools, tool)); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func (n *newcomer) path(name string) string { return filepath.Join(n.root, name) }

func (n *newcomer) write(name, text string) {
	n.t.Helper()
	if err := os.MkdirAll(filepath.Dir(n.path(name)), 0o755); err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(n.path(name), []byte(text), 0o644); err != nil {
		n.t.Fatal(err)
	}
}

func (n *newcomer) read(name string) string {
	n.t.Helper()
	text, err := os.ReadFile(n.path(name))
	if err != nil {
		n.t.Fatal(err)
	}
	return string(text)
}

// tool makes a program of the machine.
func (n *newcomer) tool(name, script string) {
	n.t.Helper()
	if err := os.WriteFile(filepath.Join(n.tools, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		n.t.Fatal(err)
	}
}

func (n *newcomer) env(terminal *os.File) app.Env {
	return app.Env{
		Defaults: harness.Defaults(), Root: n.root, SystemFile: n.configFile, In: terminal, Out: terminal, Err: terminal,
	}
}

// talk starts a command in a terminal.
func (n *newcomer) talk(args ...string) *harness.Dialogue {
	n.t.Helper()
	n.t.Chdir(n.t.TempDir())
	ctx, stop := context.WithCancel(n.t.Context())
	return harness.Within(n.t, stop, func(terminal *os.File) int { return Run(ctx, args, n.env(terminal)) })
}

// files are all files of the machine with what they hold, but for the database.
func (n *newcomer) files() map[string]string {
	n.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(n.root, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && !strings.Contains(path, "/var/lib/") {
			text, err := os.ReadFile(path)
			all[strings.TrimPrefix(path, n.root)] = string(text)
			return err
		}
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return all
}

// From the installed package to the first message in the chat, by one who presses Enter.
func TestInitSetsUpByEnterAndAToken(t *testing.T) {
	n := newNewcomer(t)
	before := n.read("/etc/friendlyfire/config.toml")
	began := time.Now()
	d := n.talk("init")
	d.Await("Your users: [BE] ")
	d.Type("be, Netherlands, 203.0.113.0/24 as5432\n")
	d.Await("Which is to be read?")
	d.Type("\n")
	d.Await("called in alerts?")
	d.Type("mail\n")
	d.Await("Rotated files beside it: 2. Read them in as history, without alerts? [yes] ")
	d.Type("\n")
	d.Await("Which chat is to be told?")
	d.Type("\n")
	d.Await("not shown as you type or paste it:")
	d.Type(telegramtest.Token + "\n")
	d.Await("Go ahead? [yes] ")
	d.Type("\n")
	code := d.Code()
	n.both.Telegram.Say(-1001234567890, 0, 7, "/pair@"+telegramtest.BotName+" "+code)
	d.Await("[y/N] ")
	d.Type("y\n")
	n.both.Telegram.AwaitMessages(t, 1)
	t.Logf("the first message came %v after init was started", time.Since(began).Round(time.Millisecond))
	if code := d.End(); code != exitDone || !strings.Contains(d.String(), "Everything is in order.\n") {
		t.Errorf("ended with %d", code)
	}
	if strings.Contains(d.String(), "CANARY") {
		t.Error("the token is shown")
	}
	if m := n.both.Telegram.Messages(); len(m) != 3 || !strings.HasPrefix(m[1].Text, "This is a test, and nobody was banned.") {
		t.Errorf("%d messages, want the greeting, a test alert and a test picture", len(m))
	}

	token := n.path("/etc/friendlyfire/telegram")
	after := n.read("/etc/friendlyfire/config.toml")
	want := strings.NewReplacer(
		`friendly = ["BE"]                 #`, `friendly = ["BE", "NL", "203.0.113.0/24", "AS5432"] #`,
		`name = "web1"                     #`, `name = "mail"                     #`,
		`token_file = ""                   # "/etc/friendlyfire/telegram";`, fmt.Sprintf(`token_file = %q # "/etc/friendlyfire/telegram";`, token),
		`chats = []                        #`, `chats = [-1001234567890]          #`,
		`users = []                        # [123456789]: who may command,`, `users = [7]                       # [123456789]: who may command,`,
	).Replace(before)
	if after != want {
		t.Errorf("the configuration is\n%s", after)
	}
	if n.read("/etc/friendlyfire/config.toml.bak") != before {
		t.Error("the configuration before is not kept")
	}
	if info, err := os.Stat(token); err != nil || info.Mode().Perm() != 0o600 ||
		n.read("/etc/friendlyfire/telegram") != telegramtest.Token+"\n" {
		t.Errorf("token: %v, %v", info, err)
	}
}

// run runs a command without a terminal.
func (n *newcomer) run(args ...string) (out string, code int) {
	n.t.Helper()
	n.t.Chdir(n.t.TempDir())
	var b bytes.Buffer
	env := n.env(nil)
	env.In, env.Out, env.Err = strings.NewReader(""), &b, &b
	code = Run(n.t.Context(), args, env)
	return b.String(), code
}

// byFlags are flags that answer everything.
func (n *newcomer) byFlags(more ...string) []string {
	n.t.Helper()
	file := filepath.Join(n.t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(telegramtest.Token+"\n"), 0o600); err != nil {
		n.t.Fatal(err)
	}
	return append([]string{
		"init", "--yes", "--friendly", "BE,NL", "--platform", "telegram", "--token-file", file,
		"--chat", "-1001234567890", "--user", "7",
	}, more...)
}

func TestInitByFlagsAsksNothingAndASecondTimeChangesNothing(t *testing.T) {
	n := newNewcomer(t)
	args := n.byFlags("--name", "mail")
	began := time.Now()
	out, code := n.run(args...)
	if messages := n.both.Telegram.Messages(); code != exitDone || len(messages) != 2 {
		t.Fatalf("code %d, %d messages: %s", code, len(messages), out)
	}
	t.Logf("by flags, all of it took %v", time.Since(began).Round(time.Millisecond))
	if strings.Contains(out, "CANARY") {
		t.Error("the token is shown")
	}
	if rows := n.mustRun("report", "--since", "all", "--json"); !strings.Contains(rows, `"total":3`) {
		t.Errorf("the history is not read in: %s", rows)
	}
	before := n.files()
	for name, again := range map[string][]string{"the same": args, "nothing": {"init", "--yes"}} {
		out, code := n.run(again...)
		if code != exitDone || !strings.Contains(out, "There is nothing to change.") {
			t.Errorf("%s again: code %d: %s", name, code, out)
		}
	}
	if diff := cmp.Diff(before, n.files()); diff != "" {
		t.Errorf("a second time changes files:\n%s", diff)
	}
	if out, code := n.run(n.byFlags("--friendly", "FR")...); code != exitDone || strings.Contains(out, "write the token") {
		t.Errorf("code %d: %s", code, out)
	}
	if diff := cmp.Diff(before["/etc/friendlyfire/config.toml"], n.read("/etc/friendlyfire/config.toml.bak2")); diff != "" {
		t.Error(diff)
	}
}

func (n *newcomer) mustRun(args ...string) string {
	n.t.Helper()
	out, code := n.run(args...)
	if code != exitDone {
		n.t.Fatalf("%q ended with %d: %s", args, code, out)
	}
	return out
}

func TestInitWithoutTerminalOrAnswersNamesTheFlags(t *testing.T) {
	n := newNewcomer(t)
	before := n.files()
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"no terminal":       {[]string{"init"}, "init --yes --friendly LIST --platform NAME --token-file FILE --chat ID --user ID"},
		"no such friend":    {[]string{"init", "--yes", "--friendly", "Atlantis"}, "--friendly: "},
		"no such platform":  {[]string{"init", "--yes", "--platform", "irc"}, "--platform: one of telegram, discord"},
		"no chat":           {[]string{"init", "--yes", "--platform", "telegram"}, "--chat ID"},
		"no token":          {[]string{"init", "--yes", "--platform", "telegram", "--chat", "7"}, "--token-file FILE"},
		"a chat of no kind": {n.byFlags("--chat", "@ops"), "expected the number of a chat"},
		"a user of no chat": {[]string{"init", "--yes", "--platform", "telegram", "--user", "7"}, "--user ID goes with --chat ID"},
		"a name of no kind": {n.byFlags("--name", strings.Repeat("x", 41)), "--name: "},
		"arguments":         {[]string{"init", "telegram"}, "unknown command"},
	} {
		if out, code := n.run(test.args...); code != exitUsage || !strings.Contains(out, test.says) {
			t.Errorf("%s: code %d: %s", name, code, out)
		}
	}
	out, code := n.run(n.byFlags("--token-file", n.configFile)...)
	if code == exitDone || !strings.Contains(out, "that is no token of telegram") {
		t.Errorf("code %d: %s", code, out)
	}
	if diff := cmp.Diff(before, n.files()); diff != "" || len(n.both.Telegram.Messages()) > 0 {
		t.Errorf("something was changed or posted:\n%s", diff)
	}
}

// Ctrl-C, the end of input and a no leave everything as it was, at every question.
func TestInitGivenUpChangesNothing(t *testing.T) {
	steps := []struct{ question, answer string }{
		{"Your users: ", "\n"},
		{"Which is to be read?", "\n"},
		{"called in alerts?", "\n"},
		{"without alerts? ", "\n"},
		{"Which chat is to be told?", "\n"},
		{"as you type or paste it:", telegramtest.Token + "\n"},
		{"Go ahead?", "\n"},
		{"Then confirm here.", ""},
	}
	n := newNewcomer(t)
	before := n.files()
	for name, how := range map[string]string{"Ctrl-C": "", "the end of input": "\x04"} {
		for last := range steps {
			if how != "" && (last == len(steps)-1 || steps[last].answer == telegramtest.Token+"\n") {
				continue // pairing waits for somebody else, and a hidden answer only for a line
			}
			ctx, interrupt := context.WithCancel(t.Context())
			d := harness.Within(t, interrupt, func(terminal *os.File) int {
				return Run(ctx, []string{"--config", n.configFile, "init"}, n.env(terminal))
			})
			for _, step := range steps[:last] {
				d.Await(step.question)
				d.Type(step.answer)
			}
			d.Await(steps[last].question)
			if how == "" {
				interrupt()
			} else {
				d.Type(how)
			}
			if code := d.End(); code != exitFailed || !strings.Contains(d.String(), "nothing is changed") {
				t.Errorf("%s at %q ended with %d", name, steps[last].question, code)
			}
		}
	}
	if diff := cmp.Diff(before, n.files()); diff != "" || len(n.both.Telegram.Messages()) > 0 {
		t.Errorf("something was changed or posted:\n%s", diff)
	}
}

// A real Ctrl-C while the token is typed leaves a terminal that shows what is typed.
func TestInitGivenUpLeavesTheTerminalAsItWas(t *testing.T) {
	both := harness.OnLoopback(t)
	s := harness.NewScene(t, harness.TableOnly+"[telegram]\napi = \"$TELEGRAM\"\n",
		harness.Change{"$TELEGRAM", both.Telegram.URL()})
	before := s.ReadConfig()
	d := s.Dialogue("init", "--friendly", "BE", "--path", s.Bans, "--name", "web1", "--platform", "telegram")
	d.Await("as you type or paste it:")
	if d.Echoes() {
		t.Error("the token would be shown")
	}
	d.Type("\x03")
	d.Await("given up; nothing is changed")
	if !d.Echoes() {
		t.Error("what is typed afterwards is not shown")
	}
	if code := d.End(); code != exitFailed || s.ReadConfig() != before {
		t.Errorf("ended with %d, or the configuration has changed", code)
	}
}
