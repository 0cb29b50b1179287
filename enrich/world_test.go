package enrich

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"friendlyfire/enrich/whoistest"
	"friendlyfire/store"
)

// open returns a new database.
func open(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
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

// ban adds a ban of each address and locates them in no country. With news the bans are undecided, else history.
func ban(t testing.TB, s *store.Store, news bool, addresses ...string) {
	t.Helper()
	banIn(t, s, atlas{}, news, addresses...)
}

// atlas is a table, from CIDRs to countries.
type atlas map[string]store.Country

func (m atlas) Country(a netip.Addr) store.Country {
	_, c := m.Network(a)
	return c
}

func (m atlas) Network(a netip.Addr) (around netip.Prefix, c store.Country) {
	for text, country := range m {
		if p := netip.MustParsePrefix(text); p.Contains(a) && (!around.IsValid() || p.Bits() > around.Bits()) {
			around, c = p, country
		}
	}
	return around, c
}

// banIn is ban with a table that locates the addresses.
func banIn(t testing.TB, s *store.Store, table Atlas, news bool, addresses ...string) {
	t.Helper()
	now := time.Now()
	b := store.Batch{Source: "web1", ReadAt: now, NewsSince: now.Add(-time.Hour)}
	for i, a := range addresses {
		one := store.Ban{
			Time: now.Add(-time.Minute - time.Duration(i)*time.Millisecond), Address: a, Jail: "sshd",
			HasEpoch: true,
		}
		if !news {
			one.Time = one.Time.Add(-day)
		}
		b.Bans = append(b.Bans, one)
	}
	if _, err := s.AddBans(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	all, err := s.Unlocated(t.Context(), len(addresses)+1)
	if err != nil {
		t.Fatal(err)
	}
	located := make([]store.Located, len(all))
	for i, a := range all {
		located[i].ID = a.ID
		if addr, err := netip.ParseAddr(a.Text); err == nil && Public(addr) {
			located[i].Public = true
			_, located[i].Country = table.Network(addr)
		}
	}
	if err := s.Locate(t.Context(), located); err != nil {
		t.Fatal(err)
	}
}

// known returns what the database knows about an address.
func known(t testing.TB, s *store.Store, address string) store.Known {
	t.Helper()
	k, err := s.Known(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// world fakes IANA and the five registries: place returns the network and country of an address, and region its
// registry.
func world(region func(netip.Addr) string, place func(netip.Addr) (network, country string)) *whoistest.Server {
	s := &whoistest.Server{}
	s.Handle(iana, whoistest.Text(func(q whoistest.Question) string {
		a := netip.MustParseAddr(q.Address())
		bits := 8
		if a.Is6() {
			bits = 12
		}
		block, _ := a.Prefix(bits)
		return whoistest.IANA(block.String(), region(a))
	}))
	say := func(form func(network, country, name string) string) whoistest.Handler {
		return whoistest.Text(func(q whoistest.Question) string {
			network, country := place(netip.MustParseAddr(q.Address()))
			return form(network, country, "EXAMPLE-NET")
		})
	}
	for _, server := range []string{"whois.ripe.net", "whois.apnic.net", "whois.afrinic.net"} {
		s.Handle(server, say(whoistest.RIPE))
	}
	s.Handle(arin, say(func(network, country, name string) string {
		p := netip.MustParsePrefix(network)
		return whoistest.ARIN(fmt.Sprintf("%s - %s", p.Addr(), lastAddress(p)), country, name)
	}))
	s.Handle("whois.lacnic.net", say(whoistest.LACNIC))
	return s
}

// belgium is a world in which everything belongs to RIPE and is in Belgium, in networks of 256 addresses.
func belgium() *whoistest.Server {
	return world(func(netip.Addr) string { return "whois.ripe.net" }, func(a netip.Addr) (string, string) {
		bits := 24
		if a.Is6() {
			bits = 48
		}
		p, _ := a.Prefix(bits)
		return p.String(), "BE"
	})
}

// settleAll steps until the backlog is empty, once a second like the program.
func settleAll(ctx context.Context, t testing.TB, w *Whois) {
	t.Helper()
	for {
		if err := w.Step(ctx); err != nil {
			t.Fatal(err)
		}
		n, err := w.Store.Backlog(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		time.Sleep(time.Second)
	}
}
