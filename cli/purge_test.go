package cli

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

func TestPurgeForgetsWhatIsOlderThanTheConfigurationAllows(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly+"[privacy]\nkeep_days = 30\n")
	old, young := "203.0.113.7", "198.51.100.7"
	s.Append(harness.BanRow(time.Now().AddDate(0, 0, -40), old, "sshd", "Failed password for anna from "+old))
	s.Ban(young)
	s.MustRun("report") // which reads the file
	out, stderr, code := s.Run("purge")
	if code != 0 || stderr != "" || !strings.HasSuffix(out, ": bans 1, addresses 1. Their counts stay.\n") {
		t.Errorf("code %d, %q, %q", code, out, stderr)
	}
	for _, name := range []string{s.Database, s.Database + "-wal"} {
		data, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if strings.Contains(string(data), old) {
			t.Errorf("%s still holds %s", name, old)
		}
	}
	if out := s.MustRun("report", "--json"); !strings.Contains(out, `"total":2,`) {
		t.Errorf("counts have changed: %s", out)
	}
}
