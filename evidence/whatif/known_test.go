package whatif

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Where the log tells no rule, what Fail2Ban said when it was asked counts, each from its time on; and where the log
// tells one, that alone.
func TestRulesAreAlsoKnownFromFail2BanItself(t *testing.T) {
	start := time.Date(2026, 11, 12, 10, 0, 0, 0, time.UTC)
	var log strings.Builder
	at := start
	say := func(format string, values ...any) {
		at = at.Add(time.Second)
		stamp := at.Format(time.DateTime)
		fmt.Fprintf(&log, "%s,123 fail2ban.%s\n", stamp, strings.ReplaceAll(fmt.Sprintf(format, values...), "NOW", stamp))
	}
	fails := func(address string, times int) {
		for range times {
			say("filter [900]: INFO    [sshd] Found %s - NOW", address)
			at = at.Add(20 * time.Minute)
		}
	}
	fails("192.0.2.1", 3)
	say("actions [900]: NOTICE  [sshd] Ban 192.0.2.1")
	changed := at.Add(time.Hour)
	at = changed
	fails("192.0.2.2", 4)
	say("actions [900]: NOTICE  [sshd] Ban 192.0.2.2")
	fails("192.0.2.3", 2)
	asked := map[string][]KnownRule{"sshd": {
		{Rule{3, 3600}, at.Unix()}, // from before the log, as far as is known
	}}
	result := func(log string, known map[string][]KnownRule) Result {
		t.Helper()
		replay := Replay{Known: known}
		if err := replay.Read(strings.NewReader(log)); err != nil {
			t.Fatal(err)
		}
		return replay.Result("sshd", func(string) bool { return true }, Rule{MaxRetry: 2})
	}

	res := result(log.String(), asked)
	if !res.Told || res.Present != (Rule{3, 3600}) || res.Banned != 2 || res.Choices[0].Banned != (Bounds{3, 3}) {
		t.Errorf("asked once: %+v", res) // by the findtime that Fail2Ban comes with, nobody failed twice
	}
	asked["sshd"] = []KnownRule{{Rule{3, 3600}, start.Unix()}, {Rule{4, 7200}, changed.Unix()}}
	res = result(log.String(), asked)
	if !res.Told || res.Present != (Rule{4, 7200}) || res.Before != (Rule{3, 3600}) || res.Banned != 1 || res.From <= changed.Unix() {
		t.Errorf("asked often: %+v", res)
	}
	asked["sshd"] = append(asked["sshd"], KnownRule{Rule{9, 60}, at.Add(time.Hour).Unix()})
	if res := result(log.String(), asked); res.Present != (Rule{9, 60}) || res.Failures != 0 {
		t.Errorf("changed since the last line: %+v", res)
	}
	told := "2026-11-12 09:00:00,123 fail2ban.jail [900]: INFO    Creating new jail 'sshd'\n" +
		"2026-11-12 09:00:00,124 fail2ban.filter [900]: INFO      maxRetry: 5\n" +
		"2026-11-12 09:00:00,125 fail2ban.filter [900]: INFO      findtime: 1800\n"
	res = result(told+log.String(), asked)
	if res.Present != (Rule{5, 1800}) || res.Before != (Rule{}) || res.Banned != 2 {
		t.Errorf("told by the log: %+v", res)
	}
	if res := result(log.String(), nil); res.Told || res.Present.FindTime != stock.FindTime {
		t.Errorf("told by nobody: %+v", res)
	}
}
