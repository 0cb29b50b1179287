package evidence

import (
	"strings"
	"testing"
	"time"
)

// The moments of failures are those of the lines, whatever zone their clock is in, or else of the pace.
func TestTimesOfFailuresAreKnownWhateverTheZone(t *testing.T) {
	ban := time.Date(2026, 1, 1, 0, 4, 56, 0, time.UTC)
	const line = " web1 sshd[812]: Failed password for jdupont from 192.0.2.7 port 51234 ssh2\n"
	for name, test := range map[string]struct{ matches, pace, want string }{
		"nothing":           {"", "", ""},
		"no stamps":         {strings.Repeat("sshd[812]: Failed password for a from 192.0.2.7 port 1 ssh2\n", 3), "", ""},
		"lines":             {"Dec 31 23:59:00" + line + "Jan  1 00:04:50" + line, "", "-356 -6"},
		"another zone":      {"Jan  1 05:44:00" + line + "Jan  1 05:49:50" + line, "", "-356 -6"},
		"a zone is told":    {"2026-01-01T01:04:00+01:00" + line + "2026-01-01T01:04:56.1+01:00" + line, "", "-56 0"},
		"another clock":     {"Jan  1 00:04:00" + line + "Jan  1 00:05:06" + line, "", "-56 10"},
		"an hour earlier":   {"Dec 31 22:59:56" + line + "Jan  1 00:04:56" + line, "", "-3900 0"},
		"of another year":   {"2025-12-31T23:59:56" + line + "Jan  1 00:04:56" + line, "", "0"},
		"pace":              {"", "130 30 60 40", "-130 -100 -40 0"},
		"pace, the last":    {"", "500 30 60 40", "-500 -130 -100 -40 0"},
		"pace says more":    {"Jan  1 00:04:50" + line, "130 30 60 40", "-130 -100 -40 0"},
		"lines say as much": {"Jan  1 00:04:00" + line + "Jan  1 00:04:50" + line, "60 60", "-56 -6"},
		"no pace":           {"", "130 x", ""},
	} {
		var got []string
		for _, at := range Times(test.matches, test.pace, ban) {
			got = append(got, at.Sub(ban).String())
		}
		var want []string
		for word := range strings.FieldsSeq(test.want) {
			d, err := time.ParseDuration(word + "s")
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, d.String())
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
