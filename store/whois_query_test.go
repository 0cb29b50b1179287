package store

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

func addresses(all []WhoisQuery) []string {
	var texts []string
	for _, q := range all {
		texts = append(texts, q.Addr.String())
	}
	return texts
}

func TestNewsThatOnlyWhoisCanSettleComesFirst(t *testing.T) {
	s := empty(t)
	if err := s.SetFriends(t.Context(), Friends{Countries: []Country{"BE"}}); err != nil {
		t.Fatal(err)
	}
	banned(t, s, map[string]Country{
		"1.1.1.1": "BE", "1.1.1.2": "CN", "1.1.1.3": "", "1.1.1.4": "US",
		"200.1.1.1": "BE",
	})
	now := time.Now()
	news, err := s.News(t.Context(), now, time.Time{}, 10)
	if want := []string{"1.1.1.3", "200.1.1.1", "1.1.1.4", "1.1.1.2", "1.1.1.1"}; err != nil ||
		!slices.Equal(addresses(news), want) {
		t.Errorf("%v, %v, want %v", addresses(news), err, want)
	}
	// News for one server does not hold up that of another.
	news, err = s.News(t.Context(), now, time.Time{}, 1)
	if want := []string{"1.1.1.3", "200.1.1.1"}; err != nil || !slices.Equal(addresses(news), want) {
		t.Errorf("%v, %v, want %v", addresses(news), err, want)
	}
	// An address without an answer waits.
	q := question(t, s, "1.1.1.3")
	q.Asks++
	if err := s.PutOff(t.Context(), q, now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if news, err = s.News(t.Context(), now.Add(30*time.Second), time.Time{}, 10); err != nil || len(news) != 4 {
		t.Errorf("%v, %v", addresses(news), err)
	}
	if news, err = s.News(t.Context(), now.Add(time.Hour), time.Time{}, 10); err != nil || len(news) != 5 ||
		news[0].Asks != 1 {
		t.Errorf("%v, %v", news, err)
	}
}

func TestQueuesAreByServer(t *testing.T) {
	s := placed(t, map[string]Country{
		"1.1.1.1": "", "1.1.1.2": "", "14.1.1.1": "", "200.1.1.1": "", "2a00::1": "",
		"2a00:200::1": "",
	})
	queues, err := s.Queues(t.Context())
	if want := []string{"1.0.0.0/8", "14.0.0.0/8", "200.0.0.0/8", "2a00:200::/23", "2a00::/23"}; err != nil ||
		!slices.Equal(queues, want) {
		t.Errorf("%v, %v, want %v", queues, err, want)
	}
	for block, server := range map[string]string{
		"1.0.0.0/8": "whois.apnic.net", "14.0.0.0/8": "whois.apnic.net",
		"2a00::/12": "whois.ripe.net",
	} {
		if err := s.Assign(t.Context(), netip.MustParsePrefix(block), server); err != nil {
			t.Fatal(err)
		}
	}
	queues, err = s.Queues(t.Context())
	if want := []string{"200.0.0.0/8", "whois.apnic.net", "whois.ripe.net"}; err != nil || !slices.Equal(queues, want) {
		t.Errorf("%v, %v, want %v", queues, err, want)
	}
	queue, err := s.Queue(t.Context(), "whois.apnic.net", time.Now(), 2)
	if want := []string{"14.1.1.1", "1.1.1.2"}; err != nil || !slices.Equal(addresses(queue), want) {
		t.Errorf("%v, %v, want %v", addresses(queue), err, want)
	}
	for a, want := range map[string]string{
		"1.2.3.4": "whois.apnic.net", "2a0f:1::1": "whois.ripe.net",
		"2a10::1": "2a10::/23", "::ffff:8.8.8.8": "8.0.0.0/8",
	} {
		if got, err := s.Route(t.Context(), netip.MustParseAddr(a)); got != want || err != nil {
			t.Errorf("route of %s: %s, %v, want %s", a, got, err, want)
		}
	}
	// An address that is located later has its server at once.
	banned(t, s, map[string]Country{"1.9.9.9": ""})
	if queue, err = s.Queue(t.Context(), "whois.apnic.net", time.Now(), 1); err != nil ||
		!slices.Equal(addresses(queue), []string{"1.9.9.9"}) {
		t.Errorf("%v, %v", addresses(queue), err)
	}
}

func TestWhatIsNoPublicAddressIsNeverAsked(t *testing.T) {
	s := empty(t)
	b := Batch{Source: "web1", ReadAt: time.Now(), NewsSince: time.Now().Add(-time.Hour)}
	for _, a := range []string{"10.0.0.1", "1.1.1.0/24", "bad.example.org", "-T inetnum", "1.2.3.4\r\nHELP"} {
		b.Bans = append(b.Bans, Ban{Time: time.Now(), Address: a})
	}
	if _, err := s.AddBans(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	all, err := s.Unlocated(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		// Text that is not an address is not public, whatever the caller says.
		if err := s.Locate(t.Context(), []Located{{ID: a.ID, Public: a.Text != "10.0.0.1"}}); err != nil {
			t.Fatal(err)
		}
	}
	news, err := s.News(t.Context(), time.Now(), time.Time{}, 10)
	if err != nil || len(news) != 0 {
		t.Errorf("news %v, %v", news, err)
	}
	if queues, err := s.Queues(t.Context()); err != nil || len(queues) != 0 {
		t.Errorf("queues %v, %v", queues, err)
	}
}

func TestRegistriesAreRemembered(t *testing.T) {
	s := empty(t)
	now := time.Now().Truncate(time.Second)
	want := Registry{
		Server: "whois.example", Spaced: now.Add(1500 * time.Millisecond), Day: 20000, Asked: 7,
		SilentFrom: now, SilentTill: now.Add(time.Hour),
		Troubles: 2, Refusals: 3, Trouble: "no", RefusedSince: now.Add(-time.Hour),
	}
	for _, keep := range []bool{true, false} {
		err := s.ChangeRegistry(t.Context(), "whois.example", func(r *Registry) bool {
			if *r = want; !keep {
				r.Asked = 99
			}
			return keep
		})
		if err != nil {
			t.Fatal(err)
		}
		all, err := s.Registries(t.Context())
		if got := all["whois.example"]; err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
}

// TestPresumedFriends has a network in BE, a friendly country, around addresses whose own answers are still to come.
func TestPresumedFriends(t *testing.T) {
	tests := map[string]struct {
		table    Country
		answered bool
		network  Country
		changed  bool
		country  Country
		friendly bool
	}{
		"friendly by the network":       {table: "US", network: "BE", changed: true, country: "BE", friendly: true},
		"friendly by the table already": {table: "NL", network: "BE", country: "NL", friendly: true},
		"friendly by neither":           {table: "US", network: "FR", country: "US"},
		"it has its own answer":         {table: "US", answered: true, network: "BE", country: "DE"},
		"the network has no country":    {table: "US", country: "US"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := empty(t)
			if err := s.SetFriends(t.Context(), Friends{Countries: []Country{"BE", "NL"}}); err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			learn(t, s, now, map[string]Country{"1.0.0.0/13": tt.network, "1.1.1.1/32": "DE"})
			banned(t, s, map[string]Country{"1.1.1.1": tt.table})
			q := question(t, s, "1.1.1.1")
			own, err := s.Networks(t.Context(), time.Time{}, q.Addr)
			if err != nil {
				t.Fatal(err)
			}
			if tt.answered {
				if err := s.Adopt(t.Context(), []Adopted{{q, own[0]}}); err != nil {
					t.Fatal(err)
				}
			}
			wide, err := s.Networks(t.Context(), time.Time{}, netip.MustParseAddr("1.2.0.0"))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []bool{tt.changed, false} { // the second time nothing changes
				changed, err := s.Presume(t.Context(), []Adopted{{q, wide[0]}})
				if err != nil || changed != want {
					t.Errorf("changed %v, %v, want %v", changed, err, want)
				}
			}
			all, err := s.BansOf(t.Context(), "1.1.1.1", 1)
			if err != nil || len(all) != 1 || all[0].Country != tt.country || all[0].Friendly != tt.friendly ||
				all[0].Answered != tt.answered {
				t.Errorf("%+v, %v", all, err)
			}
			checkRecount(t, s, 0)
		})
	}
}

func TestAChangedAnswerServesOthersUnlessTheTableContradictsIt(t *testing.T) {
	s := placed(t, map[string]Country{"1.0.0.1": "NL", "1.1.0.1": "NL", "1.2.0.1": "US", "1.3.0.1": ""})
	first := question(t, s, "1.0.0.1")
	at := time.Now().Add(-time.Hour)
	n := Network{Prefix: netip.MustParsePrefix("1.0.0.0/13"), Country: "NL", Server: "whois.example", AnsweredAt: at}
	if err := s.Answer(t.Context(), first, []Network{n}); err != nil {
		t.Fatal(err)
	}
	saved, err := s.Networks(t.Context(), time.Time{}, first.Addr)
	if err != nil {
		t.Fatal(err)
	}
	var others []Adopted
	for _, a := range []string{"1.1.0.1", "1.2.0.1", "1.3.0.1"} {
		others = append(others, Adopted{question(t, s, a), saved[0]})
	}
	if err := s.Adopt(t.Context(), others); err != nil {
		t.Fatal(err)
	}
	n.Country, n.AnsweredAt = "US", time.Now()
	if err := s.Answer(t.Context(), first, []Network{n}); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		whois    Country
		answered bool
	}{
		"1.0.0.1": {"US", true}, // it is the one that was asked for
		"1.1.0.1": {"NL", false},
		"1.2.0.1": {"US", true},
		"1.3.0.1": {"US", true},
	}
	for a, want := range tests {
		if k, err := s.Known(t.Context(), a); err != nil || k.Whois != want.whois || k.Answered != want.answered {
			t.Errorf("%s: %+v, %v, want %+v", a, k, err, want)
		}
	}
	if q := question(t, s, "1.1.0.1"); q.Server != first.Server {
		t.Errorf("asks %s, want %s", q.Server, first.Server)
	}
}
