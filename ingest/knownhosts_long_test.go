//go:build long

package ingest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// OpenSSH itself lets in the hosts of the cases by which our reading is tested, and no others.
func TestS23KnownHostsAsOpenSSH(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skip(err)
	}
	cases, user := knownHostsCases(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := newSSHHost(t, user, c.shows)
			_, secret := newKey(t) // which the host refuses
			file := filepath.Join(t.TempDir(), "known_hosts")
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := openSSHLogsIn(t, host, c.address, file, secret); got != c.want {
				t.Errorf("OpenSSH logs in: %t, want %t", got, c.want)
			}
		})
	}
}

// openSSHLogsIn reports whether OpenSSH tries to log in to the host, of which it knows what the file says.
func openSSHLogsIn(t *testing.T, host *sshHost, address, file, key string) bool {
	t.Helper()
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	_, listens, err := net.SplitHostPort(host.address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := filepath.Join(t.TempDir(), "proxy")
	script := "exec 3<>/dev/tcp/127.0.0.1/" + listens + "; cat <&3 2>/dev/null & cat >&3; kill $!\n"
	if err := os.WriteFile(proxy, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, "ssh", "-F", "/dev/null", "-i", key, "-p", port, "-l", "bans",
		"-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes",
		"-o", "UserKnownHostsFile="+file, "-o", "GlobalKnownHostsFile=/dev/null", "-o", "UpdateHostKeys=no",
		"-o", "ProxyCommand=bash "+proxy, name, "true")
	c.WaitDelay = time.Second
	out, err := c.CombinedOutput()
	host.hangUp()
	if err == nil {
		t.Fatalf("ssh has logged in with a wrong key")
	}
	known := []string{"Host key verification failed", "Permission denied", "no matching host key type"}
	if !slices.ContainsFunc(known, func(s string) bool { return strings.Contains(string(out), s) }) {
		t.Fatalf("ssh cannot be asked: %s", out)
	}
	return host.attempts.Load() > 0
}
