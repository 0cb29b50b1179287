package bot

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// A server is named where its jail bans friends as no other server's does, and not where it is busier or by chance.
func TestL04TheServerThatDiffersIsNamed(t *testing.T) {
	jail := func(others int, friends, bans int64, web7 store.Share) map[string]map[string]store.Share {
		servers := map[string]store.Share{"web7": web7}
		for i := range others {
			servers[fmt.Sprint("x", i)] = store.Share{Bans: bans, Friends: friends}
		}
		return map[string]map[string]store.Share{"sshd": servers}
	}
	for name, c := range map[string]struct {
		shares map[string]map[string]store.Share
		want   string // "": nobody is named
	}{
		"nine times as many": {
			jail(12, 3, 100, store.Share{Bans: 100, Friends: 27}),
			"\nsshd on web7 bans 9 × as many friends as elsewhere: 27, and on 12 other servers 3.0 each on average",
		},
		"none elsewhere": {
			jail(840, 0, 100, store.Share{Bans: 100, Friends: 5}),
			"\nsshd on web7 banned 5 friends, and on 840 other servers none",
		},
		"a server with more of everything": {jail(12, 3, 100, store.Share{Bans: 900, Friends: 27}), ""},
		"twice as many":                    {jail(12, 10, 100, store.Share{Bans: 100, Friends: 20}), ""},
		"two friends":                      {jail(840, 0, 100, store.Share{Bans: 10, Friends: 2}), ""},
		"few servers":                      {jail(3, 3, 100, store.Share{Bans: 100, Friends: 27}), ""},
		"few friends, may be chance":       {jail(5, 1, 100, store.Share{Bans: 100, Friends: 4}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := stricterThere(strictServers(c.shares)); got != c.want {
				t.Errorf("says %q, want %q", got, c.want)
			}
		})
	}
}

// Where all servers are alike, one in a hundred reports at most names one.
func TestL04ServersThatAreAlikeAreNotNamed(t *testing.T) {
	const seed = 7
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	named, reports := 0, 2000
	for range reports {
		servers := map[string]store.Share{}
		n := 5 + random.IntN(60)
		for i := range n {
			servers[fmt.Sprint(i)] = store.Share{Bans: 50}
		}
		for range random.IntN(4 * n) {
			name := fmt.Sprint(random.IntN(n))
			s := servers[name]
			s.Friends++
			servers[name] = s
		}
		if len(strictServers(map[string]map[string]store.Share{"sshd": servers})) > 0 {
			named++
		}
	}
	t.Attr("named", fmt.Sprintf("in %d of %d", named, reports))
	if named > reports/100 {
		t.Errorf("a server was named in %d of %d reports of servers that are alike", named, reports)
	}
}

// A report by server names ten of many, and one of strictness the server that differs, from the database on.
func TestL04ReportsOfAFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for i := range 40 {
			server := fmt.Sprintf("web%02d", i)
			bans := []store.Ban{}
			for n := range 20 {
				country := 0
				if server == "web07" && n < 12 {
					country = 1
				}
				bans = append(bans, store.Ban{
					Time: time.Now().Add(-time.Minute), HasEpoch: true, Address: fmt.Sprintf("198.51.%d.%d", country, n+40*i%200), Jail: "sshd",
				})
			}
			d.line++
			_, err := d.store.AddBans(t.Context(), store.Batch{
				Source: server, Cursor: store.Cursor{Offset: d.line, Size: d.line, Line: d.line}, Bans: bans, Lines: len(bans),
				ReadAt: time.Now(), NewsSince: time.Now().Add(-time.Hour),
				Place: func(text string) (l store.Located, err error) {
					l.Public, l.Country = true, "NL"
					if strings.HasPrefix(text, "198.51.1.") {
						l.Country = "BE"
					}
					return l, nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		reporter := d.commands.Reporter
		for kind, want := range map[string]string{
			"source": "10 of 40 servers named",
			"strict": "sshd on web07 banned 12 friends, and on 39 other servers none",
		} {
			rep, err := reporter.Report(t.Context(), kind, "24h", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if caption := reporter.Caption(rep).String(); !strings.Contains(caption, want) {
				t.Errorf("caption of %s\n%s\nwant %q", kind, caption, want)
			}
		}
	})
}
