package enrich

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/enrich/whoistest"
	"friendlyfire/store"
)

// nested is a world in which RIPE answers with the smallest of these networks.
func nested(networks atlas) *whoistest.Server {
	return world(func(netip.Addr) string { return "whois.ripe.net" }, func(a netip.Addr) (string, string) {
		p, c := networks.Network(a)
		if c == "" {
			c = "EU"
		}
		return p.String(), string(c)
	})
}

// questionsTo returns the addresses about which the host was queried.
func questionsTo(fake *whoistest.Server, host string) (all []string) {
	for _, q := range fake.Questions() {
		if q.Host == host {
			all = append(all, q.Address())
		}
	}
	return all
}

func TestAWideAnswerIsDoubtedWhereTheTableContradictsIt(t *testing.T) {
	wide := atlas{"46.0.0.0/13": "NL"}
	tests := map[string]struct {
		registry, table atlas
		bans            []string // in this order
		asked           []string
		want            map[string]store.Country
	}{
		"the table agrees": {
			registry: wide, table: atlas{"46.0.0.0/16": "NL", "46.1.0.0/16": "NL"},
			bans: []string{"46.0.0.1", "46.1.0.1"}, asked: []string{"46.0.0.1"},
			want: map[string]store.Country{"46.0.0.1": "NL", "46.1.0.1": "NL"},
		},
		"the table knows nothing": {
			registry: wide, table: atlas{"46.0.0.0/16": "NL", "46.1.0.0/16": ""},
			bans: []string{"46.0.0.1", "46.1.0.1"}, asked: []string{"46.0.0.1"},
			want: map[string]store.Country{"46.1.0.1": "NL"},
		},
		"the registry knows no country": {
			registry: atlas{"46.0.0.0/13": ""}, table: atlas{"46.0.0.0/16": "NL", "46.1.0.0/16": "BE"},
			bans: []string{"46.0.0.1", "46.1.0.1"}, asked: []string{"46.0.0.1"},
			want: map[string]store.Country{"46.1.0.1": ""},
		},
		"the table is right": {
			registry: atlas{"46.0.0.0/13": "NL", "46.1.0.0/16": "BE"},
			table:    atlas{"46.0.0.0/16": "NL", "46.1.0.0/16": "BE"},
			bans:     []string{"46.0.0.1", "46.1.0.1", "46.1.0.2", "46.1.9.1"},
			asked:    []string{"46.0.0.1", "46.1.0.1"},
			want:     map[string]store.Country{"46.0.0.1": "NL", "46.1.0.1": "BE", "46.1.0.2": "BE", "46.1.9.1": "BE"},
		},
		"the table is wrong": {
			registry: wide, table: atlas{"46.0.0.0/16": "NL", "46.1.0.0/16": "BE", "46.2.0.0/16": "BE"},
			bans:  []string{"46.0.0.1", "46.1.0.1", "46.1.0.2", "46.1.9.1", "46.2.0.1", "46.2.0.2"},
			asked: []string{"46.0.0.1", "46.1.0.1", "46.2.0.1"},
			want: map[string]store.Country{
				"46.1.0.1": "NL", "46.1.0.2": "NL", "46.1.9.1": "NL", "46.2.0.1": "NL", "46.2.0.2": "NL",
			},
		},
		"both are wrong": {
			registry: atlas{"46.0.0.0/13": "NL", "46.1.0.0/16": "DE"},
			table:    atlas{"46.0.0.0/16": "NL", "46.1.0.0/16": "BE"},
			bans:     []string{"46.0.0.1", "46.1.0.1", "46.1.0.2"}, asked: []string{"46.0.0.1", "46.1.0.1"},
			want: map[string]store.Country{"46.1.0.1": "DE", "46.1.0.2": "DE"},
		},
		"it is wrong about the first address": {
			registry: wide, table: atlas{"46.0.0.0/16": "BE", "46.1.0.0/16": "BE"},
			bans: []string{"46.0.0.1", "46.0.0.2", "46.1.0.1"}, asked: []string{"46.0.0.1", "46.1.0.1"},
			want: map[string]store.Country{"46.0.0.1": "NL", "46.0.0.2": "NL", "46.1.0.1": "NL"},
		},
		"the table's network is no smaller": {
			registry: wide, table: atlas{"46.0.0.0/12": "BE"},
			bans: []string{"46.0.0.1", "46.7.0.1"}, asked: []string{"46.0.0.1"},
			want: map[string]store.Country{"46.0.0.1": "NL", "46.7.0.1": "NL"},
		},
		"the registry's part is smaller than the table's": {
			registry: atlas{"46.0.0.0/13": "NL", "46.1.0.0/24": "FR"},
			table:    atlas{"46.0.0.0/16": "NL", "46.1.0.0/16": "FR"},
			bans:     []string{"46.0.0.1", "46.1.0.1", "46.1.0.2", "46.1.1.1", "46.1.2.1"},
			asked:    []string{"46.0.0.1", "46.1.0.1", "46.1.1.1"},
			want:     map[string]store.Country{"46.1.0.1": "FR", "46.1.0.2": "FR", "46.1.1.1": "NL", "46.1.2.1": "NL"},
		},
		"the registry's part is larger than the table's": {
			registry: atlas{"46.0.0.0/13": "NL", "46.4.0.0/14": "FR"},
			table:    atlas{"46.0.0.0/13": "NL", "46.5.0.0/16": "FR", "46.6.0.0/16": "FR", "46.7.0.0/16": "BE"},
			bans:     []string{"46.0.0.1", "46.5.0.1", "46.6.0.1", "46.7.0.1"},
			asked:    []string{"46.0.0.1", "46.5.0.1", "46.7.0.1"},
			want:     map[string]store.Country{"46.5.0.1": "FR", "46.6.0.1": "FR", "46.7.0.1": "FR"},
		},
		"IPv6": {
			registry: atlas{"2a00::/20": "NL", "2a00:80::/32": "BE"},
			table:    atlas{"2a00::/32": "NL", "2a00:80::/32": "BE"},
			bans:     []string{"2a00::1", "2a00:80::1", "2a00:80::2"}, asked: []string{"2a00::1", "2a00:80::1"},
			want: map[string]store.Country{"2a00::1": "NL", "2a00:80::1": "BE", "2a00:80::2": "BE"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, fake := open(t), nested(tt.registry)
				w := &Whois{Store: s, Table: tt.table, Resolver: &Client{Dial: fake.Dial}}
				for _, a := range tt.bans {
					banIn(t, s, tt.table, false, a)
					settleAll(t.Context(), t, w)
				}
				for a, want := range tt.want {
					k := known(t, s, a)
					if k.Whois != want || !k.Answered || !k.Network.Prefix.Contains(netip.MustParseAddr(a)) {
						t.Errorf("%s: %+v, want %q", a, k, want)
					}
				}
				if asked := questionsTo(fake, "whois.ripe.net"); !slices.Equal(asked, tt.asked) {
					t.Errorf("asked about %v, want %v", asked, tt.asked)
				}
				// Nothing is asked again within the cache time, whatever is banned, and no more than before after it.
				again := func(after time.Duration) int {
					time.Sleep(after)
					banIn(t, s, tt.table, true, tt.bans...)
					for range 30 {
						if err := w.Step(t.Context()); err != nil {
							t.Fatal(err)
						}
						time.Sleep(time.Second)
					}
					return len(questionsTo(fake, "whois.ripe.net")) - len(tt.asked)
				}
				if n := again(20 * day); n != 0 {
					t.Errorf("%d questions within the cache time", n)
				}
				if n := again(11 * day); n == 0 || n > len(tt.asked) {
					t.Errorf("%d questions after the cache time, want 1 to %d", n, len(tt.asked))
				}
			})
		})
	}
}

// TestADoubtedAnswerHidesNoFriend has a registry that answers for one address and then falls silent.
func TestADoubtedAnswerHidesNoFriend(t *testing.T) {
	table := atlas{"46.0.0.0/16": "NL", "46.1.0.0/16": "BE", "46.2.0.0/16": "DE"}
	tests := map[string]struct {
		friend  store.Country
		address string
		before  bool          // friendly while the registry is silent
		country store.Country // believed meanwhile
		after   bool          // friendly when it has answered
	}{
		"by the table":            {friend: "BE", address: "46.1.0.1", before: true, country: "BE", after: true},
		"by the wide answer":      {friend: "NL", address: "46.1.0.1", before: true, country: "NL", after: false},
		"by its own answer":       {friend: "FR", address: "46.1.0.1", country: "BE", after: true},
		"by none":                 {friend: "US", address: "46.1.0.1", country: "BE"},
		"by the confirmed answer": {friend: "NL", address: "46.2.0.1", before: true, country: "NL", after: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, fake := open(t), nested(atlas{"46.0.0.0/13": "NL", "46.1.0.0/16": "FR"})
				if err := s.SetFriends(t.Context(), store.Friends{Countries: []store.Country{tt.friend}}); err != nil {
					t.Fatal(err)
				}
				woken := 0
				w := &Whois{Store: s, Table: table, Resolver: &Client{Dial: fake.Dial}, Next: func() { woken++ }}
				banIn(t, s, table, false, "46.0.0.1")
				settleAll(t.Context(), t, w)
				w.Resolver = &Client{Dial: (&whoistest.Server{}).Dial}

				banIn(t, s, table, true, tt.address)
				var ban store.EnrichedBan
				look := func() {
					t.Helper()
					all, err := s.Undecided(t.Context(), 0, 10)
					if err != nil || len(all) != 1 {
						t.Fatalf("undecided %+v, %v", all, err)
					}
					ban = all[0]
				}
				look()
				// Those who wait for whois wait in vain at first.
				if err := s.Record(t.Context(), store.Verdict{Waiting: []int64{ban.ID}}); err != nil {
					t.Fatal(err)
				}
				woken = 0
				for range 3 {
					if err := w.Step(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				all, err := s.BansOf(t.Context(), tt.address, 1)
				if err != nil || len(all) != 1 {
					t.Fatal(all, err)
				}
				ban = all[0]
				if ban.Friendly != tt.before || ban.Country != tt.country || ban.Answered || !ban.Asked {
					t.Errorf("%+v while the registry is silent, want %s, friendly %v", ban, tt.country, tt.before)
				}
				if tt.friend == "NL" { // as the wide answer says, which is not worth waiting any longer
					if look(); woken == 0 {
						t.Error("nobody was woken for a friend")
					}
				}
				w.Resolver = &Client{Dial: fake.Dial}
				time.Sleep(time.Hour)
				if err := w.Step(t.Context()); err != nil {
					t.Fatal(err)
				}
				look()
				if !ban.Answered || ban.Friendly != tt.after {
					t.Errorf("%+v, want an answer, friendly %v", ban, tt.after)
				}
			})
		})
	}
}

// TestAnswersOfAChangedNetworkAreDoubtedToo renews the answer of a network that has changed hands.
func TestAnswersOfAChangedNetworkAreDoubtedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := atlas{"46.0.0.0/16": "NL", "46.1.0.0/16": "NL", "46.2.0.0/16": ""}
		registry := atlas{"46.0.0.0/13": "NL"}
		s, fake := open(t), nested(registry)
		w := &Whois{Store: s, Table: table, Resolver: &Client{Dial: fake.Dial}}
		banIn(t, s, table, false, "46.0.0.1", "46.1.0.1", "46.2.0.1")
		settleAll(t.Context(), t, w)
		time.Sleep(31 * day)
		registry["46.0.0.0/13"], registry["46.1.0.0/16"] = "US", "NL"
		banIn(t, s, table, true, "46.0.0.1")
		settleAll(t.Context(), t, w)
		if err := w.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		settleAll(t.Context(), t, w)
		for a, want := range map[string]store.Country{"46.0.0.1": "US", "46.1.0.1": "NL", "46.2.0.1": "US"} {
			if k := known(t, s, a); k.Whois != want || !k.Answered {
				t.Errorf("%s: %+v, want %s", a, k, want)
			}
		}
	})
}

func TestLookupDoubts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := builtInTable(t)
		// 193.190.198.1 is in Belgium according to the table, 193.0.6.139 in the Netherlands.
		registry := atlas{"193.0.0.0/8": "NL"}
		s, fake := open(t), nested(registry)
		w := &Whois{Store: s, Table: table, Resolver: &Client{Dial: fake.Dial}}
		lookup := func(address string, want store.Country, source string, questions int) Finding {
			t.Helper()
			f, err := w.Lookup(t.Context(), table, address, false)
			if err != nil || f.Country != want || f.Source != source {
				t.Errorf("%+v, %v, want %s by %s", f, err, want, source)
			}
			if n := len(questionsTo(fake, "whois.ripe.net")); n != questions {
				t.Errorf("%d questions after %s, want %d", n, address, questions)
			}
			return f
		}
		lookup("193.0.6.139", "NL", "whois", 1)
		w.Resolver = nil
		f := lookup("193.190.198.1", "BE", "table", 1)
		const doubt = "whois.ripe.net said NL of 193.0.0.0/8 when it was asked about another address"
		if text := strings.Join(f.Explained, "\n"); !strings.Contains(text, doubt) {
			t.Errorf("explained as\n%s", text)
		}
		w.Resolver = &Client{Dial: fake.Dial}
		lookup("193.190.198.1", "NL", "whois", 2)
		lookup("193.190.198.1", "NL", "whois", 2)
		lookup("193.190.198.2", "NL", "whois", 2)
	})
}
