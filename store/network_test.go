package store

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// learn saves networks, each in a country of its own if it says so.
func learn(t testing.TB, s *Store, at time.Time, networks map[string]Country) {
	t.Helper()
	for p, c := range networks {
		prefix := netip.MustParsePrefix(p)
		n := Network{Prefix: prefix, Country: c, Name: p, Server: "whois.example", AnsweredAt: at}
		if err := s.Answer(t.Context(), WhoisQuery{}, []Network{n}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheSmallestNetworkWins(t *testing.T) {
	s := empty(t)
	now := time.Now()
	learn(t, s, now, map[string]Country{
		"4.0.0.0/8": "US", "4.1.0.0/16": "CA", "4.1.2.0/24": "BE", "4.1.2.3/32": "NL", "4.1.4.0/22": "FR",
		"2a00::/12": "DE", "2a00:1450::/32": "IE", "2a00:1450:1::/48": "BE", "32.0.0.0/8": "BR",
	})
	learn(t, s, now.Add(-60*24*time.Hour), map[string]Country{"4.1.5.0/24": "AT", "9.0.0.0/8": "US"})
	tests := map[string]string{
		"4.1.2.3": "4.1.2.3/32", "4.1.2.4": "4.1.2.0/24", "4.1.3.1": "4.1.0.0/16",
		"4.1.7.255": "4.1.4.0/22", "4.1.8.0": "4.1.0.0/16", "4.2.0.0": "4.0.0.0/8",
		"4.255.255.255": "4.0.0.0/8", "4.0.0.0": "4.0.0.0/8", "3.255.255.255": "", "5.0.0.0": "",
		"4.1.5.1": "4.1.4.0/22", "9.1.1.1": "", "::ffff:4.1.2.3": "4.1.2.3/32",
		"2a00:1450:1::5": "2a00:1450:1::/48", "2a00:1450:2::5": "2a00:1450::/32", "2a00:2::1": "2a00::/12",
		"2a10::1": "", "2000::1": "", "32.1.1.1": "32.0.0.0/8",
	}
	for a, want := range tests {
		n, err := s.Networks(t.Context(), now.Add(-30*24*time.Hour), netip.MustParseAddr(a))
		if err != nil {
			t.Fatal(err)
		}
		if n[0].Name != want || want != "" && n[0].Prefix.String() != want {
			t.Errorf("%s: %+v, want %q", a, n[0], want)
		}
	}
}

// TestTheSmallestNetworkWinsAtRandom compares the lookup with a search of all networks.
func TestTheSmallestNetworkWinsAtRandom(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s := empty(t)
	var all []netip.Prefix
	for range 300 {
		a := netip.AddrFrom4([4]byte{4, byte(random.IntN(4)), byte(random.IntN(8)), byte(random.IntN(256))})
		all = append(all, netip.PrefixFrom(a, 8+random.IntN(25)).Masked())
	}
	fill(t, s, all)
	for range 2000 {
		a := netip.AddrFrom4([4]byte{4, byte(random.IntN(5)), byte(random.IntN(9)), byte(random.IntN(256))})
		var want netip.Prefix
		for _, p := range all {
			if p.Contains(a) && (!want.IsValid() || p.Bits() > want.Bits()) {
				want = p
			}
		}
		got, err := s.Networks(t.Context(), time.Time{}, a)
		if err != nil || got[0].Prefix != want {
			t.Fatalf("%s: %v, %v, want %v", a, got[0].Prefix, err, want)
		}
	}
}

func fill(t testing.TB, s *Store, all []netip.Prefix) {
	t.Helper()
	tx, err := s.w.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range all {
		n := Network{
			Prefix: p, Country: "BE", Name: fmt.Sprint(i), Server: "whois.example", AnsweredAt: time.Now(),
		}
		if _, _, err := saveNetwork(t.Context(), tx, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestAFreshAnswerOutlivesASmallerOne(t *testing.T) {
	s := placed(t, map[string]Country{"4.1.2.3": ""})
	now := time.Now()
	learn(t, s, now.Add(-time.Hour), map[string]Country{"4.1.2.0/24": "BE", "4.1.3.0/24": "FR"})
	n := Network{Prefix: netip.MustParsePrefix("4.1.0.0/16"), Country: "NL", Server: "whois.example", AnsweredAt: now}
	if err := s.Answer(t.Context(), question(t, s, "4.1.2.3"), []Network{n}); err != nil {
		t.Fatal(err)
	}
	for a, want := range map[string]Country{"4.1.2.3": "NL", "4.1.2.4": "NL", "4.1.3.1": "FR"} {
		if got, err := s.Networks(t.Context(), now.Add(-24*time.Hour), netip.MustParseAddr(a)); err != nil ||
			got[0].Country != want {
			t.Errorf("%s: %+v, %v, want %s", a, got[0], err, want)
		}
	}
}

func BenchmarkNetworks(b *testing.B) {
	s := empty(b)
	random := rand.New(rand.NewPCG(1, 2))
	at := func() netip.Addr {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], random.Uint32())
		return netip.AddrFrom4(a)
	}
	seen := map[netip.Prefix]bool{}
	var all []netip.Prefix
	for len(all) < 100_000 {
		if p := netip.PrefixFrom(at(), 12+random.IntN(17)).Masked(); !seen[p] {
			seen[p] = true
			all = append(all, p)
		}
	}
	fill(b, s, all)
	for _, batch := range []int{1, 50} {
		b.Run(fmt.Sprint(batch, " at a time"), func(b *testing.B) {
			addrs := make([]netip.Addr, batch)
			n := 0
			for b.Loop() {
				for i := range addrs {
					addrs[i] = at()
				}
				if _, err := s.Networks(b.Context(), time.Time{}, addrs...); err != nil {
					b.Fatal(err)
				}
				n += batch
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)/1000, "µs/address")
		})
	}
}
