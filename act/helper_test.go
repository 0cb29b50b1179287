package act

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/act/acttest"
)

// fake is a client of Fail2Ban that records what it is called with, a line for each call.
type fake struct {
	*Helper

	t   *testing.T
	dir string
}

// newFake returns a helper with a fake client. sshd bans 203.0.113.7 until that is lifted.
func newFake(t *testing.T) *fake {
	t.Helper()
	dir := t.TempDir()
	f := &fake{t: t, dir: dir}
	f.Helper = &Helper{
		Client: filepath.Join(dir, "client"), State: filepath.Join(dir, "state"), Log: slog.New(slog.DiscardHandler),
	}
	f.write("banned", "203.0.113.7\n")
	f.client(`
case "$1 $3" in
"status ") printf 'Status\n|- Number of jail:\t2\n'; printf '%s\n' '` + "`" + `- Jail list:	sshd, nginx-http-auth' ;;
"get banip") [ "$2" = sshd ] && cat "$dir/banned" || echo ;;
"get ignorecommand") echo '/usr/bin/friendlyfire act --ignored <ip>' ;;
"set unbanip") : >"$dir/banned"; echo 1 ;;
*) echo "cannot $*"; exit 255 ;;
esac
`)
	return f
}

// client makes the client a shell script, which knows its folder as $dir. Each call is recorded first.
func (f *fake) client(script string) {
	f.t.Helper()
	head := fmt.Sprintf("#!/bin/sh\ndir=%s\nprintf '%%s|' \"$@\" >>\"$dir/argv\"; echo >>\"$dir/argv\"\n", f.dir)
	f.write("client", head+script)
	if err := os.Chmod(f.Client, 0o700); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fake) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// calls are what the client was called with, since the last time.
func (f *fake) calls() (all []string) {
	f.t.Helper()
	name := filepath.Join(f.dir, "argv")
	text, _ := os.ReadFile(name) // there is none before the first call
	if len(text) > 0 {
		if err := os.Truncate(name, 0); err != nil {
			f.t.Fatal(err)
		}
	}
	for line := range strings.Lines(string(text)) {
		all = append(all, strings.TrimSuffix(line, "|\n"))
	}
	return all
}

// asked does what the line asks for, and checks how the answer begins.
func (f *fake) asked(line, want string) {
	f.t.Helper()
	if got := f.Do(f.t.Context(), "a test", line).String(); !strings.HasPrefix(got, want) {
		f.t.Errorf("%s: %q, want %q", line, got, want)
	}
}

func TestUnbanAsksBeforeAndAfter(t *testing.T) {
	f := newFake(t)
	f.asked("unban sshd 203.0.113.7", "ok lifted")
	want := []string{"status", "get|sshd|banip", "set|sshd|unbanip|203.0.113.7", "get|sshd|banip"}
	if got := f.calls(); !slices.Equal(got, want) {
		t.Errorf("the client was called with %q, want %q", got, want)
	}
	f.asked("unban sshd 203.0.113.7", "ok sshd does not ban it")
	f.asked("unban ssh 203.0.113.7", "no Fail2Ban has no jail ssh")
	f.asked("jails", "ok sshd nginx-http-auth")
	for _, call := range f.calls() {
		if strings.HasPrefix(call, "set") {
			t.Errorf("the client was called with %q, and there was nothing to lift", call)
		}
	}
}

func TestA02HostileRequestsReachNothing(t *testing.T) {
	const seed = 20261128
	r := rand.New(rand.NewPCG(seed, 2))
	t.Logf("seed %d", seed)
	f := newFake(t)
	for range 2000 {
		f.asked(strings.Join(acttest.Words(r), " "), "no ")
	}
	for _, line := range []string{
		"trust 203.0.113.7 0d", "trust 203.0.113.7 91d", "trust 203.0.113.7 -1d", "trust 203.0.113.7 9999999d",
		"trust 203.0.113.7 1.5h", "trust 203.0.113.7 30", "trust 203.0.112.0/23 1d", "trust 2001:db8::/47 1d",
		"trust 203.0.113.1/24 1d", "untrust", "jails sshd", "set logtarget x", "UNBAN sshd 203.0.113.7",
	} {
		f.asked(line, "no ")
	}
	for _, call := range f.calls() {
		if call != "status" { // to see whether there is a jail "all"
			t.Errorf("the client was called with %q", call)
		}
	}
}

func TestRequestsAreTheirLines(t *testing.T) {
	for line, want := range map[string]string{
		"unban sshd 203.0.113.7":        "unban sshd 203.0.113.7",
		"unban sshd ::ffff:203.0.113.7": "unban sshd 203.0.113.7",
		"unban a.b_c-1 2001:DB8::0007":  "unban a.b_c-1 2001:db8::7",
		"trust 203.0.113.0/24 90d":      "trust 203.0.113.0/24 7776000s",
		"trust 2001:db8:1::/48 12h":     "trust 2001:db8:1::/48 43200s",
		"untrust 203.0.113.7":           "untrust 203.0.113.7",
		"jails":                         "jails",
	} {
		r, err := Parse(line)
		if err != nil || r.String() != want {
			t.Errorf("%q: %q, %v, want %q", line, r.String(), err, want)
			continue
		}
		if again, err := Parse(r.String()); err != nil || again != r {
			t.Errorf("%q: %v, %v", r.String(), again, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"unban sshd 203.0.113.7", "trust 2001:db8::/48 30d", "untrust 203.0.113.7", "jails", "unban -x ::1%lo",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := Parse(line)
		if err != nil {
			return
		}
		if again, err := Parse(r.String()); err != nil || again != r {
			t.Errorf("%q is %q, which is %v, %v", line, r, again, err)
		}
		for word := range strings.FieldsSeq(r.String()) {
			if strings.HasPrefix(word, "-") || strings.ContainsAny(word, "'\"`$;&|<>\\%*?") {
				t.Errorf("%q reaches Fail2Ban as %q", line, r)
			}
		}
	})
}

func TestAnHourHasRoomForThirtyActs(t *testing.T) {
	f := newFake(t)
	for range actsAnHour {
		f.asked("untrust 203.0.113.7", "ok was not trusted")
	}
	f.calls()
	again := &Helper{Client: f.Client, State: f.State, Log: f.Log} // after a restart
	if a := again.Do(t.Context(), "a test", "unban sshd 203.0.113.7"); a.Outcome != Refused {
		t.Errorf("one more: %q", a)
	}
	f.asked("jails", "ok")
	if calls := f.calls(); !slices.Equal(calls, []string{"status"}) {
		t.Errorf("the client was called with %q", calls)
	}
	if left, err := spend(f.State, time.Now().Add(budgetSpan+time.Second)); err != nil || !left {
		t.Errorf("an hour later: %v, %v", left, err)
	}
}

func TestA05AStalledOrLyingClientIsBoundedAndTold(t *testing.T) {
	const oneBan = "case $1 in status) echo 'Jail list: sshd';; get) echo 203.0.113.7;; "
	for name, c := range map[string]struct{ script, want string }{
		"it fails":           {"echo ERROR Is fail2ban running?; exit 255", "no Fail2Ban says: ERROR Is fail2ban running?"},
		"it says nothing":    {"exit 0", "no Fail2Ban names no jails"},
		"it says too much":   {"yes", "no Fail2Ban"},
		"it unbans nothing":  {oneBan + "set) echo 1; esac", `no Fail2Ban said "1" and bans it still`},
		"it refuses":         {oneBan + `set) printf 'NOK:\033[31m\n"x"'; exit 1; esac`, "no Fail2Ban says: NOK:"},
		"it loses its voice": {oneBan + "set) sleep 60; esac", "unclear Fail2Ban does not answer; the ban may be lifted"},
		"its child goes on":  {`sleep 60 & exit 0`, "no "},
		"it hangs":           {"sleep 60", "no Fail2Ban does not answer; nothing was done"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.client(c.script)
			f.patience = time.Second
			begun := time.Now()
			f.asked("unban sshd 203.0.113.7", c.want)
			if took := time.Since(begun); took > 8*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestAClientThatOthersMayChangeIsNotRun(t *testing.T) {
	f := newFake(t)
	if err := os.Chmod(f.Client, 0o722); err != nil {
		t.Fatal(err)
	}
	f.asked("jails", "no "+f.Client+" may be written by others")
	f.Client = "client"
	f.asked("jails", "no \"client\" is no absolute path")
}
