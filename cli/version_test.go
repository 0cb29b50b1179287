package cli

import (
	"strings"
	"testing"

	"friendlyfire/acceptance/harness"
)

func TestVersionNamesTheTableAndItsLicence(t *testing.T) {
	out := harness.NewScene(t, harness.TableOnly).MustRun("version")
	for _, want := range []string{"friendlyfire ", "CC BY 4.0", "nro.net", "routeviews.org", "db-ip.com"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %q", want, out)
		}
	}
}
