package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/bot"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/store"
)

func TestInitFindsFail2BanInAContainer(t *testing.T) {
	n := newNewcomer(t)
	if err := os.Remove(n.path("/var/log/fail2ban.log")); err != nil {
		t.Fatal(err)
	}
	log := "/srv/f2b/fail2ban.log"
	n.write(log, fmt.Sprintf(belgianLine, time.Now().Add(-10*time.Minute).Format(time.DateTime)))
	n.tool("docker", `case "$1 $2" in
"ps --format") printf 'a1 crazymax/fail2ban:latest\nb2 lscr.io/linuxserver/fail2ban:latest\nc3 crazymax/fail2ban\nd4 nginx\n' ;;
"inspect a1") echo '[{"Name":"/f2b","Config":{"Env":["TZ=UTC","F2B_LOG_TARGET=/data/fail2ban.log"]},"Mounts":[{"Source":"/lib","Destination":"/lib/modules"},{"Source":"`+n.path("/srv/f2b")+`","Destination":"/data"}]}]' ;;
"inspect b2") echo '[{"Name":"/lsio","Config":{"Env":[]},"Mounts":[{"Source":"`+n.path("/srv/lsio")+`","Destination":"/config"}]}]' ;;
"inspect c3") echo '[{"Name":"/mute","Config":{"Env":["F2B_LOG_TARGET=STDOUT"]},"Mounts":[]}]' ;;
*) exit 1 ;;
esac
`)
	out, code := n.run(n.byFlags()...)
	for _, says := range []string{
		"1  " + n.path(log) + ", of the container f2b: last ban ",
		n.path("/srv/lsio/log/fail2ban/fail2ban.log") + ", of the container lsio: ",
		"The container mute writes its log to its output", "F2B_LOG_TARGET=/data/fail2ban.log",
	} {
		if !strings.Contains(out, says) {
			t.Errorf("%q is not in", says)
		}
	}
	if code != exitDone || !strings.Contains(n.read("/etc/friendlyfire/config.toml"), fmt.Sprintf("path = %q", n.path(log))) {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestInitAsksForTheZoneThatTheLogShows(t *testing.T) {
	n := newNewcomer(t)
	ahead := time.Now().Add(330 * time.Minute) // a container in India
	n.write("/var/log/fail2ban.log", fmt.Sprintf(belgianLine, ahead.Format(time.DateTime)))
	out, code := n.run(n.byFlags()...)
	_, offset := time.Now().Zone()
	if want := bot.ZonesAt(offset+330*60, time.Now(), time.UTC); len(want) > 0 {
		if code != exitDone || !strings.Contains(out, "The zone of its times: ["+want[0]+"]") ||
			!strings.Contains(n.read("/etc/friendlyfire/config.toml"), fmt.Sprintf("timezone = %q", want[0])) {
			t.Errorf("code %d: %s", code, out)
		}
	}
}

// Where somebody has written several sources, or one of another machine, they stay byte for byte; no action is offered
// whose file would take the place of the first.
func TestInitLeavesSeveralSourcesAlone(t *testing.T) {
	for name, more := range map[string]string{
		"several":     "\n[[source]]\nname = \"web2\"\npath = \"/srv/bans.csv\"\n",
		"over SFTP":   "",
		"a file here": "",
	} {
		t.Run(name, func(t *testing.T) {
			n := newNewcomer(t)
			n.withFail2Ban("false")
			text := n.read("/etc/friendlyfire/config.toml") + more
			if name == "over SFTP" {
				n.write("/etc/friendlyfire/key", "")
				text = strings.Replace(text, fmt.Sprintf("path = %q ", n.path("/var/log/fail2ban.log")), fmt.Sprintf(
					"sftp = \"f2b@192.0.2.7:22/bans.csv\"\nkey_file = %q\nknown_hosts = %[1]q\n", n.path("/etc/friendlyfire/key")), 1)
				text = strings.NewReplacer("\nsftp = \"\" ", "\n#", "\nkey_file = \"\" ", "\n#", "\nknown_hosts = \"\" ", "\n#").Replace(text)
			}
			n.write("/etc/friendlyfire/config.toml", text)
			out, _ := n.run("init", "--yes", "--friendly", "FR")
			kept := strings.Contains(out, "The sources of bans stay as they are.\n")
			if kept == (name == "a file here") || exists(n.path(actionJails)) || strings.Contains(out, "Add it, and reload Fail2Ban?") == kept {
				t.Errorf("%s", out)
			}
			if want := strings.Replace(text, `friendly = ["BE"]`, `friendly = ["FR"]`, 1); kept && n.read("/etc/friendlyfire/config.toml") != want {
				t.Errorf("the configuration is\n%s", n.read("/etc/friendlyfire/config.toml"))
			}
			if out, code := n.run(n.byFlags("--action")...); kept && (code != exitFailed || !strings.Contains(out, "the action cannot be added: ")) {
				t.Errorf("code %d: %s", code, out)
			}
		})
	}
}

// init names the platforms that it cannot pair, and where they are set up.
func TestInitSaysWhereOtherPlatformsAreSetUp(t *testing.T) {
	n := newNewcomer(t)
	out, _ := n.run(n.byFlags()...)
	if want := "Others (ntfy, webhook, mail) only get messages: their sections in " + n.configFile + " say what they need.\n"; !strings.Contains(out, want) {
		t.Errorf("%q is not in\n%s", want, out)
	}
}

// What check finds at the end is to be mended, and then the bot to be started: init says how.
func TestInitThatEndsWithAProblemSaysHowToStartTheBot(t *testing.T) {
	n := newNewcomer(t)
	n.both.Telegram.Fail("sendMessage", telegramtest.Refuse(403, "Forbidden: bot was kicked from the group chat"))
	out, code := n.run(n.byFlags()...)
	want := "not everything is in order, see above. Once that is mended, start the bot:\n"
	if code != exitFailed || !strings.Contains(out, want) || !strings.HasSuffix(out, "friendlyfire run\n") {
		t.Errorf("code %d: %s", code, out)
	}
}

// withFail2Ban is a Fail2Ban that keeps a list of what it is asked. Its configuration is wrong where broken says so.
func (n *newcomer) withFail2Ban(broken string) {
	n.t.Helper()
	n.write("/etc/fail2ban/jail.d/mine.local", "[sshd]\n")
	n.write(actionHelper, "#!/bin/sh\nprintf '# Made by it\\n\\n[sshd]\\naction = x\\n'\n")
	if err := os.Chmod(n.path(actionHelper), 0o755); err != nil {
		n.t.Fatal(err)
	}
	n.tool("fail2ban-client", `echo "$*" >> `+n.path("/asked")+`
case "$*" in
-t) ! { `+broken+`; } || { echo 'ERROR  the jail is wrong'; exit 255; } ;;
status) printf 'Status\n|- Number of jail:\t1\n%s- Jail list:\tsshd\n' '`+"`"+`' ;;
"get sshd actions") printf 'The jail sshd has the following actions:\niptables, friendlyfire-csv\n' ;;
"get sshd action friendlyfire-csv file") echo `+n.path(actionFile)+` ;;
"reload --restart") mkdir -p `+n.path("/var/log/friendlyfire")+` && : > `+n.path(actionFile)+` ;;
esac
`)
	if err := os.Symlink("/usr/bin/mkdir", filepath.Join(n.tools, "mkdir")); err != nil {
		n.t.Fatal(err)
	}
}

func TestInitAddsTheActionOnlyWhereFail2BanTakesIt(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root is offered the action")
	}
	lines := "# Made by it\n\n[sshd]\naction = x\n"
	n := newNewcomer(t)
	n.withFail2Ban("false")
	out, code := n.run(n.byFlags("--action")...)
	config := n.read("/etc/friendlyfire/config.toml")
	if code != exitDone || n.read(actionJails) != lines || !strings.Contains(n.read("/asked"), "\nreload --restart\n") ||
		!strings.Contains(config, fmt.Sprintf("path = %q", n.path(actionFile))) ||
		!strings.Contains(config, fmt.Sprintf("log = %q", n.path("/var/log/fail2ban.log"))) {
		t.Errorf("code %d: %s", code, out)
	}

	for name, test := range map[string]struct{ broken, says string }{
		"it is broken before":        {"true", "its own configuration does not load"},
		"it does not like the lines": {"test -e $JAILS", "the action was not added, and nothing is changed"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNewcomer(t)
			n.withFail2Ban(strings.Replace(test.broken, "$JAILS", n.path(actionJails), 1))
			before := n.files()
			out, code := n.run(n.byFlags("--action")...)
			if err := os.Remove(n.path("/asked")); err != nil {
				t.Fatal(err)
			}
			if code != exitFailed || !strings.Contains(out, test.says) || !strings.Contains(out, "the jail is wrong") {
				t.Errorf("code %d: %s", code, out)
			}
			if diff := cmp.Diff(before, n.files()); diff != "" || len(n.both.Telegram.Messages()) > 0 {
				t.Errorf("something was changed or posted:\n%s", diff)
			}
		})
	}
	t.Run("others have the file", func(t *testing.T) {
		n := newNewcomer(t)
		n.withFail2Ban("false")
		n.write(actionJails, "[sshd]\naction = mine\n")
		out, code := n.run(n.byFlags("--action")...)
		if code != exitFailed || n.read(actionJails) != "[sshd]\naction = mine\n" || !strings.Contains(out, "is there already") {
			t.Errorf("code %d: %s", code, out)
		}
	})
}

// The bot's user is let into the group that may read the log, and the service is started, where this machine has both.
func TestInitSetsTheRightsAndStartsTheService(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may")
	}
	n := newNewcomer(t)
	for dir := n.root; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		give(t, dir, 0o755, 0, 0)
	}
	give(t, n.path("/var/lib/friendlyfire"), 0o700, 1, 1) // the user daemon
	give(t, n.path("/var/log/fail2ban.log"), 0o640, 0, 4) // the group adm
	n.write("/run/systemd/system/.keep", "")
	for _, tool := range []string{"usermod", "systemctl"} {
		n.tool(tool, "echo "+tool+` "$*" >> `+n.path("/asked")+"\nchmod o+r "+n.path("/var/log/fail2ban.log")+"\n")
	}
	if err := os.Symlink("/usr/bin/chmod", filepath.Join(n.tools, "chmod")); err != nil {
		t.Fatal(err)
	}
	out, code := n.run(n.byFlags()...)
	const want = "usermod -aG adm daemon\nsystemctl enable friendlyfire\nsystemctl restart friendlyfire\n"
	if asked := n.read("/asked"); code != exitDone || asked != want || !strings.HasSuffix(out, "The bot runs.\n") {
		t.Errorf("code %d, ran %q: %s", code, asked, out)
	}
	if owner, _ := store.Readers(n.path("/etc/friendlyfire/telegram")); owner != "daemon alone" {
		t.Errorf("the token is for %s", owner)
	}
	n.write("/asked", "")
	if out, code := n.run("init", "--yes", "--service=false"); code != exitDone || n.read("/asked") != "" {
		t.Errorf("code %d, ran %q: %s", code, n.read("/asked"), out)
	}
}

func TestInitByOneWhoMayNotWriteSaysWhatToType(t *testing.T) {
	s := newRightsScene(t)
	if out, code := as(t, s, 12345, "init", "--yes"); code != exitFailed ||
		!strings.Contains(out, "may not be written by this user: sudo friendlyfire --config "+s.Config+" init\n") {
		t.Errorf("code %d: %s", code, out)
	}
}
