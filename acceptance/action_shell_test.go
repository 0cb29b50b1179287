package acceptance

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// actionCommand is a command of the Fail2Ban action, as Fail2Ban gives it to a shell: continued lines are joined, and
// what stands in angle brackets is filled in.
func actionCommand(t *testing.T, name string, tags map[string]string) string {
	t.Helper()
	text, err := os.ReadFile("../deploy/fail2ban/action.d/friendlyfire.conf")
	if err != nil {
		t.Fatal(err)
	}
	get := func(name string) string {
		m := regexp.MustCompile(`(?m)^` + name + ` = (.*(?:\n[ \t]+.*)*)`).FindSubmatch(text)
		if m == nil {
			t.Fatalf("the action has no %s", name)
		}
		return string(m[1])
	}
	command := strings.ReplaceAll(get(name), "<make>", get("make"))
	for tag, value := range tags {
		command = strings.ReplaceAll(command, "<"+tag+">", value)
	}
	return strings.ReplaceAll(command, "%%", "%")
}

// The action writes the same file in the shells of Debian and of Alpine, and also where Fail2Ban may create files and
// append to them and nothing else, as under SELinux: then the folder hands down its group.
func TestTheActionWritesTheSameInEveryShell(t *testing.T) {
	const evidence = "Failed password for root, \"quoted\""
	want := fmt.Sprintf("DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH,MATCHES\n"+
		"2026-11-22,13:05:09,203.0.113.7,sshd,5,600,1,1795352709,%s\n", base64.StdEncoding.EncodeToString([]byte(evidence)))
	for _, shell := range [][]string{{"sh", "-c"}, {"bash", "-c"}, {"busybox", "sh", "-c"}} {
		if _, err := exec.LookPath(shell[0]); err != nil {
			t.Logf("there is no %s here", shell[0])
			continue
		}
		for name, file := range map[string]string{
			"all allowed":              "bans.csv",
			"nothing but to append":    strings.Repeat("b", 250), // so long that no other name beside it is
			"nothing but to append, 2": strings.Repeat("c", 250),
		} {
			t.Run(shell[0]+", "+name, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "log")
				if err := os.Mkdir(dir, 0o750); err != nil {
					t.Fatal(err)
				}
				group := os.Getgid()
				if os.Getuid() == 0 {
					group = 4
				}
				if err := os.Chown(dir, os.Getuid(), group); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(dir, 0o750|os.ModeSetgid); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, file)
				if strings.HasSuffix(name, "2") { // what a rotation may leave
					if err := os.WriteFile(path, nil, 0o640); err != nil {
						t.Fatal(err)
					}
				}
				command := actionCommand(t, "actionban", map[string]string{
					"ip": "203.0.113.7", "name": "sshd", "failures": "5", "bantime": "600", "bancount": "1", "time": "1795352709.5",
					"matches": strings.ReplaceAll(evidence, `"`, `\"`), "evidence": "yes", "file": path, "group": "nobody-is-in-it",
				})
				// Fail2Ban's umask, and a busybox whose shell takes its own programs.
				cmd := exec.Command(shell[0], append(shell[1:], "umask 077\n"+command)...)
				cmd.Env = append(os.Environ(), "TZ=UTC")
				if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
					t.Errorf("%v: %s", err, out)
				}
				got, err := os.ReadFile(path)
				if err != nil || string(got) != want {
					t.Errorf("%v: %q, want %q", err, got, want)
				}
				var is syscall.Stat_t
				if err := syscall.Stat(path, &is); err != nil || is.Mode&0o777 != 0o640 || int(is.Gid) != group {
					t.Errorf("%v: mode %o, group %d, want 640 and %d", err, is.Mode&0o777, is.Gid, group)
				}
				if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
					t.Errorf("%v: files %v", err, left)
				}
			})
		}
	}
}
