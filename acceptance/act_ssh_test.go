//go:build linux

package acceptance

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"friendlyfire/acceptance/harness"
)

// key writes a new key pair, and returns the line of its public half.
func key(t *testing.T, file string) (public string) {
	t.Helper()
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	shown, err := ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(shown)))
}

// Another machine's Fail2Ban is reached by a real sshd, with a key that can do nothing else, at a host whose key is
// pinned.
func TestA02AnotherMachineActsBySSH(t *testing.T) {
	t.Parallel()
	harness.Needs(t, "sshd", "ssh")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where it gives up its rights
			t.Skip("sshd has no folder here to give up its rights in: ", err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	client, calls := harness.Recorder(t, harness.OneBan)
	s := harness.NewScene(t, harness.TableOnly)
	in := func(name string) string { return filepath.Join(s.Dir, name) }
	host, bot := key(t, in("host")), key(t, in("acts"))
	s.Write(in("authorized_keys"), fmt.Appendf(nil,
		"restrict,command=\"FRIENDLYFIRE_TEST_RUN=x exec %s act --ssh --client %s --state %s\" %s\n",
		self, client, in("state"), bot))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(address)
	s.Write(in("sshd_config"), fmt.Appendf(nil, `ListenAddress 127.0.0.1:%s
HostKey %s
AuthorizedKeysFile %s
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
`, port, in("host"), in("authorized_keys")))
	s.Write(in("known_hosts"), fmt.Appendf(nil, "[127.0.0.1]:%s %s\n", port, host))
	s.Write(in("impostor"), fmt.Appendf(nil, "[127.0.0.1]:%s %s\n", port, key(t, in("other"))))

	log := &harness.Transcript{}
	server := exec.Command(sshd, "-D", "-e", "-f", in("sshd_config"))
	server.Stderr = log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	harness.Await(t, time.Minute, "sshd listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})

	s.Reconfigure("[enrich]\n", fmt.Sprintf("act = \"ssh://%s@%s\"\nact_key_file = %q\nknown_hosts = %q\n[enrich]\n",
		me.Username, address, in("acts"), in("known_hosts")))
	s.Ban("203.0.113.7")
	out, stderr, code := s.Run("unban", "203.0.113.7")
	if code != 0 || !strings.Contains(out, "Unbanned") || !strings.Contains(out, ": lifted") || lifted(calls()) != 1 {
		t.Errorf("code %d, %q, %s; %q", code, out, stderr, calls())
	}
	if out := s.MustRun("trust", "203.0.113.7", "--for", "1h"); !strings.Contains(out, "Trusted for 1 hour") {
		t.Errorf("%q", out)
	}

	// The key does nothing else, whatever it asks for.
	before := len(calls())
	for _, command := range []string{"id", "sh -c id", "unban sshd 203.0.113.7; id", "", "sftp"} {
		args := []string{
			"-F", "none", "-p", port, "-i", in("acts"), "-o", "UserKnownHostsFile=" + in("known_hosts"), "-o", "BatchMode=yes",
			me.Username + "@127.0.0.1",
		}
		if command != "" {
			args = append(args, command)
		}
		out, _ := exec.Command("ssh", args...).Output() // it may end with any code
		if !strings.HasPrefix(string(out), "no ") {
			t.Errorf("%q: %q", command, out)
		}
	}
	if after := calls(); len(after) != before {
		t.Errorf("Fail2Ban was reached with %q", after[before:])
	}

	s.Reconfigure(in("known_hosts"), in("impostor"))
	out, _, code = s.Run("untrust", "203.0.113.7")
	if code != 1 || !strings.Contains(out, "Trust not ended") || len(calls()) != before {
		t.Errorf("at an impostor: code %d, %q", code, out)
	}
}
