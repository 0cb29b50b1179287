package cli

import (
	"bytes"
	"compress/gzip"
	"fmt"
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
	_, stderr, code = s.Run("tune", "dovecot")
	if code != 1 || !strings.Contains(stderr, `no line “Found” of "dovecot"`) {
		t.Errorf("a jail that there is not: code %d, %s", code, stderr)
	}
}

func TestTuneSaysThatACSVTellsNoFailures(t *testing.T) {
	s := harness.NewSampleScene(t)
	out, stderr, code := s.Run("tune")
	if code != 1 || out != "" || !strings.Contains(stderr, "tune reads fail2ban.log, with loglevel INFO") {
		t.Errorf("code %d, %s%s", code, out, stderr)
	}
}
