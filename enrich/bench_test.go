package enrich

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"

	"friendlyfire/enrich/whoistest"
)

func BenchmarkParse(b *testing.B) {
	tests := map[string]string{
		"RIPE": whoistest.RIPE("203.0.113.0 - 203.0.113.255", "BE", "EXAMPLE"),
		"ARIN": whoistest.ARIN("203.0.0.0 - 203.0.255.255", "US", "EXAMPLE") +
			whoistest.ARIN("203.0.113.0 - 203.0.113.255", "US", "EXAMPLE"),
		"KRNIC": krnic,
	}
	a := netip.MustParseAddr("203.0.113.5")
	for name, text := range tests {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if parse(text, a).kind != answer {
					b.Fatal("no answer")
				}
			}
		})
	}
}

// BenchmarkTable looks up country, autonomous system and holder.
func BenchmarkTable(b *testing.B) {
	table := builtInTable(b)
	random := rand.New(rand.NewPCG(1, 2))
	var addrs [1024]netip.Addr
	for i, text := range attackers(len(addrs), random) {
		addrs[i] = netip.MustParseAddr(text)
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		table.Locate(addrs[i%len(addrs)])
		i++
	}
}

func BenchmarkLocate300k(b *testing.B) {
	table := builtInTable(b)
	all := attackers(300_000, rand.New(rand.NewPCG(1, 2)))
	for b.Loop() {
		b.StopTimer()
		s := open(b)
		ban(b, s, false, all...)
		if err := s.UseTable(b.Context(), table.Name()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := (&Locator{Store: s, Table: table}).Step(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/300, "µs/1000rows")
}

// BenchmarkIdle is a Step with nothing to query, with 300,000 addresses that have their answers.
func BenchmarkIdle(b *testing.B) {
	s := open(b)
	ban(b, s, false, "10.0.0.1")
	w := &Whois{Store: s, Resolver: &Client{}}
	for b.Loop() {
		if err := w.Step(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBackfill queries the addresses of 100,000 bans in a world whose registries have rate limits, in simulated
// time.
func BenchmarkBackfill(b *testing.B) {
	for b.Loop() {
		synctest.Test(&testing.T{}, func(*testing.T) {
			inside := bubble{TB: b, ctx: context.Background(), after: new([]func())}
			defer inside.end()
			s := open(inside)
			fake, table := continents(18)
			banIn(inside, s, table, false, attackers(27_691, rand.New(rand.NewPCG(1, 2)))...)
			w := &Whois{Store: s, Table: table, Resolver: &Client{Dial: fake.Dial}}
			took := backfill(inside.ctx, inside, w)
			questions, twice := askedTwice(inside, s, fake)
			b.ReportMetric(float64(questions), "questions")
			b.ReportMetric(float64(twice), "asked-twice")
			b.ReportMetric(float64(fake.Refused()), "refused")
			b.ReportMetric(took.Hours(), "simulated-hours")
		})
	}
}

// bubble makes a benchmark usable inside a synctest bubble, in which nothing from outside may be used.
type bubble struct {
	testing.TB
	ctx   context.Context //nolint:containedctx // it stands for the benchmark's own
	after *[]func()
}

func (b bubble) Context() context.Context { return b.ctx }
func (b bubble) Cleanup(f func())         { *b.after = append(*b.after, f) }

func (b bubble) end() {
	for _, f := range *b.after {
		f()
	}
}
