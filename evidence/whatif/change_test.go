package whatif

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// What came by another rule is left out: the present one would have done something else.
func TestOnlyThePresentRuleCounts(t *testing.T) {
	var log strings.Builder
	at := time.Date(2026, 11, 12, 10, 0, 0, 0, time.UTC)
	say := func(module, format string, values ...any) {
		at = at.Add(time.Second)
		stamp := at.Format(time.DateTime)
		fmt.Fprintf(&log, "%s,123 fail2ban.%s [900]: INFO    %s\n", stamp, module,
			strings.ReplaceAll(fmt.Sprintf(format, values...), "NOW", stamp))
	}
	tried := func(address string, times int, ban bool) {
		for range times {
			say("filter", "[sshd] Found %s - NOW", address)
		}
		if ban {
			say("actions", "[sshd] Ban %s", address)
		}
	}
	for name, forms := range map[string][4]string{
		"at a start":    {"Creating new jail 'sshd'", "  maxRetry: %d", "  findtime: %d", "Jail 'sshd' started"},
		"read again":    {"Reload jail 'sshd'", "  maxRetry: %d", "  findtime: %d", "Jail 'sshd' reloaded"},
		"before 0.10":   {"Creating new jail 'sshd'", "Set maxRetry = %d", "Set findtime = %d", "Jail 'sshd' started"},
		"with failures": {"Reload jail 'sshd'", "[dovecot] Found 192.0.2.9 - NOW\n  maxRetry: %d", "  findtime: %d", "Reload finished."},
	} {
		log.Reset()
		set := func(retry, find int) {
			say("jail", "%s", forms[0])
			for i, line := range strings.Split(forms[1], "\n") {
				if strings.Contains(line, "%d") {
					say("filter", line, retry)
				} else if i == 0 {
					say("filter", "%s", line)
				}
			}
			say("filter", forms[2], find)
			say("jail", "%s", forms[3])
			say("filter", "  maxRetry: %d", 99) // of nobody knows which jail
		}
		set(5, 600)
		tried("192.0.2.1", 5, true)
		tried("192.0.2.2", 4, false)
		set(5, 600) // nothing changes
		tried("192.0.2.3", 5, true)
		set(3, 600)
		changed := at.Unix()
		tried("192.0.2.4", 3, true)
		set(3, 600)
		tried("192.0.2.5", 2, false)
		replay := Replay{Jail: "sshd"}
		if err := replay.Read(strings.NewReader(log.String())); err != nil {
			t.Fatal(err)
		}
		res := replay.Result("sshd", func(string) bool { return true }, Rule{MaxRetry: 2}, Rule{MaxRetry: 4})
		if res.Present != (Rule{3, 600}) || res.Before != (Rule{5, 600}) || res.Banned != 1 || res.Failures != 5 ||
			res.From <= changed || res.To > at.Unix() {
			t.Errorf("%s: %+v", name, res)
		}
		want := []Choice{{Rule{2, 600}, Bounds{2, 2}, Bounds{2, 2}, 0}, {Rule{4, 600}, Bounds{0, 1}, Bounds{0, 1}, 1}}
		if !slices.Equal(res.Choices, want) {
			t.Errorf("%s: got %+v", name, res.Choices)
		}
		if others := replay.Others(); name == "with failures" && !slices.Equal(others, []string{"dovecot"}) {
			t.Errorf("others %q", others)
		}
	}
}
