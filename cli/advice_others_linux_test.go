package cli

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// inLog is a command that a line of the log names.
var inLog = regexp.MustCompile(`import="(.*)"`)

// What other commands than check tell a person to type works as typed, too.
func TestEveryAdviceOfOtherCommandsWorksAsTyped(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, s *harness.Scene)
		args  []string
		types []string // how the lines begin that he is told
		user  uint32   // who runs it
	}{
		"run, with history": {func(t *testing.T, s *harness.Scene) {
			s.Write(s.Bans, []byte(harness.BanRow(time.Now(), "198.51.100.7", "sshd", "")))
			s.Write(s.Bans+".1", []byte(harness.BanRow(time.Now().AddDate(0, 0, -7), harness.Belgian, "sshd", "")))
			give(t, s.Bans+".1", 0o644, 0, 0)
		}, []string{"run", "--once"}, []string{"friendlyfire --config "}, 0},
		"purge, by a clock in doubt": {func(t *testing.T, s *harness.Scene) {
			db := s.OpenStore()
			ago := time.Now().AddDate(0, 0, -10).Unix()
			if err := db.SetValue(t.Context(), "store/clock", fmt.Sprintf(`{"mark":%d,"wall":%[1]d,"sure":true}`, ago)); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			give(t, s.Database, 0o600, 1, 1)
		}, []string{"purge"}, []string{"friendlyfire --config "}, 0},
		"report, by one who may not": {func(t *testing.T, s *harness.Scene) {
			s.MustRun("check")
			give(t, s.Database, 0o600, 1, 1)
		}, []string{"report", "--by", "jail"}, []string{"sudo -u daemon friendlyfire --config "}, 12345},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, shell := newAdviceScene(t)
			test.spoil(t, s)
			out, code := as(t, s, test.user, test.args...)
			lines := typedIn(inLog.ReplaceAllString(out, ": $1\n"))
			if len(lines) != len(test.types) {
				t.Fatalf("code %d, it tells to type %q: %s", code, lines, out)
			}
			for i, line := range lines {
				if !strings.HasPrefix(line, test.types[i]) {
					t.Errorf("it tells to type %q, want %q", line, test.types[i])
				}
				if out, err := shell(line); err != nil {
					t.Errorf("%s\n%v: %s", line, err, out)
				}
			}
		})
	}
}
