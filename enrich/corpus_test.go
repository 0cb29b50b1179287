package enrich

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"friendlyfire/store"
)

// TestCorpus parses collected replies, most of them from real registries, if WHOIS_CORPUS names their directory.
func TestCorpus(t *testing.T) {
	folder := os.Getenv("WHOIS_CORPUS")
	if folder == "" {
		t.Skip("WHOIS_CORPUS names no folder of replies")
	}
	table, err := os.ReadFile(filepath.Join(folder, "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	right, all := 0, 0
	for line := range strings.Lines(string(table)) {
		columns := strings.Split(line, "\t")
		if columns[0] == "file" {
			continue
		}
		all++
		text, err := os.ReadFile(filepath.Join(folder, columns[0]))
		if err != nil {
			t.Error(err)
			continue
		}
		want := store.Country(strings.Trim(columns[2], "-"))
		a, _ := netip.ParseAddr(columns[1]) // one of them is not an address, on purpose
		got := parse(string(text), a)
		if got.country != want || (got.kind == answer) != (want != "" || columns[0] == "ripe-14.txt") {
			t.Errorf("%s: %s %q, want %q (%s)", columns[0], got.kind, got.country, want, columns[6])
			continue
		}
		if want != "" && !covers(got.networks, parseRanges(columns[3])) {
			t.Errorf("%s: networks %v, want %s", columns[0], got.networks, columns[3])
			continue
		}
		if isRefusal := strings.HasPrefix(columns[0], "limit-"); isRefusal != (got.kind == refusal) {
			t.Errorf("%s: %s", columns[0], got.kind)
			continue
		}
		right++
	}
	t.Logf("%d of %d replies read right", right, all)
}

func covers(networks []netip.Prefix, spans []addrRange) bool {
	var want []netip.Prefix
	for _, s := range spans {
		want = append(want, s.prefixes()...)
	}
	if len(networks) != len(want) {
		return false
	}
	for i, p := range want {
		if networks[i] != p {
			return false
		}
	}
	return true
}
