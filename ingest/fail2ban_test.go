package ingest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fail2ban is a real Fail2Ban in its own directory: without a firewall, without systemd, with our action.
type fail2ban struct {
	*place
	dir    string
	server *exec.Cmd
}

func newFail2Ban(t *testing.T) *fail2ban {
	t.Helper()
	for _, program := range []string{"fail2ban-server", "fail2ban-client"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("FRIENDLYFIRE_TEST_FAIL2BAN") == "required" {
				t.Fatal("no Fail2Ban on this machine")
			}
			t.Skip("no Fail2Ban on this machine")
		}
	}
	f := &fail2ban{place: newPlace(t), dir: t.TempDir()}
	if out, err := exec.CommandContext(t.Context(), "cp", "-r", "/etc/fail2ban",
		f.in("etc")).CombinedOutput(); err != nil {
		t.Skipf("no configuration of Fail2Ban: %s", out)
	}
	f.must(os.RemoveAll(f.in("etc/jail.d")))
	f.copy("../deploy/fail2ban/action.d/friendlyfire.conf", f.in("etc/action.d/friendlyfire.conf"))
	f.write(f.in("auth.log"), "")
	f.write(f.in("etc/fail2ban.local"), fmt.Sprintf("[Definition]\nlogtarget = %s\ndbfile = %s\n", f.in("fail2ban.log"),
		f.in("f2b.sqlite3")))
	f.path = f.in("log/bans.csv")
	f.write(f.in("etc/jail.local"), fmt.Sprintf("[DEFAULT]\nbackend = polling\nmaxretry = 3\naction = "+
		"friendlyfire[file=%s, group=root]\n"+
		"[sshd]\nenabled = true\nlogpath = %s\n[sshd-again]\nenabled = true\nfilter = sshd\nmaxretry = 2\nlogpath = "+
		"%[2]s\n", f.path, f.in("auth.log")))
	f.source = Local{f.path}
	f.restart()
	f.reader.Zone = time.Local
	t.Cleanup(f.kill)
	return f
}

func (f *fail2ban) in(name string) string { return filepath.Join(f.dir, name) }

func (f *fail2ban) arguments(more ...string) []string {
	return append([]string{"-c", f.in("etc"), "-s", f.in("sock"), "-p", f.in("pid")}, more...)
}

func (f *fail2ban) client(arguments ...string) error {
	return exec.CommandContext(f.t.Context(), "fail2ban-client", f.arguments(arguments...)...).Run()
}

// start starts the server, with the umask of Debian's unit, and waits until it answers.
func (f *fail2ban) start() {
	f.t.Helper()
	f.server = exec.Command("sh", "-c", `umask 077; exec fail2ban-server "$@"`, "sh")
	f.server.Args = append(f.server.Args, f.arguments("-xf", "start")...)
	f.must(f.server.Start())
	f.wait("Fail2Ban to start", func() bool { return f.client("status", "sshd-again") == nil })
}

func (f *fail2ban) stop() {
	f.t.Helper()
	f.must(f.client("stop"))
	f.server.Wait() // its exit code does not matter
	f.server = nil
}

func (f *fail2ban) kill() {
	if f.server != nil {
		f.server.Process.Kill() // it may be gone
		f.server.Wait()         // it was killed
		f.server = nil
		os.Remove(f.in("sock")) // it may be gone
	}
}

func (f *fail2ban) wait(what string, until func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !until(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(f.in("fail2ban.log"))
			f.t.Fatalf("waited in vain for %s:\n%s", what, log)
		}
	}
}

// attack makes each of the addresses fail three times, as an attacker would, and waits until both jails have banned it.
func (f *fail2ban) attack(from, to int) {
	f.t.Helper()
	for n := from; n < to; n++ {
		for range 3 {
			f.append(f.in("auth.log"), fmt.Sprintf("%s host sshd[%d]: Failed password for invalid user $(touch %s),"+
				"`x`\"a' from %s port 4242 ssh2\n",
				time.Now().Format("Jan _2 15:04:05"), 100+n, f.in("executed"), ip(n)))
		}
	}
	f.wait("the bans", func() bool {
		if err := f.reader.Step(f.t.Context()); err != nil {
			return false
		}
		got := f.bans()
		for _, a := range ips(from, to) {
			if got[a] < 2 {
				return false
			}
		}
		return true
	})
}

// The database has exactly the bans of a real Fail2Ban, neither more nor fewer: across its restarts, a kill, the loss
// of its database, and rotation of the file.
func TestFail2Ban(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and stops a server")
	}
	t.Parallel()
	f := newFail2Ban(t)
	f.start()
	f.wait("the file, made at the start for owner and group", func() bool {
		fi, err := os.Stat(f.path)
		return err == nil && fi.Mode().Perm() == 0o640
	})
	f.attack(0, 20)
	f.stop()
	f.start()
	f.attack(20, 25)
	f.kill()
	f.start()
	f.rename(f.path, f.path+".1")
	f.attack(25, 30)
	f.gzip(f.path+".1", f.path+".1.gz")
	f.stop()
	f.must(os.Remove(f.in("f2b.sqlite3")))
	f.start() // bans all again, from its log
	f.attack(30, 35)
	for _, odd := range []string{
		"198.51.100.0/24", "2001:DB8:0:0::9:9", "evil.example.com", "two words",
		"1.2.3.4,=cmd",
	} {
		f.must(f.client("set", "sshd", "banip", odd))
	}
	f.wait("the last ban", func() bool {
		f.step()
		return f.bans()["2001:db8::9:9"] > 0
	})
	f.want(append(append(ips(0, 35), ips(0, 35)...), "198.51.100.0/24", "2001:db8::9:9")...)
	if s := f.status(); s.Rejects != 0 || s.Gaps != 0 {
		t.Errorf("%d rejects %v, %d gaps; want none", s.Rejects, s.Kinds, s.Gaps)
	}
	if exists(f.in("executed")) {
		t.Error("a user name was executed")
	}
	bans, err := f.store.BansOf(t.Context(), ip(3), 1)
	if err != nil || len(bans) != 1 || !strings.Contains(bans[0].Matches, "Failed password for invalid user $(touch") ||
		bans[0].BanTime != 600 {
		t.Errorf("%+v %v, want one with its log lines", bans, err)
	}

	// Its own log has the same addresses, and those that the CSV file skips.
	own := newPlace(t)
	own.source = Local{f.in("fail2ban.log")}
	own.restart()
	own.reader.Zone = time.Local
	own.step()
	got := own.bans()
	for _, a := range append(ips(0, 35), "198.51.100.0/24", "2001:db8::9:9", "evil.example.com", "two words",
		"1.2.3.4,=cmd") {
		if got[a] == 0 {
			t.Errorf("the log has no ban of %s", a)
		}
	}
	if s := own.status(); s.Rejects != 0 {
		t.Errorf("rejects of the log: %v", s.Kinds)
	}
}
