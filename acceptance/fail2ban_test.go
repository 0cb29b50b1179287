//go:build linux

package acceptance

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// attack is what the failed logins from an address leave in a daemon's log.
type attack struct {
	jail, settings string
	line           func(at time.Time, pid int, address string) string
}

// attacks have the daemons' own wording and three forms of time: RFC 3339 in syslog, the traditional one, and nginx's.
var attacks = []attack{
	{"sshd", "filter = sshd", func(at time.Time, pid int, address string) string {
		form := " web1 sshd[%d]: Failed password for invalid user $(reboot),`id`\"'; from %s port 40222 ssh2\n"
		return at.Format(sshdStamp) + fmt.Sprintf(form, pid, address)
	}},
	{"nginx-http-auth", "filter = nginx-http-auth", func(at time.Time, pid int, address string) string {
		return at.Format("2006/01/02 15:04:05") + fmt.Sprintf(
			` [error] %d#%[1]d: *7 user "admin": password mismatch, client: %s, server: example.org,`+
				` request: "GET /admin HTTP/1.1", host: "example.org"`+"\n", pid, address)
	}},
	{"postfix-sasl", "filter = postfix[mode=auth]", func(at time.Time, pid int, address string) string {
		form := " web1 postfix/smtpd[%d]: warning: unknown[%s]: SASL LOGIN authentication failed: UGFzc3dvcmQ6\n"
		return at.Format(time.Stamp) + fmt.Sprintf(form, pid, address)
	}},
}

const (
	sshdStamp = "2006-01-02T15:04:05.000000-07:00"
	maxRetry  = 3
)

// fail2ban is a real Fail2Ban in a folder of its own, with neither firewall nor service manager, and a bot that reads
// what its action writes.
type fail2ban struct {
	*harness.Scene
	server *exec.Cmd
	db     *sql.DB
	jails  int             // that it starts
	next   int             // the number of the next attacker
	want   map[string]bool // bans that must come
}

func newFail2Ban(t *testing.T) *fail2ban {
	t.Helper()
	harness.Needs(t, "fail2ban-server", "fail2ban-client")
	f := &fail2ban{
		jails: len(attacks), want: map[string]bool{},
		Scene: harness.NewScene(t, harness.TableOnly, inStateFolder, harness.Change{
			`path = "$DIR/bans.csv"`, "path = \"$DIR/csv/bans.csv\"\nevery = \"1s\"", "timezone = \"UTC\"\n", "",
		}),
	}
	f.must(os.Remove(f.Bans))
	f.Bans = f.in("csv/bans.csv")
	f.must(os.CopyFS(f.in("etc/filter.d"), os.DirFS("/etc/fail2ban/filter.d")))
	f.must(os.CopyFS(f.in("etc/action.d"), os.DirFS("../deploy/fail2ban/action.d")))
	f.configure()
	jails := fmt.Sprintf(`[DEFAULT]
backend = polling
usedns = no
maxretry = %d
findtime = 1d
bantime = 7d
action = friendlyfire[file=%q, group=%d]
`,
		maxRetry, f.Bans, os.Getgid())
	for _, a := range attacks {
		f.write(a.jail+".log", "")
		jails += fmt.Sprintf("[%s]\nenabled = true\n%s\nlogpath = %s\n", a.jail, a.settings, f.in(a.jail+".log"))
	}
	f.write("etc/jail.conf", jails)
	return f
}

// configure gives the server the folder for all that it writes, and ends it with the test.
func (f *fail2ban) configure() {
	f.write("etc/fail2ban.conf", strings.ReplaceAll(`[Definition]
loglevel = INFO
logtarget = $DIR/fail2ban.log
syslogsocket = auto
socket = $DIR/fail2ban.sock
pidfile = $DIR/fail2ban.pid
dbfile = $DIR/fail2ban.sqlite3
dbpurgeage = 30d
dbmaxmatches = 10
`, "$DIR", f.Dir))
	f.T.Cleanup(func() {
		f.kill()
		if f.T.Failed() {
			found := regexp.MustCompile(`(?m)^.*\] Found .*\n`)
			f.T.Logf("Fail2Ban logged:\n%s", found.ReplaceAllString(f.read("fail2ban.log"), ""))
		}
	})
}

func (f *fail2ban) in(name string) string { return filepath.Join(f.Dir, name) }

func (f *fail2ban) must(err error) {
	f.T.Helper()
	if err != nil {
		f.T.Fatal(err)
	}
}

func (f *fail2ban) write(name, text string) {
	f.T.Helper()
	file, err := os.OpenFile(f.in(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	f.must(err)
	_, err = file.WriteString(text)
	f.must(errors.Join(err, file.Close()))
}

func (f *fail2ban) read(name string) string {
	text, _ := os.ReadFile(f.in(name)) // empty if it does not exist yet
	return string(text)
}

func (f *fail2ban) client(args ...string) (string, error) {
	args = append([]string{"-c", f.in("etc"), "-s", f.in("fail2ban.sock"), "-p", f.in("fail2ban.pid")}, args...)
	out, err := exec.CommandContext(f.T.Context(), "fail2ban-client", args...).Output()
	return string(out), err
}

// up starts the server, with the umask that its unit sets, as the leader of a process group.
func (f *fail2ban) up() {
	f.T.Helper()
	started := func() int { return strings.Count(f.read("fail2ban.log"), "' started\n") }
	want := started() + f.jails
	const start = `umask 0077; exec fail2ban-server -f -x -c "$1/etc" -s "$1/fail2ban.sock" -p "$1/fail2ban.pid" start`
	server := exec.Command("sh", "-c", start, "sh", f.Dir)
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	f.must(server.Start())
	f.server = server
	f.await("the jails start", func() bool { return started() == want })
}

// down ends the server as a service manager does.
func (f *fail2ban) down() {
	f.T.Helper()
	f.must(f.server.Process.Signal(syscall.SIGTERM))
	end := time.AfterFunc(15*time.Second, func() { syscall.Kill(-f.server.Process.Pid, syscall.SIGKILL) })
	defer end.Stop()
	if err := f.server.Wait(); err != nil {
		f.T.Errorf("Fail2Ban ended with %v", err)
	}
	f.server = nil
}

func (f *fail2ban) kill() {
	if f.server != nil {
		syscall.Kill(-f.server.Process.Pid, syscall.SIGKILL)
		f.server.Wait() // it was killed
		f.server = nil
	}
}

func (f *fail2ban) await(what string, until func() bool) {
	f.T.Helper()
	harness.Await(f.T, 90*time.Second, what, until)
}

// attack lets n new addresses fail at each daemon often enough for a ban, and another one not quite. Some are IPv6,
// short or in full, and some are IPv4 in the form of IPv6.
func (f *fail2ban) attack(n int) {
	f.T.Helper()
	for end := f.next + n; f.next <= end; f.next++ {
		written, address := fmt.Sprintf("203.0.113.%d", f.next), netip.AddrFrom4([4]byte{203, 0, 113, byte(f.next)})
		if f.next%3 == 0 {
			address = netip.MustParseAddr(fmt.Sprintf("2001:db8::f:%x", f.next))
			written = address.String()
			if f.next%2 == 0 {
				written = strings.ToUpper(address.StringExpanded())
			}
		} else if f.next%5 == 0 {
			written = "::ffff:" + written
		}
		failures := maxRetry
		if f.next == end {
			failures = maxRetry - 1
		}
		for _, a := range attacks {
			for i := range failures { // each from a process of its own, since sshd's filter joins the lines of one
				f.write(a.jail+".log", a.line(time.Now(), 40000+maxRetry*f.next+i, written))
			}
			if failures == maxRetry {
				f.want[address.String()+" "+a.jail] = true
			}
		}
	}
}

// replay writes a log of real attacks as if they happened now. The log does not come with the program; without it,
// nothing is written.
func (f *fail2ban) replay(file string) {
	f.T.Helper()
	recorded, err := os.ReadFile(file)
	if err != nil {
		f.T.Logf("no recorded attacks: %v", err)
		return
	}
	const old = len("Dec 10 06:55:46")
	var now strings.Builder
	for line := range strings.Lines(string(recorded)) {
		if len(line) > old {
			now.WriteString(time.Now().Format(sshdStamp) + strings.TrimRight(line[old:], "\r\n") + "\n")
		}
	}
	f.write("sshd.log", now.String())
}

var banLine = regexp.MustCompile(`(?m)NOTICE\s+\[([^]]+)\] Ban (\S+)$`)

// logged are the bans in Fail2Ban's own log, and how often each is there. Those that a start restores do not count.
func (f *fail2ban) logged() map[string]int {
	bans := map[string]int{}
	for _, m := range banLine.FindAllStringSubmatch(f.read("fail2ban.log"), -1) {
		bans[m[2]+" "+m[1]]++
	}
	return bans
}

// inForce are the bans that are in force according to Fail2Ban; nil while it does not answer.
func (f *fail2ban) inForce() map[string]int {
	bans := map[string]int{}
	for _, a := range attacks {
		out, err := f.client("get", a.jail, "banip")
		if err != nil {
			return nil
		}
		for address := range strings.FieldsSeq(out) {
			bans[address+" "+a.jail]++
		}
	}
	return bans
}

// kept are the bans in the bot's database, and how many lines of the source it has read.
func (f *fail2ban) kept() (bans map[string]int, lines int) {
	f.T.Helper()
	if f.db == nil {
		path := f.in("state/friendlyfire.db")
		if _, err := os.Stat(path); err != nil {
			return nil, 0
		}
		var err error
		f.db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&_busy_timeout=5000")
		f.must(err)
		f.T.Cleanup(func() { f.db.Close() })
	}
	if err := f.db.QueryRow("SELECT lines FROM sources").Scan(&lines); err != nil {
		return nil, 0 // the bot has not started reading
	}
	rows, err := f.db.Query(`SELECT a.text || ' ' || j.name, count(*) FROM bans b
		JOIN addresses a ON a.id = b.address_id JOIN jails j ON j.id = b.jail_id GROUP BY 1`)
	f.must(err)
	defer rows.Close()
	bans = map[string]int{}
	for rows.Next() {
		var ban string
		var n int
		f.must(rows.Scan(&ban, &n))
		bans[ban] = n
	}
	f.must(rows.Err())
	return bans, lines
}

// written counts the lines that the action wrote, including those in the rotated file, and how many of them are bans.
func (f *fail2ban) written() (lines, bans int) {
	text := f.read("csv/bans.csv.1") + f.read("csv/bans.csv")
	lines = strings.Count(text, "\n")
	return lines, lines - strings.Count(text, "DATE,")
}

func total(m map[string]int) (n int) {
	for _, times := range m {
		n += times
	}
	return n
}

func keys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

// compare waits until every attacker is banned and the bot has read all of it, and compares the two.
func (f *fail2ban) compare(after string) {
	f.T.Helper()
	f.await("the bans "+after, func() bool {
		logged := f.logged()
		for ban := range f.want {
			if logged[ban] == 0 {
				return false
			}
		}
		return true
	})
	f.await("Fail2Ban has them all in force "+after, func() bool {
		return slices.Equal(keys(f.inForce()), keys(f.logged()))
	})
	f.await("a line for each "+after, func() bool {
		_, bans := f.written()
		return bans == total(f.logged())
	})
	written, times := f.written()
	var bans map[string]int
	f.await("the bot reads them "+after, func() bool {
		var lines int
		bans, lines = f.kept()
		return lines == written
	})
	if own := f.logged(); !slices.Equal(keys(bans), keys(own)) {
		f.T.Errorf("%s: the database has %q, Fail2Ban %q", after, keys(bans), keys(own))
	}
	for ban, n := range bans {
		if n != 1 {
			f.T.Errorf("%s: %d bans of %s, want 1", after, n, ban)
		}
	}
	f.T.Logf("%s: %d bans, written %d times by Fail2Ban, kept once", after, len(bans), times)
}

// The bot keeps exactly the bans of a real Fail2Ban: none is lost and none kept twice, whatever happens to Fail2Ban, to
// its database, to the file between the two, or to the bot.
func TestFail2BanBansAreKeptOnce(t *testing.T) {
	t.Parallel()
	f := newFail2Ban(t)
	bot := f.Start()
	f.up()
	f.await("the file that the action makes at the start", func() bool {
		lines, _ := f.written()
		return lines == 1
	})
	if info, err := os.Stat(f.Bans); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file has mode %v (%v), want it readable by its group", info.Mode(), err)
	}
	f.attack(9)
	f.replay(os.Getenv("SSHD_LOG"))
	f.attack(3)
	f.compare("at first")

	f.down()
	f.attack(3)
	f.up()
	f.attack(3)
	f.compare("after a restart")

	f.kill()
	f.attack(3)
	f.up()
	f.compare("after a kill")

	f.attack(6)
	f.must(os.Rename(f.Bans, f.Bans+".1"))
	f.attack(6)
	f.compare("after a rotation")

	bot.Kill()
	f.attack(3)
	bot = f.Start()
	f.compare("after a kill of the bot")

	f.down()
	f.must(os.Remove(f.in("fail2ban.sqlite3")))
	before := total(f.logged())
	f.up()
	f.attack(3)
	f.compare("after the loss of Fail2Ban's database")
	if again, all := total(f.logged())-before, len(f.logged()); again != all {
		t.Errorf("Fail2Ban wrote %d bans after the loss of its database, want all %d once more", again, all)
	}

	bot.Stop()
	own := f.logged()
	out := f.MustRun("report", "--by", "jail", "--csv")
	for _, a := range attacks {
		n := 0
		for ban := range own {
			if strings.HasSuffix(ban, " "+a.jail) {
				n++
			}
		}
		if row := fmt.Sprintf("\n%s,%[1]s,%d,%[2]d,", a.jail, n); !strings.Contains(out, row) {
			t.Errorf("the report has no %q:\n%s", row, out)
		}
	}
}
