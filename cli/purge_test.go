package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// The bot has not run since: either it was off for so long, or the clock is wrong.
func TestR31PurgeDoesNotTrustAClockThatIsFarAhead(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly+"[privacy]\nkeep_days = 30\n")
	s.Append(harness.BanRow(time.Now().AddDate(0, 0, -40), "203.0.113.7", "sshd", ""))
	s.MustRun("report") // which reads the file
	db := s.OpenStore()
	ago := time.Now().AddDate(0, 0, -10).Unix()
	if err := db.SetValue(t.Context(), "store/clock", fmt.Sprintf(`{"mark":%d,"wall":%[1]d,"sure":true}`, ago)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	out, stderr, code := s.Run("purge")
	if code != exitFailed || out != "" || !strings.Contains(stderr, "which is 10 days after the bot last ran") {
		t.Errorf("code %d, %q, %q", code, out, stderr)
	}
	if out := s.MustRun("purge", "--trust-clock"); !strings.Contains(out, ": bans 1, addresses 1. ") {
		t.Errorf("%q", out)
	}
}

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
