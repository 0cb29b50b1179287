package bot

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// history is a database with 100,000 bans of the year before now, one in a hundred friendly, by 27,691 addresses.
func history(b *testing.B, now time.Time) (*store.Store, Words) {
	b.Helper()
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "test.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	friends := store.Friends{Countries: []store.Country{"BE"}}
	if err := s.SetFriends(b.Context(), friends); err != nil {
		b.Fatal(err)
	}
	const rows, batch = 100_000, 20_000
	random := rand.New(rand.NewPCG(1, 2))
	from := now.AddDate(-1, 0, 1)
	for n := 0; n < rows; n += batch {
		bans := make([]store.Ban, batch)
		for i := range bans {
			at := from.Add(time.Duration(n+i) * now.Sub(from) / rows)
			bans[i] = store.Ban{
				Time: at.Truncate(time.Second), HasEpoch: true, Address: attacker(random.IntN(27_691)),
				Jail: []string{"sshd", "sshd", "nginx-http-auth", "postfix-sasl"}[random.IntN(4)], Failures: 5,
				BanTime: 3600,
			}
		}
		add(b, s, now, bans...)
	}
	return s, Words{Zone: brussels, Zones: map[string]*time.Location{"web1": brussels}, Friends: friends}
}

// friend is a friendly address.
const friend = "203.0.113.7"

// attacker is the nth attacker's address.
func attacker(n int) string {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], uint32(n)*2_654_435_761)
	return netip.AddrFrom4(a).String()
}

// add adds bans. The bits of an address say which country it is from.
func add(b *testing.B, s *store.Store, now time.Time, bans ...store.Ban) {
	b.Helper()
	countries := []store.Country{
		"CN", "US", "RU", "VN", "BR", "IN", "NL", "DE", "KR", "SG", "ID", "FR", "GB", "HK",
		"TW", "UA", "",
	}
	_, err := s.AddBans(b.Context(), store.Batch{
		Source: "web1", Bans: bans, Lines: len(bans), ReadAt: now, NewsSince: now.Add(-time.Hour),
		Place: func(address string) (store.Located, error) {
			a := netip.MustParseAddr(address).As4()
			n := int(binary.BigEndian.Uint32(a[:]) >> 4)
			if n%100 == 0 || strings.HasPrefix(address, "203.0.113.") {
				return store.Located{Public: true, Country: "BE"}, nil
			}
			return store.Located{Public: true, Country: countries[n%len(countries)]}, nil
		},
	})
	if err != nil {
		b.Fatal(err)
	}
}

// A report is counted, drawn and put into words.
func BenchmarkReport(b *testing.B) {
	now := time.Now().Truncate(time.Second)
	s, words := history(b, now)
	r := &Reporter{Store: s, Words: words, Theme: charts.Light()}
	for _, kind := range Kinds() {
		for _, since := range []string{"30d", "all"} {
			b.Run(kind+"/"+since, func(b *testing.B) {
				for b.Loop() {
					rep, err := r.Report(b.Context(), kind, since, now)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := r.Picture(rep).PNG(); err != nil || r.Caption(rep).String() == "" {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// An alert, from the ban in the database to the message that has arrived.
func BenchmarkAlert(b *testing.B) {
	now := time.Now().Truncate(time.Second)
	s, words := history(b, now.Add(-2*time.Hour))
	chat := store.Chat{Platform: "paper", ID: "1"}
	sender := &notes{limit: 2000}
	announcer := &Announcer{
		Store: s, Chats: []store.Chat{chat}, Words: words, Judge: &Judge{Store: s, Words: words}, MaxAge: time.Hour, Next: func() {},
		Again: func(time.Duration) {},
	}
	deliverer := &Deliverer{
		Store: s, Sender: sender, Chat: chat, Again: func(time.Duration) {},
		Log: slog.New(slog.DiscardHandler),
	}
	step := func() {
		if err := announcer.Step(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := deliverer.Step(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	step() // the summary of history
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		add(b, s, now, store.Ban{
			Time: now.Add(-time.Duration(n%3000) * time.Second), HasEpoch: true,
			Address: friend, Jail: fmt.Sprint("jail", n/3000), Failures: 5, BanTime: 3600,
		})
		before := len(sender.sent)
		b.StartTimer()
		step()
		if len(sender.sent) != before+1 {
			b.Fatalf("%d messages, want one more than %d", len(sender.sent), before)
		}
	}
}
