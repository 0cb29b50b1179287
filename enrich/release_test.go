package enrich

import (
	"net/netip"
	"testing"
)

func TestATableAtRestStillAnswers(t *testing.T) {
	table := builtInTable(t)
	for range 2 {
		if c, err := table.Country(netip.MustParseAddr("193.190.198.1")); err != nil || c != "BE" {
			t.Fatalf("country %q, %v; want BE", c, err)
		}
		if err := table.Release(); err != nil {
			t.Fatal(err)
		}
	}
}
