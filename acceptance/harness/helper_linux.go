package harness

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Helper is the helper that acts, in a process of its own at a socket, as systemd starts it.
type Helper struct {
	T      *testing.T
	Dir    string
	Socket string
	State  string
	Cmd    *exec.Cmd
}

// NewHelper starts the helper with this client of Fail2Ban. It ends with the test. open is called before, to open the
// socket to others; nil: it stays as it is.
func NewHelper(t *testing.T, client string, open func(socket string)) *Helper {
	t.Helper()
	dir := t.TempDir()
	h := &Helper{T: t, Dir: dir, Socket: filepath.Join(dir, "act.sock"), State: filepath.Join(dir, "state")}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: h.Socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	listener.SetUnlinkOnClose(false)
	if open != nil {
		open(h.Socket)
	}
	file, err := listener.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
	const start = `LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"`
	h.Cmd = exec.CommandContext(context.WithoutCancel(t.Context()), "sh", "-c", start, "sh",
		self, "act", "--client", client, "--state", h.State)
	h.Cmd.Env = append(os.Environ(), AsProgram())
	h.Cmd.ExtraFiles = []*os.File{file}
	log := &Transcript{}
	h.Cmd.Stdout, h.Cmd.Stderr = log, log
	if err := h.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.Cmd.Process.Kill()
		h.Cmd.Wait()
		if t.Failed() {
			t.Log("the helper printed:\n" + log.String())
		}
	})
	return h
}

// Recorder writes a client of Fail2Ban that records how it is called, and does what the script says. It returns the
// client, and what returns the calls, a line each, with | behind each argument.
func Recorder(t *testing.T, script string) (client string, calls func() []string) {
	t.Helper()
	dir := t.TempDir()
	client = filepath.Join(dir, "fail2ban-client")
	text := fmt.Sprintf("#!/bin/sh\ndir=%s\n{ printf '%%s|' \"$@\"; echo; } >>\"$dir/argv\"\n%s", dir, script)
	if err := os.WriteFile(client, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return client, func() (all []string) {
		text, _ := os.ReadFile(filepath.Join(dir, "argv")) // there is none before the first call
		for line := range strings.Lines(string(text)) {
			all = append(all, strings.TrimSuffix(line, "|\n"))
		}
		return all
	}
}

// OneBan is the script of a Fail2Ban whose jail sshd bans anybody until that is lifted, and whom to trust is asked for.
const OneBan = `
case "$1 $3" in
"status ") echo 'Jail list: sshd' ;;
"get banip") for a in 198.51.100.7 203.0.113.7 2001:db8::7; do grep -qsxF "$a" "$dir/lifted" || echo "$a"; done ;;
"get maxretry") echo 5 ;;
"get findtime") echo 600 ;;
"get bantime") echo 3600 ;;
"get ignorecommand") echo '/usr/bin/friendlyfire act --ignored <ip>' ;;
"set unbanip") echo "$4" >>"$dir/lifted"; echo 1 ;;
*) exit 255 ;;
esac
`
