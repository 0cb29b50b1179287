package enrich

import (
	"net/netip"
	"testing"
)

func TestATableAtRestStillAnswers(t *testing.T) {
	table := builtInTable(t)
	for range 2 {
		if c := table.Country(netip.MustParseAddr("193.190.198.1")); c != "BE" {
			t.Fatalf("country %q; want BE", c)
		}
		if err := table.Release(); err != nil {
			t.Fatal(err)
		}
	}
}
