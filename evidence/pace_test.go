package evidence

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPaceIsTakenFromWhereItIsKnown(t *testing.T) {
	s := time.Second
	lines := strings.Join([]string{
		"Nov 28 15:00:00 web1 sshd[1]: Failed password for jdupont from 192.0.2.7 port 1 ssh2",
		"Nov 28 15:00:09 web1 sshd[2]: Failed password for jdupont from 192.0.2.7 port 2 ssh2",
	}, "\n")
	for name, test := range map[string]struct {
		lines, pace string
		failures    int
		gaps        []time.Duration
		say         string
	}{
		"of the log":              {"", "130 30 30 65 5", 5, []time.Duration{30 * s, 30 * s, 65 * s, 5 * s}, "5 failures in 2 min"},
		"within a second":         {"", "0 0 0 0", 4, []time.Duration{0, 0, 0}, "4 failures in a second"},
		"two lines of an attempt": {"", "9 0 9 0", 4, []time.Duration{9 * s}, "4 failures in 9 s"},
		"more than are kept":      {"", "7200 60 60", 50, []time.Duration{60 * s, 60 * s}, "50 failures in 2 h"},
		"nothing":                 {"", "", 5, nil, ""},
		"one":                     {"", "", 1, nil, ""},
		"nonsense":                {"", "130 x", 5, nil, ""},
		"lines tell more":         {lines, "20 20", 2, []time.Duration{9 * s}, "2 failures in 20 s"},
	} {
		e := Read(test.lines)
		e.AddPace(test.failures, test.pace)
		if !slices.Equal(e.Gaps, test.gaps) || e.Pace() != test.say {
			t.Errorf("%s: %v, %q", name, e.Gaps, e.Pace())
		}
	}
}

// Promise: pace alone calls nobody an attacker, nor a person.
func TestPaceAloneDecidesNothing(t *testing.T) {
	for _, pace := range []string{"0 0 0 0 0", "4 1 1 1 1", "2400 600 600 600 600"} {
		var e Evidence
		e.AddPace(5, pace)
		for _, network := range []Network{UnknownNetwork, Access, Hosting} {
			v := Judge(e, Context{Failures: 5, Network: network})
			if v.Who != Unclear || !slices.Contains(v.Reasons, "no log lines are known") {
				t.Errorf("%s: %v", pace, v)
			}
		}
		v := Judge(e, Context{Failures: 5, Logins: []Login{{Since: time.Hour}}})
		if v.Who != Person || !slices.Contains(v.Reasons, e.Pace()) {
			t.Errorf("%s, after a login: %v", pace, v)
		}
	}
}
