//go:build linux

package acceptance

import (
	"fmt"
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

// setup is a way in which administrators configure Fail2Ban's actions.
type setup struct {
	name  string
	files map[string]string // in Fail2Ban's folder; a name as the content stands for that file of the distribution
	jails []string
}

var setups = []setup{
	{"stock", nil, []string{"sshd"}},
	{"jail.local copied from jail.conf", map[string]string{"jail.local": "jail.conf"}, []string{"sshd"}},
	{
		"action_mwl in jail.local",
		map[string]string{"jail.local": "[DEFAULT]\naction = %(action_mwl)s\n"},
		[]string{"sshd"},
	},
	{"own action in jail.d", map[string]string{
		"jail.d/custom.conf": "[DEFAULT]\naction = %(action_)s\n         mail-me[dest=\"admin@example.org\"]\n",
	}, []string{"sshd"}},
	{"a jail's own action", map[string]string{
		"jail.local": "[sshd]\naction = %(action_)s[blocktype=DROP]\n         mail-me\n",
	}, []string{"sshd"}},
	{"jails that name the default action twice", map[string]string{
		"jail.local": "[asterisk]\nenabled = true\nlogpath = %(sshd_log)s\n" +
			"[nsd]\nenabled = true\nlogpath = %(sshd_log)s\n",
	}, []string{"asterisk", "nsd", "sshd"}},
}

// fakes are the actions that the set-ups name. Each writes down that it ran.
var fakes = []string{
	"iptables", "iptables-multiport", "iptables-allports", "nftables", "nftables-multiport", "nftables-allports",
	"sendmail-whois-lines", "mail-whois-lines", "mail-me",
}

const fakeAction = `[Definition]
actionban = echo "<actname> <ip>" >> "%s"
`

// newSetup is the distribution's Fail2Ban in a folder of its own, set up like that. A bot with the configuration of the
// package is beside it.
func newSetup(t *testing.T, s setup) *fail2ban {
	t.Helper()
	const system = "/etc/fail2ban/"
	f := &fail2ban{jails: len(s.jails), Scene: harness.NewScene(t, packagedConfig(t))}
	for _, dir := range []string{"filter.d", "action.d"} {
		f.must(os.CopyFS(f.in("etc/"+dir), os.DirFS(system+dir)))
	}
	f.must(os.RemoveAll(f.in("etc/action.d/friendlyfire.conf")))    // of a package on this machine
	journal := regexp.MustCompile(`(?m)^\s*backend\s*=\s*systemd$`) // there is none to read
	paths, err := filepath.Glob(system + "paths-*.conf")
	f.must(err)
	for _, name := range append(paths, system+"jail.conf", system+"jail.d/defaults-debian.conf") {
		text, err := os.ReadFile(name)
		f.must(err)
		text = journal.ReplaceAll(text, nil)
		f.Scene.Write(f.in("etc/"+strings.TrimPrefix(name, system)), text)
	}
	for name, text := range s.files {
		if text == "jail.conf" {
			text = f.read("etc/" + text)
		}
		f.Scene.Write(f.in("etc/"+name), []byte(text))
	}
	for _, name := range fakes {
		f.Scene.Write(f.in("etc/action.d/"+name+".conf"), fmt.Appendf(nil, fakeAction, f.in("ran")))
	}
	f.write("auth.log", "")
	f.write("etc/paths-overrides.local",
		fmt.Sprintf("[DEFAULT]\nsshd_log = %s\nsshd_backend = polling\n", f.in("auth.log")))
	f.configure()
	return f
}

// packagedConfig is what the package installs as config.toml, with everything in $DIR and without the network.
func packagedConfig(t *testing.T) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "../deploy/debian/config")
	cmd.Stdin = strings.NewReader(string(harness.Defaults()))
	config, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	replacer := strings.NewReplacer("/var/log/", "$DIR/", "/var/lib/", "$DIR/", "whois = true", "whois = false")
	return replacer.Replace(string(config))
}

// install puts the package's files for Fail2Ban where this one looks for them.
func (f *fail2ban) install() {
	f.T.Helper()
	contents, err := os.ReadFile("../deploy/package/nfpm.yaml")
	f.must(err)
	file := regexp.MustCompile(`- src: (deploy/fail2ban/\S+)\n +dst: (\S+)`)
	for _, m := range file.FindAllStringSubmatch(string(contents), -1) {
		text, err := os.ReadFile("../" + m[1])
		f.must(err)
		f.Scene.Write(f.in(strings.Replace(m[2], "/etc/fail2ban/", "etc/", 1)), text)
	}
	f.write("etc/action.d/friendlyfire.local", fmt.Sprintf("[Init]\nfile = %s\ngroup = %d\n", f.Bans, os.Getgid()))
}

// helper runs what the package has for adding the action, with this Fail2Ban in the system's place.
func (f *fail2ban) helper(args ...string) string {
	f.T.Helper()
	client, err := exec.LookPath("fail2ban-client")
	f.must(err)
	script := fmt.Sprintf("#!/bin/sh\nexec %s -c %s -s %s -p %s \"$@\"\n",
		client, f.in("etc"), f.in("fail2ban.sock"), f.in("fail2ban.pid"))
	f.Scene.Write(f.in("bin/fail2ban-client"), []byte(script))
	f.must(os.Chmod(f.in("bin/fail2ban-client"), 0o700))
	args = append([]string{f.in("usr/share/friendlyfire/fail2ban-action")}, args...)
	cmd := exec.CommandContext(f.T.Context(), "/bin/sh", args...)
	cmd.Env = append(os.Environ(), "FAIL2BAN_ETC="+f.in("etc"), "PATH="+f.in("bin")+":"+os.Getenv("PATH"))
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || said.Len() > 0 {
		f.T.Fatalf("%q: %v\n%s%s", args, err, out, said.String())
	}
	return string(out)
}

// loaded are the actions that the running Fail2Ban has for its jails.
func (f *fail2ban) loaded(jails []string) map[string][]string {
	f.T.Helper()
	all := map[string][]string{}
	apart := func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }
	for _, jail := range jails {
		out, err := f.client("get", jail, "actions")
		f.must(err)
		_, names, _ := strings.Cut(out, "\n") // after a heading
		all[jail] = sorted(strings.FieldsFunc(names, apart))
	}
	return all
}

// ban has an address banned by sshd's jail, and waits until these actions have run for it.
func (f *fail2ban) ban(address string, actions []string) {
	f.T.Helper()
	for i := range 5 { // as many as jail.conf allows
		f.write("auth.log", attacks[0].line(time.Now(), 40000+i, address))
	}
	f.await("a ban of "+address, func() bool { return f.logged()[address+" sshd"] > 0 })
	for _, action := range actions {
		f.await(action+" for "+address, func() bool {
			if strings.HasPrefix(action, "friendlyfire") {
				return strings.Contains(f.read(filepath.Base(f.Bans)), ","+address+",sshd,")
			}
			return strings.Contains(f.read("ran"), action+" "+address+"\n")
		})
	}
}

// valid has Fail2Ban test its configuration.
func (f *fail2ban) valid() {
	f.T.Helper()
	if out, err := f.client("-t"); err != nil {
		f.T.Errorf("Fail2Ban refuses the configuration: %v\n%s", err, out)
	}
}

// Whatever ran at a ban before the package was installed runs after it too, and nothing else; and when the action is
// asked for, it runs beside all that. The bans are read in either case.
func TestT07TheActionHarmsNobody(t *testing.T) {
	harness.Needs(t, "fail2ban-server")
	t.Parallel() // most of it is waiting for Fail2Ban
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			f := newSetup(t, s)
			f.up()
			before := f.loaded(s.jails)
			f.ban("203.0.113.1", before["sshd"])
			f.down()

			f.install()
			f.valid()
			f.up()
			for jail, actions := range f.loaded(s.jails) {
				if !slices.Equal(actions, before[jail]) {
					t.Errorf("with the package %s has the actions %q, without it %q", jail, actions, before[jail])
				}
			}
			f.ban("203.0.113.2", before["sshd"])

			f.Scene.Write(f.in("etc/jail.d/zz-friendlyfire.local"), []byte(f.helper()))
			f.valid()
			_, err := f.client("reload", "--restart")
			f.must(err)
			f.helper("check")
			asked := f.loaded(s.jails)
			for jail, actions := range asked {
				want := sorted(append([]string{"friendlyfire-csv"}, before[jail]...))
				if !slices.Equal(actions, want) {
					t.Errorf("asked for ours, %s has the actions %q, want %q", jail, actions, want)
				}
			}
			f.ban("203.0.113.3", asked["sshd"])
			t.Logf("before: %q; asked for: %q", before, asked)

			if out, errs, code := f.Run("run", "--once"); code != 0 {
				t.Fatalf("the bot ends with %d: %s%s", code, out, errs)
			}
			if out, _, _ := f.Run("report", "--by", "jail", "--csv"); !strings.Contains(out, "\nsshd,sshd,3,3,") {
				t.Errorf("of three bans the bot has:\n%s", out)
			}
		})
	}
	t.Cleanup(func() {
		if !t.Failed() {
			harness.Reached(t, "%d set-ups of a real Fail2Ban: every action of before runs, ours where asked for",
				len(setups))
		}
	})
}

// An administrator who names the action himself, or has asked twice, loses no jail.
func TestT07AskingTwiceHarmsNobody(t *testing.T) {
	harness.Needs(t, "fail2ban-server")
	t.Parallel()
	f := newSetup(t, setups[0])
	f.install()
	f.Scene.Write(f.in("etc/jail.d/zz-friendlyfire.local"), []byte(f.helper()))
	if again := f.helper(); again != f.read("etc/jail.d/zz-friendlyfire.local") {
		t.Errorf("asked again, the lines are others:\n%s", again)
	}
	f.write("etc/jail.local", "[DEFAULT]\naction = %(action_)s\n         friendlyfire\n")
	f.valid()
	f.up()
	f.helper("check")
	f.ban("203.0.113.1", f.loaded([]string{"sshd"})["sshd"])
	if lines := f.helper(); strings.Contains(lines, "[sshd]") {
		t.Errorf("the action is proposed to a jail that has it:\n%s", lines)
	}
}

// An administrator who reads the action's file hears of the jails that do not write to it.
func TestT07CheckAsksFail2BanForTheAction(t *testing.T) {
	harness.Needs(t, "fail2ban-server")
	t.Parallel()
	f := newSetup(t, setups[len(setups)-1])
	f.install()
	f.Reconfigure(f.in("fail2ban.log"), f.Bans)
	f.Scene.Write(f.in("etc/jail.d/zz-friendlyfire.local"), []byte(f.helper("nsd", "sshd")))
	f.Env = append(f.Env, "PATH="+f.in("bin")+":"+os.Getenv("PATH"))
	f.up()
	for _, want := range []string{
		"note     source web1: jails of Fail2Ban that do not write to it: asterisk\n",
		"ok       source web1: all jails of Fail2Ban write to it: asterisk, nsd, sshd\n",
	} {
		if out, _, _ := f.Run("check"); !strings.Contains(out, want) {
			t.Errorf("check says\n%s\nwant %q in it", out, want)
		}
		f.Scene.Write(f.in("etc/jail.d/zz-friendlyfire.local"), []byte(f.helper()))
		_, err := f.client("reload", "--restart")
		f.must(err)
	}
}
