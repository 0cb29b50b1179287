//go:build linux

package acceptance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/act/acttest"
)

// as runs do in a thread of that account, which ends with it.
func as(t *testing.T, uid, gid int, do func()) {
	t.Helper()
	failed := make(chan error)
	go func() {
		defer close(failed)
		runtime.LockOSThread() // and never unlocked: the thread is of no use to others
		for _, call := range [][2]uintptr{
			{syscall.SYS_SETGROUPS, 0}, {syscall.SYS_SETRESGID, uintptr(gid)}, {syscall.SYS_SETRESUID, uintptr(uid)},
		} {
			if _, _, errno := syscall.RawSyscall(call[0], call[1], call[1], call[1]); errno != 0 {
				failed <- errno
				return
			}
		}
		do()
	}()
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
}

// say writes text to the socket, and returns all that comes back.
func say(t *testing.T, socket, text string) string {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Error(err)
	}
	io.WriteString(conn, text) // it may have hung up already
	answer, _ := bufio.NewReader(conn).ReadString(0)
	return strings.TrimSpace(answer)
}

// The account of the bot can do its verbs and nothing else; members of its group cannot even do these.
func TestA03TheSocketAllowsItsAccountItsVerbs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another account")
	}
	t.Parallel()
	account, err := user.Lookup("daemon") // in place of friendlyfire: its group has its name
	if err != nil {
		t.Skip("no other account to take the place of the bot's: ", err)
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	client, calls := harness.Recorder(t, harness.OneBan)
	h := harness.NewHelper(t, client, func(socket string) {
		for _, step := range []error{os.Chown(socket, 0, gid), os.Chmod(socket, 0o660)} {
			if step != nil {
				t.Fatal(step)
			}
		}
	})
	for dir := h.Dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}

	as(t, uid+60_000, gid, func() {
		if got := say(t, h.Socket, "unban sshd 203.0.113.7\n"); got != "no this account may not act" {
			t.Errorf("a member of the group: %q", got)
		}
	})
	as(t, uid+60_000, gid+60_000, func() {
		if got := say(t, h.Socket, "jails\n"); !strings.Contains(got, "permission denied") {
			t.Errorf("anybody: %q", got)
		}
	})
	if got := calls(); got != nil {
		t.Errorf("strangers reached Fail2Ban with %q", got)
	}
	as(t, uid, gid, func() {
		for _, line := range []string{
			"set sshd bantime 1", "get sshd banip", "reload", "stop", "unban --all", "ban sshd 203.0.113.7", "add x",
			"jails;id", "status", "-x", "unban sshd 203.0.113.0/24", "trust 0.0.0.0/0 1d", "trust 203.0.113.7 91d",
			strings.Repeat("jails ", 300), "rules", "rules -x", "rules loglevel", "rules sshd maxretry", "rules ssh",
		} {
			if got := say(t, h.Socket, line+"\n"); !strings.HasPrefix(got, "no ") {
				t.Errorf("%q: %q", line, got)
			}
		}
		if got := calls(); slices.ContainsFunc(got, func(call string) bool { return call != "status" }) {
			t.Errorf("Fail2Ban was reached with %q", got)
		}
		for line, want := range map[string]string{
			"jails\n": "ok sshd", "rules sshd\n": "ok maxretry 5 findtime 600 bantime 3600", "unban sshd 203.0.113.7\nunban sshd 198.51.100.7\n": "ok lifted",
			"trust 198.51.100.7 1d\n": "ok trusted until", "untrust 198.51.100.8\n": "ok was not trusted",
		} {
			if got := say(t, h.Socket, line); !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
				t.Errorf("%q: %q, want one line %q", line, got, want)
			}
		}
		if f, err := os.Open(filepath.Join(h.State, "trusted")); err == nil {
			f.Close()
			t.Error("the account of the bot can read the list itself")
		}
	})
	if slices.Contains(calls(), "set|sshd|unbanip|198.51.100.7") {
		t.Error("the second line of a request was heeded")
	}
}

// Whoever connects and says nothing keeps nobody waiting for long.
func TestA05SilentPeersAreLeft(t *testing.T) {
	t.Parallel()
	client, _ := harness.Recorder(t, harness.OneBan)
	h := harness.NewHelper(t, client, nil)
	for i := range 12 {
		conn, err := net.Dial("unix", h.Socket)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		fmt.Fprint(conn, strings.Repeat("jails", i))
	}
	begun := time.Now()
	if got := say(t, h.Socket, "jails\n"); got != "ok sshd" || time.Since(begun) > 8*time.Second {
		t.Errorf("%q after %v", got, time.Since(begun))
	}
}

func TestA02HostileRequestsAtTheSocketReachNothing(t *testing.T) {
	t.Parallel()
	client, calls := harness.Recorder(t, harness.OneBan)
	h := harness.NewHelper(t, client, nil)
	random := harness.Random(t)
	for range 2000 {
		line := strings.ReplaceAll(strings.Join(acttest.Words(random), " "), "\n", "") // where a request ends
		got := say(t, h.Socket, line+"\n")
		if !strings.HasPrefix(got, "no ") || strings.Contains(got, "\n") {
			t.Errorf("%.80q: %q", line, got)
		}
	}
	for _, call := range calls() {
		if call != "status" { // to see whether there is such a jail
			t.Errorf("Fail2Ban was reached with %q", call)
		}
	}
	harness.Reached(t, "2,000 hostile requests: 0 reached Fail2Ban")
}

// What comes over SSH is data, whatever it is: no shell sees it, and Fail2Ban only what is in order.
func TestA02HostileCommandsOverSSHReachNothing(t *testing.T) {
	t.Parallel()
	client, calls := harness.Recorder(t, harness.OneBan)
	s := harness.NewScene(t, harness.TableOnly)
	state := filepath.Join(s.Dir, "state")
	ask := func(line string) string {
		s.Env = []string{"SSH_ORIGINAL_COMMAND=" + line, "SSH_CONNECTION=203.0.113.99 4711 192.0.2.1 22"}
		out, stderr, code := s.Run("act", "--ssh", "--client", client, "--state", state)
		if code != 0 {
			t.Errorf("%q: code %d, %s", line, code, stderr)
		}
		return strings.TrimSpace(out)
	}
	lines := []string{
		"", "sh", "sftp-server", "scp -t /tmp", "unban sshd 203.0.113.7; id", "unban sshd $(id)", "unban 'sshd' 203.0.113.7",
		"unban sshd 203.0.113.7\nid", "--client /bin/sh", "unban -x 203.0.113.7", "act unban sshd 203.0.113.7",
		"unban sshd fe80::1%eth0", "unban sshd 203.0.113.0/24", strings.Repeat("x", 10<<10),
	}
	random := harness.Random(t)
	for range harness.Size(5, 15, 2000) {
		line := strings.Join(acttest.Words(random), " ")
		lines = append(lines, strings.ReplaceAll(line, "\x00", "")) // which no variable can hold
	}
	for _, line := range lines {
		if got := ask(line); !strings.HasPrefix(got, "no ") {
			t.Errorf("%.60q: %q", line, got)
		}
	}
	for _, call := range calls() {
		if call != "status" {
			t.Errorf("Fail2Ban was reached with %q", call)
		}
	}
	harness.Reached(t, "%d hostile commands: 0 reached Fail2Ban", len(lines))
	if got := ask("unban sshd 203.0.113.7"); got != "ok lifted" {
		t.Errorf("a good one: %q", got)
	}
	_, _, code := s.Run("act", "--ssh", "unban", "sshd", "203.0.113.7")
	if code != 2 {
		t.Errorf("words beside --ssh: code %d", code)
	}
}

// Fail2Ban takes code 0 for trusted, 1 for not, and everything else for a fault.
func TestIgnoredAnswersByItsCode(t *testing.T) {
	t.Parallel()
	s := harness.NewScene(t, harness.TableOnly)
	client, _ := harness.Recorder(t, harness.OneBan)
	state := filepath.Join(s.Dir, "state")
	if _, stderr, code := s.Run("act", "--client", client, "--state", state, "trust", "203.0.113.7", "1h"); code != 0 {
		t.Fatal(code, stderr)
	}
	for address, want := range map[string]int{"203.0.113.7": 0, "203.0.113.8": 1, "host.example.org": 1, "": 1, "-x": 1} {
		out, stderr, code := s.Run("act", "--state", state, "--ignored", address)
		if code != want || out+stderr != "" {
			t.Errorf("%q: code %d, want %d; %q", address, code, want, out+stderr)
		}
	}
}
