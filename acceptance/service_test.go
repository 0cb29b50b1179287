//go:build linux

package acceptance

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

const serviceFile = "../deploy/systemd/friendlyfire.service"

func TestS18TheServiceIsConfined(t *testing.T) {
	harness.Needs(t, "systemd-analyze")
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", serviceFile).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	level := regexp.MustCompile(`Overall exposure level for friendlyfire\.service: ([0-9.]+)`).FindSubmatch(out)
	if level == nil {
		t.Fatalf("no level is told:\n%s", out)
	}
	t.Attr("reached", fmt.Sprintf("exposure %s of 10", level[1]))
}

// What systemd does not understand it passes over, and so does the exposure above.
func TestTheServiceIsUnderstood(t *testing.T) {
	harness.Needs(t, "systemd-analyze")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(serviceFile)
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), filepath.Base(serviceFile))
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), "/usr/bin/friendlyfire", self)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", unit).CombinedOutput() // also of other units
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "friendlyfire.service") {
			t.Errorf("systemd says: %s", line)
		}
	}
}

// setting returns the values that the unit gives to a key, in order.
func setting(t *testing.T, key string) (values []string) {
	t.Helper()
	text, err := os.ReadFile(serviceFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+"="); ok {
			values = append(values, value)
		}
	}
	return values
}

func TestS19NoListenerAndNoCapability(t *testing.T) {
	for key, want := range map[string]string{
		"CapabilityBoundingSet": "", "AmbientCapabilities": "", "NoNewPrivileges": "yes", "User": "friendlyfire", "SocketBindDeny": "any",
		"RestartPreventExitStatus": fmt.Sprint(harness.ExitConfig),
	} {
		if got := setting(t, key); !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q alone", key, got, want)
		}
	}

	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if len(listening(t, os.Getpid())) == 0 {
		t.Fatal("the listener of the test itself is not seen")
	}
	door.Close()

	both := harness.OnLoopback(t)
	shipped := strings.Replace(string(harness.Defaults(t)), "whois = true", "whois = false", 1) // tests reach nobody
	for name, config := range map[string]string{"as shipped": shipped, "with both platforms": both.Config()} {
		t.Run(name, func(t *testing.T) {
			s := harness.NewScene(t, config)
			if err := os.CopyFS(filepath.Join(s.Dir, "sample"), os.DirFS(filepath.Join(harness.Root, "sample"))); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(name, "both") {
				s.Env = []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token, "FRIENDLYFIRE_DISCORD_TOKEN=" + discordtest.Token}
			}
			manager := newServiceManager(t, s, 30*time.Millisecond)
			p := s.Start()
			manager.await("READY=1")
			for range 10 { // while it works
				manager.await("WATCHDOG=1")
				if found := listening(t, p.Cmd.Process.Pid); len(found) > 0 {
					t.Fatalf("it listens: %q", found)
				}
			}
			p.Stop()
		})
	}
	t.Attr("reached", "0 listeners, 0 capabilities")
}

// listening are the lines of the kernel's tables for sockets of a process that anybody may reach: TCP that listens, and
// UDP without a peer.
func listening(t *testing.T, pid int) (found []string) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d", pid)
	own := map[string]bool{}
	fds, err := os.ReadDir(dir + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		link, _ := os.Readlink(dir + "/fd/" + fd.Name()) // it may be closed by now
		if inode, ok := strings.CutPrefix(link, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	for table, state := range map[string]string{"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"} {
		text, err := os.ReadFile(dir + "/net/" + table)
		if err != nil && !os.IsNotExist(err) { // a machine may have no IPv6
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			const local, status, inode = 1, 3, 9
			if f := strings.Fields(line); len(f) > inode && f[status] == state && own[f[inode]] {
				found = append(found, table+" "+f[local])
			}
		}
	}
	return found
}

// serviceManager hears what a service says of itself.
type serviceManager struct {
	t     *testing.T
	heard chan string
}

// newServiceManager listens to the programs of s, and wants a sign of life from them within watchdog.
func newServiceManager(t *testing.T, s *harness.Scene, watchdog time.Duration) *serviceManager {
	t.Helper()
	name := fmt.Sprintf("@friendlyfire-%d-%s", os.Getpid(), filepath.Base(s.Dir)+filepath.Base(filepath.Dir(s.Dir)))
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	m := &serviceManager{t: t, heard: make(chan string, 1000)}
	go func() {
		defer close(m.heard)
		for buffer := make([]byte, 1000); ; {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			m.heard <- string(buffer[:n])
		}
	}()
	s.Env = append(s.Env, "NOTIFY_SOCKET="+name, fmt.Sprintf("WATCHDOG_USEC=%d", watchdog.Microseconds()))
	return m
}

// await wants the next thing heard to be this, signs of life apart.
func (m *serviceManager) await(want string) {
	m.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case got := <-m.heard:
			if got == want {
				return
			}
			if got != "WATCHDOG=1" {
				m.t.Fatalf("heard %q, want %q", got, want)
			}
		case <-limit:
			m.t.Fatalf("heard nothing, want %q", want)
		}
	}
}

func TestServiceManagerIsToldOfStartLifeAndStop(t *testing.T) {
	t.Parallel()
	const watchdog = 300 * time.Millisecond
	s := harness.NewScene(t, harness.TableOnly)
	manager := newServiceManager(t, s, watchdog)
	p := s.Start()
	manager.await("READY=1")
	for range 5 {
		manager.await("WATCHDOG=1")
	}

	// A database that takes no transaction is no life.
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.Dir, "friendlyfire.db")+"?_txlock=immediate&_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(watchdog) // what is on its way arrives
	for len(manager.heard) > 0 {
		<-manager.heard
	}
	time.Sleep(4 * watchdog)
	if n := len(manager.heard); n > 0 {
		t.Errorf("%d signs of life while the database hangs", n)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	manager.await("WATCHDOG=1")

	p.Stop()
	manager.await("STOPPING=1")
	if !strings.Contains(p.Text(), "no sign of life to the service manager") {
		t.Errorf("the log does not say why the signs of life ended")
	}
}

func TestWithoutAServiceManagerNothingIsSaid(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly)
	s.Append(harness.BanRow(time.Now(), harness.Belgian, "sshd", ""))
	s.Env = []string{"NOTIFY_SOCKET=", "WATCHDOG_USEC=1000"}
	p := s.Start()
	for end := time.Now().Add(30 * time.Second); !strings.Contains(p.Text(), harness.Belgian); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the bot tells of nothing")
		}
	}
	p.Stop()
	if strings.Contains(p.Text(), "service manager") {
		t.Error(p.Text())
	}
}
