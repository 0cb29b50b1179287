package cli

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// tuned is fail2ban.log of an hour ago: a Belgian who failed three times and was banned, one who failed four times and
// was banned at the third, and one who failed twice.
func tuned() (rotated, live string) {
	at := time.Now().Add(-time.Hour).UTC()
	var b strings.Builder
	say := func(format string, args ...any) {
		at = at.Add(time.Second)
		stamp := at.Format(time.DateTime)
		fmt.Fprintf(&b, stamp+",123 "+strings.ReplaceAll(format, "NOW", stamp)+"\n", args...)
	}
	say("fail2ban.jail           [900]: INFO    Creating new jail 'sshd'")
	say("fail2ban.filter         [900]: INFO      maxRetry: 3")
	say("fail2ban.filter         [900]: INFO      findtime: 600")
	say("fail2ban.filter         [900]: INFO    [sshd] Found %s - NOW", harness.Belgian)
	say("fail2ban.filter         [900]: INFO    [sshd] Found %s - NOW", harness.Belgian)
	rotated = b.String()
	b.Reset()
	say("fail2ban.filter         [900]: INFO    [sshd] Found %s - NOW", harness.Belgian)
	say("fail2ban.actions        [900]: NOTICE  [sshd] Ban %s", harness.Belgian)
	for range 3 {
		say("fail2ban.filter         [900]: INFO    [sshd] Found 192.0.2.1 - NOW")
	}
	say("fail2ban.actions        [900]: NOTICE  [sshd] Ban 192.0.2.1")
	say("fail2ban.filter         [900]: INFO    [sshd] Found 192.0.2.1 - NOW")
	say("fail2ban.filter         [900]: INFO    [sshd] Found 192.0.2.2 - NOW")
	say("fail2ban.filter         [900]: INFO    [sshd] Found 192.0.2.2 - NOW")
	return rotated, b.String()
}

func TestTuneSaysWhatAnotherRuleWouldHaveDone(t *testing.T) {
	s := harness.NewSampleScene(t)
	rotated, live := tuned()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(rotated)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s.Write(s.Bans, []byte(live))
	s.Write(s.Bans+".1.gz", packed.Bytes())

	out, stderr, code := s.Run("tune", "sshd", "--maxretry", "4", "--since", "1d", "--json")
	want := `{"jail":"sshd","source":"web1","maxretry":3,"findtime":600,"since":86400,"now":{"banned":2,"friends":1},` +
		`"choices":[{"maxretry":4,"findtime":600,"banned":[1,2],"friends":[0,1],"extra_guesses":2}]}` + "\n"
	if code != 0 || out != want {
		t.Errorf("code %d, %s, got\n%swant\n%s", code, stderr, out, want)
	}
	out, stderr, code = s.Run("tune", "--findtime", "1h", "--maxretry", "2", "--since", "all")
	want = "sshd on web1: maxretry 3, findtime 10m; banned 2, of them friends 1\n" +
		"  maxretry 2, findtime 1h: banned 3, of them friends 1\n"
	if code != 0 || out != want {
		t.Errorf("code %d, %s, got\n%swant\n%s", code, stderr, out, want)
	}
	out, stderr, code = s.Run("tune", "sshd")
	if code != 0 || !strings.Contains(out, "\n  maxretry 6, findtime 10m: banned ") ||
		!strings.HasSuffix(out, "\n  No other maxretry is advised. Too few friends were banned for advice.\n") {
		t.Errorf("code %d, %s, got\n%s", code, stderr, out)
	}
	for _, arguments := range [][]string{
		{"tune", "--findtime", "soon"},
		{"tune", "--maxretry", "-1"},
		{"tune", "--since", "0d"},
		{"tune", "--source", "x"},
	} {
		if _, stderr, code := s.Run(arguments...); code != 2 {
			t.Errorf("%q: code %d, %s", arguments, code, stderr)
		}
	}
	for jail, want := range map[string]string{
		"dovecot": "web1 has no jail “dovecot”. It has sshd",
		"shd":     "web1 has no jail “shd”. Did you mean sshd? It has sshd",
	} {
		_, stderr, code = s.Run("tune", jail)
		if code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d, %s", jail, code, stderr)
		}
	}
}

// Promise: numbers have one form in every text for people, thin spaces between their digits, and none in JSON.
func TestTuneHasOneFormOfNumbers(t *testing.T) {
	s := harness.NewSampleScene(t)
	at := time.Now().Add(-time.Hour).UTC().Format(time.DateTime)
	var b strings.Builder
	for i := range 1100 {
		ip := fmt.Sprintf("198.18.%d.%d", i/256, i%256)
		for range 3 {
			fmt.Fprintf(&b, "%s,123 fail2ban.filter [900]: INFO    [sshd] Found %s - %[1]s\n", at, ip)
		}
		fmt.Fprintf(&b, "%s,223 fail2ban.actions [900]: NOTICE  [sshd] Ban %s\n", at, ip)
	}
	s.Write(s.Bans, []byte(b.String()))
	out := s.MustRun("tune", "sshd")
	if plain := regexp.MustCompile(`\d{4}`).FindString(out); plain != "" || !strings.Contains(out, "banned 1\u202f100,") ||
		!strings.Contains(out, "0 to 1\u202f100") || !strings.Contains(out, "at most 3\u202f300 more guesses") {
		t.Errorf("%q stands in\n%s", plain, out)
	}
	if out := s.MustRun("tune", "sshd", "--json"); !strings.Contains(out, `"now":{"banned":1100,`) ||
		strings.Contains(out, "\u202f") {
		t.Errorf("JSON: %s", out)
	}
}

// Promise: where tune cannot answer, it says what is missing, and how to get it.
func TestTuneSaysWhatIsMissing(t *testing.T) {
	const csv = "DATE,TIME,IP_ADDRESS\n2026-11-27,10:00:00,192.0.2.1\n"
	const mute = "2026-11-27 10:00:00,123 fail2ban.actions        [900]: NOTICE  [sshd] Ban 192.0.2.1\n"
	for name, test := range map[string]struct{ bans, want string }{
		"CSV":            {csv, `web1 is a CSV file, which lists bans and no failures. Name Fail2Ban's own log beside it in its [[source]]: log = "/var/log/fail2ban.log"`},
		"a low loglevel": {mute, "its log names no failures (“Found”): Fail2Ban writes them at loglevel INFO, as is usual. Set loglevel = INFO in /etc/fail2ban/fail2ban.local on its server for good, and there at once: sudo fail2ban-client set loglevel INFO\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := harness.NewSampleScene(t)
			s.Write(s.Bans, []byte(test.bans))
			out, stderr, code := s.Run("tune", "sshd")
			if code != 1 || out != "" || !strings.Contains(stderr, test.want) {
				t.Errorf("code %d, %s%s", code, out, stderr)
			}
		})
	}
}

// The log beside a CSV file is what tune reads, of as many rotated files as there are; check looks at it, too.
func TestTuneReadsTheLogBesideACSV(t *testing.T) {
	s := harness.NewSampleScene(t, harness.Change{`path = "$DIR/bans.csv"`, `path = "$DIR/bans.csv"
log = "$DIR/fail2ban.log"`})
	log := filepath.Join(s.Dir, "fail2ban.log")
	out, stderr, code := s.Run("check")
	if code != 1 || !strings.Contains(out+stderr, "log of source web1") {
		t.Errorf("check without the log: code %d, %s", code, stderr)
	}
	rotated, live := tuned()
	s.Write(log+".1", []byte(rotated))
	s.Write(log, []byte(live))
	out, stderr, code = s.Run("tune", "sshd", "--maxretry", "4")
	want := "sshd on web1: maxretry 3, findtime 10m; banned 2, of them friends 1\n" +
		"  maxretry 4, findtime 10m: banned 1 to 2, of them friends 0 to 1; at most 2 more guesses before these bans\n"
	if code != 0 || out != want {
		t.Errorf("code %d, %s, got\n%swant\n%s", code, stderr, out, want)
	}
	if out, stderr, code := s.Run("check"); code != 0 || !strings.Contains(out, "ok       log of source web1: "+log) {
		t.Errorf("check: code %d, %s%s", code, out, stderr)
	}
}

// What the jail recidive finds are the bans of other jails, and they count as its failures.
func TestTuneReadsRecidive(t *testing.T) {
	s := harness.NewSampleScene(t)
	at := time.Now().Add(-time.Hour).UTC()
	var b strings.Builder
	for i := range 5 {
		stamp := at.Add(time.Duration(i) * time.Minute).Format(time.DateTime)
		fmt.Fprintf(&b, "%s,123 fail2ban.actions [900]: NOTICE  [sshd] Ban 192.0.2.1\n", stamp)
		fmt.Fprintf(&b, "%s,223 fail2ban.filter [900]: INFO    [recidive] Found 192.0.2.1 - %[1]s\n", stamp)
	}
	fmt.Fprintf(&b, "%s,323 fail2ban.actions [900]: NOTICE  [recidive] Ban 192.0.2.1\n", at.Add(5*time.Minute).Format(time.DateTime))
	s.Write(s.Bans, []byte(b.String()))
	out, stderr, code := s.Run("tune", "recidive", "--maxretry", "6")
	if code != 0 || !strings.HasPrefix(out, "recidive on web1: maxretry 5, findtime 10m (inferred") {
		t.Errorf("code %d, %s%s", code, out, stderr)
	}
	if _, stderr, code := s.Run("tune", "sshd"); code != 1 || !strings.Contains(stderr, "nobody failed in sshd") {
		t.Errorf("code %d, %s", code, stderr)
	}
}
