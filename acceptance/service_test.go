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
)

const serviceFile = "../deploy/systemd/friendlyfire.service"

// actFile is the helper's unit: root's, and so confined the more.
const actFile = "../deploy/systemd/friendlyfire-act.service"

func TestS18TheServiceIsConfined(t *testing.T) {
	harness.Needs(t, "systemd-analyze")
	var levels []string
	for _, file := range []string{serviceFile, actFile} {
		out, err := exec.CommandContext(t.Context(), "systemd-analyze",
			"security", "--offline=yes", "--threshold=15", "--no-pager", file).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		level := regexp.MustCompile(`Overall exposure level for \S+\.service: ([0-9.]+)`).FindSubmatch(out)
		if level == nil {
			t.Fatalf("no exposure level in\n%s", out)
		}
		levels = append(levels, string(level[1]))
	}
	harness.Reached(t, "exposure %s of 10, the helper's %s", levels[0], levels[1])
}

// What systemd does not understand it ignores, and so does the check of the exposure.
func TestSystemdUnderstandsTheService(t *testing.T) {
	harness.Needs(t, "systemd-analyze")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := []string{"verify", "--man=no"}
	for _, file := range []string{serviceFile, actFile, strings.Replace(actFile, ".service", ".socket", 1)} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		unit := filepath.Join(dir, filepath.Base(file))
		changed := strings.ReplaceAll(string(text), "/usr/bin/friendlyfire", self)
		changed = strings.ReplaceAll(changed, "SocketGroup=friendlyfire", "SocketGroup=daemon") // there may be no such group
		if err := os.WriteFile(unit, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, unit)
	}
	out, _ := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "friendlyfire") { // other lines are about other units
			t.Errorf("systemd says: %s", line)
		}
	}
}

// setting returns the values of a key in the unit, in order.
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
		"CapabilityBoundingSet": "", "AmbientCapabilities": "", "NoNewPrivileges": "yes", "User": "friendlyfire",
		"SocketBindDeny":           "any",
		"RestartPreventExitStatus": fmt.Sprint(harness.ExitConfig),
	} {
		if got := setting(t, key); !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q alone", key, got, want)
		}
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if len(listening(t, os.Getpid())) == 0 {
		t.Fatal("the test does not find its own listener")
	}
	listener.Close()

	shipped := harness.NewScene(t, string(harness.Defaults()), harness.Change{"whois = true", "whois = false"})
	sample := os.DirFS(filepath.Join(harness.Root, "sample"))
	if err := os.CopyFS(filepath.Join(shipped.Dir, "sample"), sample); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*harness.Scene{
		"as shipped": shipped, "with both platforms": harness.NewChatScene(t, harness.OnLoopback(t)),
	} {
		t.Run(name, func(t *testing.T) {
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
	harness.Reached(t, "0 listeners, 0 capabilities")
}

// listening are the sockets of a process, in the kernel's tables, that anybody may reach: TCP sockets that listen, and
// UDP sockets without a peer.
func listening(t *testing.T, pid int) (found []string) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d", pid)
	own := map[string]bool{}
	fds, err := os.ReadDir(dir + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		link, _ := os.Readlink(dir + "/fd/" + fd.Name()) // which may be closed by now
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

// serviceManager receives the notifications of a service.
type serviceManager struct {
	t        *testing.T
	received chan string
}

// newServiceManager is one for the programs of a scene, which must send a sign of life within watchdog.
func newServiceManager(t *testing.T, s *harness.Scene, watchdog time.Duration) *serviceManager {
	t.Helper()
	name := fmt.Sprintf("@friendlyfire-%d-%s", os.Getpid(), filepath.Base(s.Dir)+filepath.Base(filepath.Dir(s.Dir)))
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	m := &serviceManager{t: t, received: make(chan string, 1000)}
	go func() {
		defer close(m.received)
		for buffer := make([]byte, 1000); ; {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			m.received <- string(buffer[:n])
		}
	}()
	s.Env = append(s.Env, "NOTIFY_SOCKET="+name, fmt.Sprintf("WATCHDOG_USEC=%d", watchdog.Microseconds()))
	return m
}

// await waits for a notification, which must be the next one apart from signs of life.
func (m *serviceManager) await(want string) {
	m.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case got := <-m.received:
			if got == want {
				return
			}
			if got != "WATCHDOG=1" {
				m.t.Fatalf("received %q, want %q", got, want)
			}
		case <-limit:
			m.t.Fatalf("received nothing, want %q", want)
		}
	}
}

func TestServiceManagerIsNotifiedOfStartLifeAndStop(t *testing.T) {
	t.Parallel()
	const watchdog = 300 * time.Millisecond
	s := harness.NewScene(t, harness.TableOnly)
	manager := newServiceManager(t, s, watchdog)
	p := s.Start()
	manager.await("READY=1")
	for range 5 {
		manager.await("WATCHDOG=1")
	}

	// A bot whose database accepts no transaction sends no sign of life.
	db, err := sql.Open("sqlite", "file:"+s.Database+"?_txlock=immediate&_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(watchdog) // until what is already on its way has arrived
	for len(manager.received) > 0 {
		<-manager.received
	}
	time.Sleep(4 * watchdog)
	if n := len(manager.received); n > 0 {
		t.Errorf("%d signs of life while the database is blocked", n)
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

func TestWithoutAServiceManagerNothingIsLoggedAboutIt(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly)
	s.Ban(harness.Belgian)
	s.Env = []string{"NOTIFY_SOCKET=", "WATCHDOG_USEC=1000"}
	p := s.Start()
	harness.Await(t, 30*time.Second, "an alert", func() bool { return strings.Contains(p.Text(), harness.Belgian) })
	p.Stop()
	if strings.Contains(p.Text(), "service manager") {
		t.Error(p.Text())
	}
}
