package enrich

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/enrich/whoistest"
	"friendlyfire/store"
)

var five = []string{"whois.ripe.net", "whois.apnic.net", arin, "whois.lacnic.net", "whois.afrinic.net"}

func hash(p netip.Prefix) uint32 {
	h := fnv.New32a()
	_, _ = h.Write(p.Addr().AsSlice())
	_, _ = h.Write([]byte{byte(p.Bits())})
	return h.Sum32()
}

// continents assigns every /8 to one of the five registries and divides it into networks: the greater finest is, the
// smaller they are. The table has networks of its own, /20, and disagrees about one in twelve of them. About half of
// these it is right: the registry says the same when it is asked about an address in it.
func continents(finest int) (*whoistest.Server, Atlas) {
	countries := []store.Country{"BE", "NL", "CN", "US", "BR", "ZA"}
	split := func(a netip.Addr) (wide, part netip.Prefix, most store.Country, odd uint32) {
		around, _ := a.Prefix(12)
		wide, _ = a.Prefix(finest - int(hash(around)%6))
		part, _ = a.Prefix(20)
		region, _ := a.Prefix(finest - 5)
		return wide, part, countries[hash(region)%6], (hash(part) >> 8) % 24
	}
	s := world(func(a netip.Addr) string {
		block, _ := a.Prefix(8)
		return five[[]int{0, 0, 0, 1, 1, 1, 2, 2, 3, 4}[hash(block)%10]]
	}, func(a netip.Addr) (string, string) {
		wide, part, most, odd := split(a)
		if odd == 0 {
			return part.String(), "FR"
		}
		return wide.String(), string(most)
	})
	s.Limit("whois.lacnic.net", 8, time.Minute)
	s.Limit("whois.afrinic.net", 5000, day)
	for _, host := range []string{"whois.ripe.net", "whois.apnic.net", arin} {
		s.Limit(host, 65, time.Minute)
	}
	return s, atlasFunc(func(a netip.Addr) (netip.Prefix, store.Country) {
		_, part, most, odd := split(a)
		if odd < 2 {
			return part, "FR"
		}
		return part, most
	})
}

type atlasFunc func(netip.Addr) (netip.Prefix, store.Country)

func (f atlasFunc) Country(a netip.Addr) store.Country {
	_, c := f.Network(a)
	return c
}

func (f atlasFunc) Network(a netip.Addr) (netip.Prefix, store.Country) {
	p, c := f(a)
	return p, c
}

// attackers returns distinct public addresses, most of them with neighbours, as is usual for attackers.
func attackers(n int, random *rand.Rand) []string {
	seen := map[string]bool{}
	var all []string
	for len(all) < n {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], random.Uint32())
		for range 1 + random.IntN(8) {
			b[3] = byte(random.IntN(256))
			a := netip.AddrFrom4(b)
			if Public(a) && !seen[a.String()] && len(all) < n {
				seen[a.String()] = true
				all = append(all, a.String())
			}
		}
	}
	return all
}

// backfill steps until every address has an answer, and returns how long that takes. The next step comes when a
// registry can be queried again, and at least a second later.
func backfill(ctx context.Context, t testing.TB, w *Whois) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		if err := w.Step(ctx); err != nil {
			t.Fatal(err)
		}
		queues, err := w.Store.Queues(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(queues) == 0 {
			return time.Since(began)
		}
		kept, err := w.Store.Registries(ctx)
		if err != nil {
			t.Fatal(err)
		}
		pause := time.Hour
		for _, queue := range queues {
			server := w.server(queue)
			pause = min(pause, registryOf(server).wait(kept[server], false, time.Now()))
		}
		time.Sleep(max(time.Second, pause))
	}
}

// askedTwice counts the queries to registries, and those about a network that had been queried before.
func askedTwice(t testing.TB, s *store.Store, fake *whoistest.Server) (questions, twice int) {
	t.Helper()
	seen := map[netip.Prefix]bool{}
	for _, q := range fake.Questions() {
		if q.Host == iana {
			block, _ := netip.MustParseAddr(q.Address()).Prefix(8)
			if seen[block] {
				twice++
			}
			seen[block] = true
			continue
		}
		questions++
		n := known(t, s, q.Address()).Network.Prefix
		if seen[n] {
			twice++
		}
		seen[n] = true
	}
	return questions, twice
}

func TestP08OneQuestionPerNetwork(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		fake, table := continents(14)
		banIn(t, s, table, false, attackers(27_691, rand.New(rand.NewPCG(seed, 0)))...)
		w := &Whois{Store: s, Table: table, Resolver: &Client{Dial: fake.Dial}}
		took := backfill(t.Context(), t, w)
		questions, twice := askedTwice(t, s, fake)
		if twice != 0 || fake.Refused() != 0 {
			t.Errorf("%d networks were asked for twice, %d questions refused; want none", twice, fake.Refused())
		}
		if questions >= 2_500 {
			t.Errorf("%d questions, want fewer than 2,500", questions)
		}
		t.Attr("reached", fmt.Sprintf("%d questions in %v of simulated time, %d twice", questions, took, twice))
		// Within the cache time nothing is queried again, whichever addresses are banned again.
		asked := len(fake.Questions())
		time.Sleep(20*day - took)
		banIn(t, s, table, true, attackers(27_691, rand.New(rand.NewPCG(seed, 0)))[:1000]...)
		if err := w.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(fake.Questions()); n != asked {
			t.Errorf("%d questions within the cache time", n-asked)
		}
	})
}
