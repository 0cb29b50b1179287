package act

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func (f *fake) trusts(address string, at time.Time) bool {
	f.t.Helper()
	ok, err := Trusts(f.State, address, at)
	if err != nil {
		f.t.Error(err)
	}
	return ok
}

// Dates have one form, wherever the answer is shown.
func TestTrustSaysItsEndAsMessagesDo(t *testing.T) {
	f := newFake(t)
	got := f.Do(t.Context(), "a test", "trust 203.0.113.7 30d").String()
	if !regexp.MustCompile(`^ok trusted until [A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2} \d\d:\d\d UTC$`).MatchString(got) {
		t.Errorf("%q", got)
	}
}

func TestTrustEndsByItself(t *testing.T) {
	f := newFake(t)
	now := time.Now()
	f.asked("trust 203.0.113.7 30d", "ok trusted until ")
	f.asked("trust 2001:db8:1::/48 1h", "ok trusted until ")
	for address, until := range map[string]time.Duration{
		"203.0.113.7": 30 * 24 * time.Hour, "::ffff:203.0.113.7": 30 * 24 * time.Hour, "2001:db8:1:f::7": time.Hour,
		"203.0.113.8": 0, "2001:db8:2::7": 0,
	} {
		if !f.trusts(address, now) != (until == 0) || f.trusts(address, now.Add(until+time.Second)) {
			t.Errorf("%s is not trusted for %v exactly", address, until)
		}
	}
	if f.trusts("203.0.113.7", now.Add(-2*clockSlack)) {
		t.Error("a clock that was set back makes a trust longer")
	}
	if err := f.Tidy(t.Context(), now.Add(2*time.Hour)); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join(f.State, trustFile))
	if err != nil || strings.Contains(string(text), "2001:db8") {
		t.Errorf("%q, %v: what has ended is still there", text, err)
	}
	f.asked("untrust 203.0.113.7", "ok not trusted any more")
	if f.trusts("203.0.113.7", now) {
		t.Error("it is trusted still")
	}
	f.asked("trust 203.0.113.0/24 1d", "ok trusted")
	f.asked("untrust 203.0.113.7", "ok 203.0.113.0/24 is trusted still")
}

// Nobody is trusted for longer than the limit, whatever stands in the list, and a damaged line costs only itself.
func TestAListThatWasChangedTrustsNoLonger(t *testing.T) {
	f := newFake(t)
	now := time.Now()
	f.asked("trust 203.0.113.7 1d", "ok")
	name := filepath.Join(f.State, trustFile)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	more := fmt.Sprintf("203.0.113.8 %d %d\n0.0.0.0/0 %[1]d %d\n203.0.113.9\n\x00\n203.0.113.10 0 99999999999999999999\n",
		now.Unix(), now.Add(MaxTrust+time.Hour).Unix(), now.Add(time.Hour).Unix())
	if err := os.WriteFile(name, append([]byte(more), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"203.0.113.7": true, "203.0.113.8": false, "203.0.113.10": false, "192.0.2.1": false,
	} {
		if f.trusts(address, now) != want {
			t.Errorf("%s is trusted: %v", address, !want)
		}
	}
}

// Fail2Ban bans nobody while it waits for the answer, so that there is one whatever lies in the list's place.
func TestTheCheckNeverWaits(t *testing.T) {
	f := newFake(t)
	if err := os.MkdirAll(f.State, 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(f.State, trustFile)
	line := fmt.Sprintf("203.0.113.7 %d %d\n", time.Now().Unix(), time.Now().Add(time.Hour).Unix())
	for what, place := range map[string]func() error{
		"a pipe":   func() error { return syscall.Mkfifo(name, 0o600) },
		"a folder": func() error { return os.Mkdir(name, 0o700) },
		"a link":   func() error { return os.Symlink("/dev/zero", name) },
		"a giant":  func() error { return errors.Join(os.WriteFile(name, []byte(line), 0o600), os.Truncate(name, 1<<40)) },
		"open to others": func() error {
			return errors.Join(os.WriteFile(name, []byte(line), 0o600), os.Chmod(name, 0o666))
		},
	} {
		if err := place(); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if ok, err := Trusts(f.State, "203.0.113.7", time.Now()); ok || err == nil {
			t.Errorf("%s: trusted %v, %v", what, ok, err)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%s: took %v", what, took)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// A list is believed only in a folder that nobody else can put one into.
func TestAListInAFolderOfOthersTrustsNobody(t *testing.T) {
	f := newFake(t)
	f.asked("trust 203.0.113.7 1d", "ok")
	for _, mode := range []os.FileMode{0o777 | os.ModeSticky, 0o770} {
		if err := os.Chmod(f.State, mode); err != nil {
			t.Fatal(err)
		}
		if ok, err := Trusts(f.State, "203.0.113.7", time.Now()); ok || err == nil {
			t.Errorf("%v: trusted %v, %v", mode, ok, err)
		}
		f.asked("trust 203.0.113.8 1d", "no ")
		f.asked("untrust 203.0.113.7", "no ")
	}
	if err := os.Chmod(f.State, 0o700); err != nil {
		t.Fatal(err)
	}
	if !f.trusts("203.0.113.7", time.Now()) || f.trusts("203.0.113.8", time.Now()) {
		t.Error("the list is not as it was")
	}
}

// Where no jail would heed it, a trust is refused: it would look as if it did something.
func TestTrustNeedsJailsThatAsk(t *testing.T) {
	f := newFake(t)
	f.client(`case "$1 $3" in "status ") echo 'Jail list: sshd, web';; "get ignorecommand") echo "$asks";; esac`)
	f.asked("trust 203.0.113.7 1d", "no no jail of Fail2Ban asks whom to trust")
	if f.trusts("203.0.113.7", time.Now()) {
		t.Error("it is trusted")
	}
	f.client(`case "$1 $3" in "status ") echo 'Jail list: sshd, web';;
"get ignorecommand") [ $2 = web ] || echo '/usr/bin/friendlyfire act --ignored <ip>';; esac`)
	if a := f.Do(t.Context(), "a test", "trust 203.0.113.7 1d"); !strings.Contains(a.Text, "but not by web") {
		t.Errorf("%q", a)
	}
}
