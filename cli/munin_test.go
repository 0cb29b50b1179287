package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/acceptance/harness"
)

// withoutToken has a token that the plugin, which runs as another user, may not read.
const withoutToken = harness.TableOnly + `
[telegram]
token_file = "$DIR/nobody-may-read-this"
chats = [-1001]
users = [7]
`

// importBans appends rows and reads them into the scene's database.
func importBans(s *harness.Scene, rows ...string) {
	s.T.Helper()
	s.Append(strings.Join(rows, ""))
	s.MustRun("report", "--json")
}

// plugin runs the program as munin-node does: through a link in a folder of plugins.
func plugin(s *harness.Scene, args ...string) (stdout, stderr string, code int) {
	s.T.Helper()
	self, err := os.Executable()
	if err != nil {
		s.T.Fatal(err)
	}
	link := filepath.Join(s.Dir, "friendlyfire")
	if err := os.Symlink(self, link); err != nil && !errors.Is(err, fs.ErrExist) {
		s.T.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(s.T.Context(), link, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", &out, &errs
	cmd.Env = append(os.Environ(), harness.AsProgram(),
		"MUNIN_PLUGSTATE=/var/lib/munin-node/plugin-state", "FRIENDLYFIRE_CONFIG="+s.Config)
	_ = cmd.Run() // its code tells
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// banFor is the row of a ban of this length.
func banFor(at time.Time, address, jail string, length time.Duration) string {
	seconds := fmt.Sprintf(",%d,", int(length.Seconds()))
	return strings.Replace(harness.BanRow(at, address, jail, ""), ",3600,", seconds, 1)
}

func TestMuninGetsPresentAndPastBans(t *testing.T) {
	s := harness.NewScene(t, withoutToken)
	now := time.Now()
	importBans(s,
		banFor(now.Add(-5*time.Minute), harness.Belgian, "sshd", time.Hour),
		banFor(now.Add(-4*time.Minute), harness.Belgian, "sshd", time.Hour), // the same address
		banFor(now.Add(-50*time.Minute), harness.Foreign, "sshd", time.Minute),
		banFor(now.Add(-23*time.Hour), harness.Belgian2, "nginx-http-auth", 24*time.Hour),
		banFor(now.Add(-300*24*time.Hour), harness.Foreign, "nginx-http-auth", -time.Second), // forever
		banFor(now.Add(-25*time.Hour), harness.Belgian, "root", time.Minute),
	)
	graph := func(name, title, axis, info string) string {
		return "multigraph " + name + "\ngraph_title " + title + "\ngraph_vlabel " + axis + "\ngraph_info " + info + `
graph_category network
graph_args --base 1000 -l 0
graph_scale no
graph_total total
jail_nginx_http_auth.label nginx-http-auth
jail_nginx_http_auth.min 0
jail_root.label root
jail_root.min 0
jail_sshd.label sshd
jail_sshd.min 0
`
	}
	for question, want := range map[string]string{
		"autoconf": "yes\n",
		"config": graph("friendlyfire_banned", "Addresses banned by Fail2Ban", "addresses",
			"Addresses that are banned now, by jail; unknown where no source says when bans end.") +
			graph("friendlyfire_bans", "Bans by Fail2Ban in the past hour", "bans", "Bans of the past hour, by jail.") +
			graph("friendlyfire_friendly", "Friendly bans by Fail2Ban in the past 24 hours", "bans",
				"Bans of friendly countries and networks in the past 24 hours, by jail."),
		"": `multigraph friendlyfire_banned
jail_nginx_http_auth.value 2
jail_root.value 0
jail_sshd.value 1
multigraph friendlyfire_bans
jail_nginx_http_auth.value 0
jail_root.value 0
jail_sshd.value 3
multigraph friendlyfire_friendly
jail_nginx_http_auth.value 1
jail_root.value 0
jail_sshd.value 2
`,
	} {
		args := strings.Fields(question)
		out, stderr, code := plugin(s, args...)
		if diff := cmp.Diff(want, out); diff != "" || code != 0 || stderr != "" {
			t.Errorf("%q: code %d, stderr %q, (-want +got)\n%s", question, code, stderr, diff)
		}
		typed, stderr, code := s.Run(append([]string{"munin"}, args...)...)
		if typed != out || code != 0 || stderr != "" {
			t.Errorf("typed, %q: code %d, stderr %q, another answer:\n%s", question, code, stderr, typed)
		}
	}
	if out, _, code := plugin(s, "snmpconf"); code != exitUsage {
		t.Errorf("a question that Munin does not ask: code %d, %q", code, out)
	}
}

var muninLine = regexp.MustCompile(`^(?:(multigraph [a-z_]+)|graph_[a-z]+ [^\\#\x00-\x1f]+|` +
	`([A-Za-z_][A-Za-z0-9_]*)\.(label|min|value) ([^\\#\x00-\x1f]+))$`)

// muninAnswer returns the values of an answer, by graph, field and kind: "friendlyfire_bans jail_sshd value".
func muninAnswer(t *testing.T, text string) map[string]string {
	t.Helper()
	all, graph := map[string]string{}, ""
	for line := range strings.Lines(text) {
		m := muninLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		switch {
		case m == nil:
			t.Errorf("Munin does not understand %q", line)
		case m[1] != "":
			graph = strings.TrimPrefix(m[1], "multigraph ")
		case m[2] != "":
			key := graph + " " + m[2] + " " + m[3]
			if _, twice := all[key]; twice {
				t.Errorf("%s twice", key)
			}
			all[key] = m[4]
		}
	}
	return all
}

func TestMuninFieldsAreValidBoundedAndStable(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly)
	if out, _, code := plugin(s, "config"); code == 0 || out != "" {
		t.Errorf("without a database: code %d, %q", code, out)
	}
	importBans(s)
	empty, _, _ := plugin(s)
	if got := muninAnswer(t, empty); len(got) != 3 || got["friendlyfire_bans other value"] != "0" {
		t.Errorf("without a ban: %v", got)
	}
	now := time.Now().Add(-time.Minute)
	jails := []string{
		"nginx-http-auth", "nginx.http.auth", "nginx_http_auth", "9to5", "root", "größe", "a\\b", "c#d",
		"graph_title", "multigraph", "total", "203.0.113.7", "$(id)",
	}
	n := 0
	for _, jail := range jails {
		n++
		importBans(s, harness.BanRow(now.Add(-time.Duration(n)*time.Second), harness.Foreign, jail, ""))
	}
	config, _, _ := plugin(s, "config")
	before := muninAnswer(t, config)
	if got := len(before); got != 3*2*len(jails) { // the address is counted under other
		t.Errorf("%d lines for %d jails", got, len(jails))
	}
	if strings.Contains(config, "203.0.113.7") {
		t.Error("an address is shown")
	}
	for i := range 60 {
		n++
		s.Append(harness.BanRow(now.Add(-time.Duration(n)*time.Second), harness.Foreign, fmt.Sprint("jail-", i), ""))
	}
	importBans(s)
	config, _, _ = plugin(s, "config")
	after := muninAnswer(t, config)
	for key, was := range before {
		if after[key] != was {
			t.Errorf("%s was %q, is %q", key, was, after[key])
		}
	}
	if got, want := len(after), 3*2*muninJails; got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
	values, _, _ := plugin(s)
	sum := map[string]int{}
	for key, value := range muninAnswer(t, values) {
		number, err := strconv.Atoi(value)
		if err != nil {
			t.Error(err)
		}
		graph, _, _ := strings.Cut(key, " ")
		sum[graph] += number
		if _, ok := after[strings.Replace(key, " value", " label", 1)]; !ok {
			t.Errorf("config did not announce %s", key)
		}
	}
	want := map[string]int{"friendlyfire_banned": n, "friendlyfire_bans": n, "friendlyfire_friendly": 0}
	if !cmp.Equal(sum, want) {
		t.Errorf("sums %v, want %v", sum, want)
	}
}

func TestMuninOnlyReadsAndDoesNotDisturbTheBot(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly)
	out, stderr, code := plugin(s, "autoconf")
	want := "no (open database: open " + s.Database + ": no such file or directory)\n"
	if out != want || stderr != "" || code != 0 {
		t.Errorf("code %d, stderr %q, printed %q, want %q", code, stderr, out, want)
	}
	if _, err := os.Stat(s.Database); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the plugin has made a database: %v", err)
	}
	if _, stderr, code := plugin(s); code != exitFailed || !strings.Contains(stderr, "no such file") {
		t.Errorf("code %d, stderr %q, want a failure that says why", code, stderr)
	}
	importBans(s, harness.BanRow(time.Now().Add(-time.Minute), harness.Foreign, "sshd", ""))
	kept, err := os.ReadFile(s.Database)
	if err != nil {
		t.Fatal(err)
	}
	plugin(s)
	plugin(s, "config")
	if now, err := os.ReadFile(s.Database); err != nil || !bytes.Equal(now, kept) {
		t.Errorf("the database has changed (%v)", err)
	}

	db := s.OpenStore() // as the bot does
	stop := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := db.SetValue(context.Background(), "test/busy", fmt.Sprint(i)); err != nil {
				done <- err
				return
			}
		}
	}()
	for range 5 {
		if out, stderr, code := plugin(s); code != 0 || !strings.Contains(out, "jail_sshd.value 1\n") {
			t.Errorf("code %d, stderr %q, printed %q", code, stderr, out)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Errorf("the bot could not write: %v", err)
	}
}

func TestOnlyMuninsQuestionsMakeAPlugin(t *testing.T) {
	for _, tc := range []struct {
		state string
		args  []string
		want  []string
	}{
		{"", nil, nil},
		{"", []string{"config"}, []string{"config"}},
		{"/x", nil, []string{"munin"}},
		{"/x", []string{"config"}, []string{"munin", "config"}},
		{"/x", []string{"autoconf"}, []string{"munin", "autoconf"}},
		{"/x", []string{"munin", "config"}, []string{"munin", "config"}},
		{"/x", []string{"run"}, []string{"run"}},
	} {
		t.Setenv("MUNIN_PLUGSTATE", tc.state)
		if got := asPlugin(tc.args); !cmp.Equal(got, tc.want) {
			t.Errorf("asPlugin(%q) with state %q = %q, want %q", tc.args, tc.state, got, tc.want)
		}
	}
}

// logScene is a scene whose source is a log of Fail2Ban. The function appends a message some time ago, and reads it.
func logScene(t *testing.T) (s *harness.Scene, say func(ago time.Duration, message string)) {
	t.Helper()
	s = harness.NewScene(t, strings.Replace(harness.TableOnly, "bans.csv", "fail2ban.log", 1))
	s.Bans = filepath.Join(s.Dir, "fail2ban.log")
	return s, func(ago time.Duration, message string) {
		at := time.Now().UTC().Add(-ago).Format(time.DateTime)
		importBans(s, at+",001 fail2ban.actions        [900]: NOTICE  "+message+"\n")
	}
}

func TestMuninIsToldUnknownWhereALogTellsOfNoEnds(t *testing.T) {
	s, say := logScene(t)
	expect := func(want string) {
		t.Helper()
		out, stderr, code := s.Run("munin")
		if got := muninAnswer(t, out)["friendlyfire_banned jail_sshd value"]; got != want || code != 0 {
			t.Errorf("%q, code %d, %s, want %q", got, code, stderr, want)
		}
	}
	say(30*time.Minute, "[sshd] Ban "+harness.Foreign)
	expect("U")
	say(25*time.Minute, "[sshd] Ban "+harness.Belgian)
	expect("U")
	say(20*time.Minute, "[sshd] Unban "+harness.Foreign)
	expect("1")
	say(15*time.Minute, "[sshd] Unban "+harness.Belgian)
	expect("0")
}

func TestReportSaysThatItIsUnknownWhoIsBanned(t *testing.T) {
	s, say := logScene(t)
	expect := func(headline string, notShown bool) {
		t.Helper()
		out, stderr, code := s.Run("report", "--by", "banned", "--since", "24h")
		if !strings.HasPrefix(out, headline+"\n") || code != 0 ||
			strings.Contains(strings.ToLower(out), "not shown") != notShown {
			t.Errorf("code %d, %s, %q, want %q, and something that is not shown: %v", code, stderr, out, headline, notShown)
		}
	}
	say(30*time.Minute, "[sshd] Ban "+harness.Foreign)
	expect("Who is banned now is unknown", true)
	say(20*time.Minute, "[sshd] Unban "+harness.Foreign)
	expect("Nobody is banned now", false)
	say(10*time.Minute, "[sshd] Ban "+harness.Belgian)
	expect("1 address banned now", false)
}
