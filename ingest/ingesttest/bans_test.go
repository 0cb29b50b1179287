package ingesttest

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"
)

var end = time.Date(2026, 11, 22, 13, 37, 0, 0, time.UTC)

func written(t *testing.T, b Bans) []byte {
	t.Helper()
	var out bytes.Buffer
	n, err := b.WriteTo(&out)
	if err != nil || n != int64(out.Len()) {
		t.Fatalf("%d bytes of %d, %v", n, out.Len(), err)
	}
	return out.Bytes()
}

func TestTheSameBansHaveTheSameRows(t *testing.T) {
	b := Bans{Seed: 7, Rows: 5000, End: end}
	first := sha256.Sum256(written(t, b))
	if sha256.Sum256(written(t, b)) != first {
		t.Error("not the same twice")
	}
	b.Seed++
	if sha256.Sum256(written(t, b)) == first {
		t.Error("another seed has the same rows")
	}
}

func TestTheTwoFormsTellOfTheSameBans(t *testing.T) {
	b := Bans{Seed: 7, Rows: 5000, End: end}
	rich := read(t, written(t, b), RichHeader)
	b.Original = true
	original := read(t, written(t, b), OriginalHeader)
	if len(rich) != 5000 || len(original) != 5000 {
		t.Fatalf("%d and %d rows", len(rich), len(original))
	}
	for i := range rich {
		if !slices.Equal(rich[i][:3], original[i]) {
			t.Fatalf("row %d: %q and %q", i, rich[i], original[i])
		}
	}
}

func read(t *testing.T, file []byte, header string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names, _, _ := bytes.Cut(file, []byte("\n"))
	if string(names) != header {
		t.Fatalf("header %q, want %q", names, header)
	}
	return rows[1:]
}

func TestBansAreAsAttackersMakeThem(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	const total, span = 100_000, 90 * 24 * time.Hour
	rows := read(t, written(t, Bans{Seed: seed, Rows: total, End: end, Span: span}), RichHeader)

	type key struct{ epoch, address, jail string }
	keys, addresses, jails := map[key]bool{}, map[string]int{}, map[string]int{}
	six, last := 0, end.Add(-span).Unix()
	hours := map[int64]int{}
	for i, row := range rows {
		epoch, err := strconv.ParseInt(row[7], 10, 64)
		if err != nil || epoch < last || epoch > end.Unix() ||
			row[0]+" "+row[1] != time.Unix(epoch, 0).UTC().Format(time.DateTime) {
			t.Fatalf("row %d is of a wrong time: %q after %d", i, row, last)
		}
		last = epoch
		hours[epoch/3600]++
		a, err := netip.ParseAddr(row[2])
		if err != nil || a.String() != row[2] || !a.IsGlobalUnicast() || a.IsPrivate() {
			t.Fatalf("row %d has a wrong address: %q", i, row)
		}
		if a.Is6() {
			six++
		}
		addresses[row[2]]++
		jails[row[3]]++
		keys[key{row[7], row[2], row[3]}] = true
	}
	if len(rows) != total || len(keys) != total {
		t.Errorf("%d rows, %d bans, want %d", len(rows), len(keys), total)
	}
	within := func(what string, got, least, most int) {
		t.Helper()
		if got < least || got > most {
			t.Errorf("%s: %d, want %d to %d", what, got, least, most)
		}
	}
	within("addresses", len(addresses), 27_000, 28_400)
	within("rows of IPv6", six, 2000, 4000)
	within("jails", len(jails), 6, 6)
	within("rows of sshd", jails["sshd"], 50_000, 66_000)
	within("rows of wordpress", jails["wordpress"], 500, 6000)
	counts := slices.Sorted(func(yield func(int) bool) {
		for _, n := range addresses {
			if !yield(n) {
				return
			}
		}
	})
	slices.Reverse(counts)
	often := 0
	for _, n := range counts[:len(counts)/10] {
		often += n
	}
	within("rows of the tenth of addresses that come most", often, 50_000, 75_000)
	within("rows of the one that comes most", counts[0], 1000, 10_000)
	busiest := 0
	for _, n := range hours {
		busiest = max(busiest, n)
	}
	within("bans in the busiest hour, 46 being usual", busiest, 100, 600)
	within("hours with bans", len(hours), 80*24, 90*24+1)
}

func TestNoTwoNumbersShareAnAddress(t *testing.T) {
	seen := map[netip.Addr]bool{}
	networks := map[netip.Prefix]bool{}
	const n = 300_000
	for i := range uint32(n) {
		a := Address(3, i)
		if seen[a] {
			t.Fatalf("number %d: %s again", i, a)
		}
		seen[a] = true
		if p, _ := a.Prefix(24); a.Is4() {
			networks[p] = true
		}
	}
	if len(networks) < n*48/100 || len(networks) > n*52/100 {
		t.Errorf("%d networks of 256 addresses, want half as many as addresses", len(networks))
	}
}

func TestNoBansAreAHeader(t *testing.T) {
	if got := string(written(t, Bans{End: end})); got != RichHeader+"\n" {
		t.Errorf("got %q", got)
	}
}

func BenchmarkWriteTo(b *testing.B) {
	const rows = 1_000_000
	for b.Loop() {
		if _, err := (Bans{Seed: 1, Rows: rows, End: end}).WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}
