package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"friendlyfire/acceptance/harness"
)

// A provider is a friend by the number of its network, in whatever country, and the table of networks may be one's own.
func TestAProviderIsFriendlyByNumber(t *testing.T) {
	t.Parallel()
	s := harness.NewScene(t, harness.TableOnly, harness.Change{
		`friendly = ["BE"]`, `friendly = ["as5432"]`, "[enrich]", "[enrich]\nas_table = \"$DIR/as.mmdb\"",
	})
	builtIn, err := os.ReadFile(filepath.Join("..", "enrich", "networks.mmdb"))
	if err != nil {
		t.Fatal(err)
	}
	s.Write(filepath.Join(s.Dir, "as.mmdb"), builtIn)
	const proximus = "81.240.8.9"
	s.Ban(proximus)
	s.Ban(harness.Belgian)
	if out := s.MustRun("run", "--once"); !strings.Contains(out, "banned "+proximus+" (your AS5432)\n") ||
		!strings.Contains(out, "\nProximus (AS5432)\n") || strings.Contains(out, harness.Belgian) {
		t.Errorf("got\n%s", out)
	}
	for command, want := range map[string]string{
		"check":                           "; friendly: AS5432\n",
		"lookup " + proximus:              "as.mmdb of 20",
		"report --by network --json":      `{"key":"AS5432","name":"Proximus NV","bans":1,"addresses":1,"friendly":1}`,
		"report --by network --since 24h": "Friendly (AS5432): 1 ban, 50.0%",
	} {
		if out := s.MustRun(strings.Fields(command)...); !strings.Contains(out, want) {
			t.Errorf("%s: got\n%swant %q", command, out, want)
		}
	}
	s.Write(filepath.Join(s.Dir, "as.mmdb"), []byte("no table"))
	if _, stderr, code := s.Run("check"); code != 1 || stderr == "" {
		t.Errorf("code %d, stderr %q, want a problem", code, stderr)
	}
}
