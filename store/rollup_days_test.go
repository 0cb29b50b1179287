package store

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// addFleetDay adds bans of one day, each of another address, of so many servers in turn.
func addFleetDay(tb testing.TB, s *Store, servers, from, n int) {
	tb.Helper()
	bans := make([]Ban, n)
	for i := range bans {
		bans[i] = Ban{
			Source: fmt.Sprint("web", (from+i)%servers), Time: noon.Add(time.Duration(from+i) * time.Millisecond), HasEpoch: true,
			Address: fmt.Sprintf("100.%d.%d.%d", 64+(from+i)>>16, (from+i)>>8&255, (from+i)&255), Jail: "sshd", BanTime: 3600,
		}
	}
	place := func(text string) (Located, error) {
		c := Country("BE")
		if text[len(text)-1]%2 == 0 {
			c = "CN"
		}
		return Located{Public: true, Country: c, ASN: ASN(text[len(text)-1]) << 4}, nil
	}
	b := Batch{Source: "fleet", Bans: bans, Lines: n, ReadAt: noon, NewsSince: noon.Add(time.Hour), Place: place}
	if _, err := s.AddBans(tb.Context(), b); err != nil {
		tb.Fatal(err)
	}
}

// A day of a fleet has more addresses than could be written with every batch: no row of it becomes long, and its counts
// are those of its bans, also once they are counted elsewhere.
func TestADaysAddressesAreKeptInParts(t *testing.T) {
	s := openBans(t)
	const bans, batch = 30_000, 5_000
	for from := 0; from < bans; from += batch {
		addFleetDay(t, s, 10, from, batch)
	}
	check := func(when string) {
		t.Helper()
		for table, column := range map[string]string{"country_days": "addresses", "system_days": "systems"} {
			var rows, longest int
			err := s.r.QueryRow(fmt.Sprintf("SELECT count(*), max(length(%s)) FROM %s", column, table)).Scan(&rows, &longest)
			if err != nil {
				t.Fatal(err)
			}
			if rows < 3 || longest >= 2*partBytes {
				t.Errorf("%s: %s has %d rows, the longest of %d bytes", when, table, rows, longest)
			}
		}
		for key, report := range map[string]func() (Counts, error){
			"country": func() (Counts, error) { return s.ByCountry(t.Context(), Window{}, true) },
			"iif(asn = 0, '', 'AS' || asn)": func() (Counts, error) {
				return s.BySystem(t.Context(), Window{}, true)
			},
		} {
			rows, err := s.r.QueryContext(t.Context(), `SELECT `+key+`, count(*), count(DISTINCT address_id), sum(friendly)
				FROM bans JOIN addresses a ON a.id = address_id GROUP BY 1`)
			if err != nil {
				t.Fatal(err)
			}
			want, err := collect(rows, func(rows *sql.Rows) (c Count, err error) {
				err = rows.Scan(&c.Key, &c.Bans, &c.Addresses, &c.Friendly)
				return c, err
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := report()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(byKey(want), byKey(got.Rows)); diff != "" {
				t.Errorf("%s, by %s (-bans +report):\n%s", when, key, diff)
			}
		}
		checkPacks(t, s)
	}
	check("added")
	if err := s.SetFriends(t.Context(), Friends{Countries: []Country{"BE"}}); err != nil {
		t.Fatal(err)
	}
	check("befriended")
	if err := s.Pack(t.Context(), noon.Add(30*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	check("packed")
	if err := s.UseTable(t.Context(), "another"); err != nil {
		t.Fatal(err)
	}
	for {
		some, err := s.Unlocated(t.Context(), 20_000)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			break
		}
		all := make([]Located, len(some))
		for i, a := range some {
			all[i] = Located{ID: a.ID, Public: true, Country: "NL", ASN: 64500}
		}
		if err := s.Locate(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		addFleetDay(t, s, 10, 0, 100) // nothing is counted twice
		check("located")
	}
	if got, err := s.ByCountry(t.Context(), Window{}, false); err != nil || len(got.Rows) != 1 || got.Rows[0].Bans != bans {
		t.Errorf("%+v (%v), want %d bans of one country", got, err, bans)
	}
}

// Adds batches as a stream brings them to a day that has many addresses already.
func BenchmarkAddToADay(b *testing.B) {
	for _, before := range []int{0, 500_000} {
		b.Run(fmt.Sprint("after ", before), func(b *testing.B) {
			s := openBans(b)
			const batch = 130
			for from := 0; from < before; from += 20_000 {
				addFleetDay(b, s, 1000, from, 20_000)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for from := before; b.Loop(); from += batch {
				addFleetDay(b, s, 1000, from, batch)
			}
		})
	}
}
