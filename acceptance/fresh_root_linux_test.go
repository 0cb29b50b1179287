package acceptance

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
)

// freshRoot is a system on which the package is installed, seen through a layer that takes all changes and is thrown
// away. FRESH_ROOT names the system, such as what debootstrap has made, or / for this one; FRESH_PACKAGE the .deb.
type freshRoot struct {
	t        *testing.T
	scene    *harness.Scene
	telegram *telegramtest.Server
	enter    []string // a command that starts others within
}

// layer says where the system is, and where in it a folder of the test's own with the package is.
const layer = `set -e
layer=$(mktemp -d); trap 'cd /; umount -R "$layer"; rmdir "$layer"' EXIT
mount -t tmpfs tmpfs "$layer"; mkdir "$layer"/upper "$layer"/work "$layer"/root
mount -t overlay overlay -o "lowerdir=$1,upperdir=$layer/upper,workdir=$layer/work" "$layer/root"
mount --bind /dev "$layer/root/dev"; mount --rbind /dev/pts "$layer/root/dev/pts"; mount -t proc proc "$layer/root/proc"
own=$(mktemp -d "$layer/root/package-XXXXXX"); cp "$2" "$own/package.deb"
echo "$layer/root ${own#"$layer/root"}"; cat >/dev/null`

func newFreshRoot(t *testing.T) *freshRoot {
	t.Helper()
	root, pkg := os.Getenv("FRESH_ROOT"), os.Getenv("FRESH_PACKAGE")
	if root == "" || pkg == "" {
		t.Skip("FRESH_ROOT and FRESH_PACKAGE name a system and a package for it")
	}
	holder := exec.Command("unshare", "--mount", "--propagation", "private", "bash", "-c", layer, "bash", root, pkg)
	until, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	holder.Stderr = os.Stderr
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		until.Close()
		holder.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	where, own, _ := strings.Cut(strings.TrimSpace(line), " ")
	f := &freshRoot{t: t, telegram: telegramtest.Start(t), enter: []string{
		"nsenter", fmt.Sprintf("--mount=/proc/%d/ns/mnt", holder.Process.Pid), "--", "chroot", where,
		"env", "-i", "-C", "/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
	}}
	f.telegram.SetChat(telegramtest.Chat{ID: -1001234567890, Title: "Ops"})
	began := time.Now()
	f.must("dpkg", "--install", own+"/package.deb")
	t.Logf("installing the package took %v", time.Since(began).Round(time.Millisecond))

	// What a newcomer finds, and the one thing that is not as at his: where Telegram is.
	const ban = "%s,123 fail2ban.actions        [712]: NOTICE  [sshd] Ban 81.241.7.9\n"
	f.write("/var/log/fail2ban.log", "0640 root adm", fmt.Sprintf(ban, time.Now().UTC().Add(-10*time.Minute).Format(time.DateTime)))
	f.write("/var/log/fail2ban.log.1", "0640 root adm", fmt.Sprintf(ban, time.Now().UTC().AddDate(0, 0, -7).Format(time.DateTime)))
	f.must("sed", "-i", "s|https://api.telegram.org|"+f.telegram.URL()+"|; s|^whois = true |whois = false|",
		"/etc/friendlyfire/config.toml")
	f.write("/var/log/auth.log", "0640 root adm", "") // of rsyslog; without it Fail2Ban does not start on Debian 12
	f.scene = &harness.Scene{
		T: t, Dir: t.TempDir(), Config: "/etc/friendlyfire/config.toml", Wrapper: f.enter, Program: "friendlyfire",
	}
	return f
}

// within runs a command on the system.
func (f *freshRoot) within(stdin string, args ...string) (out string, err error) {
	cmd := exec.Command(f.enter[0], append(f.enter[1:], args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

func (f *freshRoot) must(args ...string) (out string) {
	f.t.Helper()
	out, err := f.within("", args...)
	if err != nil {
		f.t.Fatalf("%q: %v: %s", args, err, out)
	}
	return out
}

// write makes a file with a mode, an owner and a group.
func (f *freshRoot) write(name, rights, text string) {
	f.t.Helper()
	r := strings.Fields(rights)
	if out, err := f.within(text, "install", "-m", r[0], "-o", r[1], "-g", r[2], "/dev/stdin", name); err != nil {
		f.t.Fatal(err, out)
	}
}

// inOrder fails unless check has nothing to say, whoever of the two runs it, and the token is the bot's alone.
func (f *freshRoot) inOrder() {
	f.t.Helper()
	if got := f.must("stat", "-c", "%U:%G %a", "/etc/friendlyfire/telegram"); got != "friendlyfire:friendlyfire 600\n" {
		f.t.Errorf("the token is %s", got)
	}
	for _, who := range [][]string{nil, {"setpriv", "--reuid=friendlyfire", "--regid=friendlyfire", "--init-groups"}} {
		out, err := f.within("", append(who, "friendlyfire", "check")...)
		if err != nil || !strings.Contains(out, "Everything is in order.") {
			f.t.Errorf("%v: %v: %s", who, err, out)
		}
	}
}

// From a package that was just installed to a first message in the chat, at a terminal.
func TestInitOnAFreshSystemBringsAFirstMessage(t *testing.T) {
	f := newFreshRoot(t)
	began := time.Now()
	d := f.scene.Dialogue("init")
	for _, step := range [][2]string{
		{"Your users: ", "BE\n"},
		{"Which is to be read?", "\n"},
		{"called in alerts?", "\n"},
		{"without alerts? ", "\n"},
	} {
		d.Await(step[0])
		d.Type(step[1])
	}
	d.Await("Which chat is to be told?", "Add it, and reload Fail2Ban?")
	if strings.Contains(d.String(), "Add it, and reload Fail2Ban?") {
		d.Type("\n")
		d.Await("Which chat is to be told?")
	}
	d.Type("telegram\n")
	d.Await("as you type or paste it:")
	d.Type(telegramtest.Token + "\n")
	d.Await("Go ahead?")
	d.Type("\n")
	f.telegram.Say(-1001234567890, 0, 7, "/pair@"+telegramtest.BotName+" "+d.Code())
	d.Await("[y/N] ")
	d.Type("y\n")
	f.telegram.AwaitMessages(t, 1)
	t.Logf("from init to the first message: %v", time.Since(began).Round(time.Millisecond))
	if code := d.End(); code != 0 {
		t.Errorf("init ended with %d", code)
	}
	t.Logf("to the end of init, with history, a test alert and a test picture: %v", time.Since(began).Round(time.Millisecond))
	if groups := f.must("id", "-nG", "friendlyfire"); !strings.Contains(groups, "adm") {
		t.Errorf("the bot's user is in %s", groups)
	}
	f.inOrder()
}

// The same by flags, with the action added to the jails of a real Fail2Ban.
func TestInitOnAFreshSystemByFlagsAddsTheAction(t *testing.T) {
	f := newFreshRoot(t)
	if out, err := f.within("", "fail2ban-client", "-t"); err != nil {
		t.Skipf("this system has no Fail2Ban that would start: %s", out)
	}
	// It bans nobody here, and so reaches for no firewall.
	f.must("mkdir", "-p", "/run/fail2ban")
	f.must("fail2ban-client", "start")
	t.Cleanup(func() { f.within("", "fail2ban-client", "stop") })
	f.write("/root/token", "0600 root root", telegramtest.Token+"\n")
	began := time.Now()
	args := []string{
		"friendlyfire", "init", "--yes", "--friendly", "BE", "--action", "--platform", "telegram", "--token-file", "/root/token",
		"--chat", "-1001234567890", "--user", "7",
	}
	out, err := f.within("", args...)
	t.Logf("init by flags took %v", time.Since(began).Round(time.Millisecond))
	if err != nil || len(f.telegram.Messages()) != 2 {
		t.Errorf("%v: %s", err, out)
	}
	if actions := f.must("fail2ban-client", "get", "sshd", "actions"); !strings.Contains(actions, "friendlyfire-csv") {
		t.Errorf("the running Fail2Ban has not taken the action: %s", actions)
	}
	if len(f.telegram.Messages()) != 2 {
		t.Errorf("%d messages, want a test alert and a test picture", len(f.telegram.Messages()))
	}
	if jails := f.must("/usr/share/friendlyfire/fail2ban-action", "jails"); !strings.Contains(jails, "sshd") {
		t.Errorf("jails with the action: %q; %v: %s", jails, err, out)
	}
	config := f.must("cat", "/etc/friendlyfire/config.toml")
	for _, line := range []string{"\npath = \"/var/log/friendlyfire/bans.csv\"", "\nlog = \"/var/log/fail2ban.log\""} {
		if !strings.Contains(config, line) {
			t.Errorf("%q is not in\n%s", line, config)
		}
	}
	if total := f.must("friendlyfire", "report", "--since", "all", "--json"); !strings.Contains(total, `"total":2`) {
		t.Errorf("the bans of the log are not read in as history: %s", total)
	}
}
