package store

import (
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// empty returns a new database.
func empty(t testing.TB) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// placed returns a database with an undecided ban of each address, which is public and located in that country.
func placed(t testing.TB, countries map[string]Country) *Store {
	t.Helper()
	s := empty(t)
	banned(t, s, countries)
	return s
}

// banned adds such bans.
func banned(t testing.TB, s *Store, countries map[string]Country) {
	t.Helper()
	b := Batch{Source: "web1", ReadAt: time.Now(), NewsSince: time.Now().Add(-time.Hour)}
	for a := range countries {
		b.Bans = append(b.Bans, Ban{Time: time.Now(), Address: a, Jail: "sshd", HasEpoch: true})
	}
	slices.SortFunc(b.Bans, func(a, b Ban) int {
		return netip.MustParseAddr(a.Address).Compare(netip.MustParseAddr(b.Address))
	})
	if _, err := s.AddBans(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	all, err := s.Unlocated(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	located := make([]Located, len(all))
	for i, a := range all {
		located[i] = Located{ID: a.ID, Public: true, Country: countries[a.Text]}
	}
	if err := s.Locate(t.Context(), located); err != nil {
		t.Fatal(err)
	}
}

func TestLocateKeepsWhatIsKnownOfFriends(t *testing.T) {
	s := empty(t)
	if err := s.SetFriends(t.Context(), Friends{Countries: []Country{"BE"}}); err != nil {
		t.Fatal(err)
	}
	banned(t, s, map[string]Country{"1.1.1.1": "NL", "1.1.1.2": "BE"})
	q := question(t, s, "1.1.1.1")
	n := Network{
		Prefix: netip.MustParsePrefix("1.1.1.0/31"), Country: "BE", Name: "EXAMPLE", Server: "whois.example",
		AnsweredAt: time.Now(),
	}
	if err := s.Answer(t.Context(), q, []Network{n}); err != nil {
		t.Fatal(err)
	}
	// A change of tables keeps a friend that was found by whois.
	if err := s.UseTable(t.Context(), "another"); err != nil {
		t.Fatal(err)
	}
	all, err := s.Unlocated(t.Context(), 10)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	for _, a := range all {
		if err := s.Locate(t.Context(), []Located{{ID: a.ID, Public: true, Country: "CN"}}); err != nil {
			t.Fatal(err)
		}
	}
	for address, want := range map[string]bool{"1.1.1.1": true, "1.1.1.2": false} {
		g, err := s.BansOf(t.Context(), address, 1)
		if err != nil || len(g) != 1 || g[0].Friendly != want || g[0].Table != "CN" {
			t.Errorf("%s: %+v, %v", address, g, err)
		}
	}
	if err := s.UseTable(t.Context(), "another"); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Unlocated(t.Context(), 10); len(all) != 0 || err != nil {
		t.Errorf("the same table again unlocated %v, %v", all, err)
	}
}

// question returns the query that is due for an address.
func question(t testing.TB, s *Store, address string) WhoisQuery {
	t.Helper()
	news, err := s.News(t.Context(), time.Now(), time.Time{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range news {
		if q.Addr.String() == address {
			return q
		}
	}
	t.Fatalf("nothing is to be asked for %s: %v", address, news)
	return WhoisQuery{}
}
