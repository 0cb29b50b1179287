package enrich

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/enrich/whoistest"
	"friendlyfire/store"
)

func TestWhoisAsksIANAOnceAndTheRegistryOncePerNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, fake := open(t), belgium()
		w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}}
		ban(t, s, false, "46.1.1.1", "46.1.1.2", "46.1.2.1", "2a00:1::1", "2a01:5::1", "10.0.0.1", "192.0.2.0/24",
			"bad.example.org")
		settleAll(t.Context(), t, w)
		questions := map[string]int{}
		for _, q := range fake.Questions() {
			questions[q.Host]++
			if q.Host == "whois.ripe.net" && !strings.HasPrefix(q.Text, "-r -T inetnum,inet6num ") {
				t.Errorf("asked %q, want no personal data", q.Text)
			}
		}
		if questions[iana] != 2 || questions["whois.ripe.net"] != 4 || len(questions) != 2 {
			t.Errorf("questions %v, want 2 of IANA (a /8 and a /12) and 4 of RIPE (a network each)", questions)
		}
		if k := known(t, s, "46.1.1.2"); k.Whois != "BE" || k.Network.Prefix.String() != "46.1.1.0/24" ||
			k.Network.Server != "whois.ripe.net" {
			t.Errorf("known %+v", k)
		}
	})
}

func TestWhoisWakesTheBansThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, fake := open(t), belgium()
		ban(t, s, true, "46.1.1.1")
		undecided, err := s.Undecided(t.Context(), 0, 10)
		if err != nil || len(undecided) != 1 {
			t.Fatal(undecided, err)
		}
		if err := s.SetFriends(t.Context(), store.Friends{Countries: []store.Country{"BE"}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Record(t.Context(), store.Verdict{Waiting: []int64{undecided[0].ID}}); err != nil {
			t.Fatal(err)
		}
		poked := 0
		w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}, NewsOnly: true, Next: func() { poked++ }}
		if err := w.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		undecided, err = s.Undecided(t.Context(), 0, 10)
		if err != nil || len(undecided) != 1 || !undecided[0].Friendly || !undecided[0].Answered || poked == 0 {
			t.Errorf("undecided %+v, %v, poked %d: want the ban again, as a friend's", undecided, err, poked)
		}
	})
}

func TestNewsOnlyLeavesTheBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, fake := open(t), belgium()
		ban(t, s, false, "46.1.1.1", "47.1.1.1")
		ban(t, s, true, "48.1.1.1")
		w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}, NewsOnly: true}
		if err := w.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Backlog(t.Context()); n != 2 || err != nil {
			t.Errorf("backlog %d, %v, want the two old ones", n, err)
		}
	})
}

func TestNewsGoesBeforeTheBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, fake := open(t), belgium()
		var old []string
		for i := range 100 {
			old = append(old, fmt.Sprintf("46.1.%d.1", i))
		}
		ban(t, s, false, old...)
		w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}}
		for range 5 {
			if err := w.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		began := time.Now()
		ban(t, s, true, "46.200.1.1", "46.201.1.1", "46.202.1.1")
		for {
			if err := w.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n, err := s.News(t.Context(), time.Now(), began.Add(-day), 10); err != nil || len(n) == 0 {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("news answered after %v, behind the backlog", took)
		}
	})
}

// halfSilent is a world where all is Belgian, and the registry of addresses below 100.0.0.0 hangs.
func halfSilent() *whoistest.Server {
	fake := world(func(a netip.Addr) string {
		if a.As4()[0] < 100 {
			return "whois.apnic.net"
		}
		return "whois.ripe.net"
	}, func(a netip.Addr) (string, string) {
		p, _ := a.Prefix(24)
		return p.String(), "BE"
	})
	fake.Handle("whois.apnic.net", whoistest.Hang)
	return fake
}

func TestR23ASlowRegistryHoldsUpNobodyElsesNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		fake := halfSilent()
		ban(t, s, true, "1.1.1.1", "14.1.1.1")
		w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}}
		done := make(chan error)
		began := time.Now()
		go func() { done <- w.Step(t.Context()) }()
		time.Sleep(2 * time.Second)
		ban(t, s, true, "146.1.1.1")
		time.Sleep(2 * time.Second)
		if k := known(t, s, "146.1.1.1"); k.Whois != "BE" {
			t.Errorf("known %+v 2 s after its ban, while another registry hangs", k)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		took := time.Since(began)
		if took > 11*time.Second {
			t.Errorf("step took %v", took)
		}
		t.Attr("reached", fmt.Sprintf(
			"one registry hangs: its step ends after %v, another's answer is known within 2 s",
			took.Round(time.Millisecond)))
		// The failure is reported and recorded, and the server is tried again.
		k := known(t, s, "1.1.1.1")
		if k.Answered || k.Asks != 1 || !k.AskAfter.After(time.Now()) {
			t.Errorf("known %+v, want unknown and to be asked later", k)
		}
		standing, err := w.Standing(t.Context())
		if err != nil || len(standing.Silent) != 1 || standing.Silent[0].Server != "whois.apnic.net" {
			t.Errorf("standing %+v, %v", standing, err)
		}
		fake.Handle("whois.apnic.net", whoistest.Text(func(whoistest.Question) string {
			return whoistest.RIPE("1.1.1.0 - 1.1.1.255", "AU", "EXAMPLE")
		}))
		time.Sleep(5 * time.Minute)
		if err := w.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if k := known(t, s, "1.1.1.1"); k.Whois != "AU" {
			t.Errorf("known %+v after the registry healed", k)
		}
	})
}

func TestR23NewsDoesNotWaitForASlowRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		fake := halfSilent()
		ban(t, s, true, "1.1.1.1")
		news := make(chan struct{}, 1)
		w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}, News: news}
		done := make(chan error)
		go func() { done <- w.Step(t.Context()) }()
		time.Sleep(2*time.Second + newsInterval/2)
		ban(t, s, true, "146.1.1.1")
		news <- struct{}{}
		time.Sleep(newsInterval / 10)
		if k := known(t, s, "146.1.1.1"); k.Whois != "BE" {
			t.Errorf("known %+v just after its ban, while another registry hangs", k)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestR23ARefusalStopsTheRegistryForLongerEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, fake := open(t), belgium()
		fake.Handle("whois.ripe.net", whoistest.Text(func(whoistest.Question) string { return whoistest.Refusal }))
		var all []string
		for i := range 50 {
			all = append(all, fmt.Sprintf("46.%d.1.1", i))
		}
		ban(t, s, true, all...)
		began := time.Now()
		for time.Since(began) < 3*day {
			// A new process each time: the backoff survives it.
			w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}}
			if err := w.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
		}
		n := 0
		for _, q := range fake.Questions() {
			if q.Host == "whois.ripe.net" {
				n++
			}
		}
		if n < 5 || n > 12 {
			t.Errorf("asked %d times in 3 days of refusals, want a few", n)
		}
		t.Attr("reached", fmt.Sprintf("asked %d times in 3 days of refusals", n))
		w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}}
		if s, err := w.Standing(t.Context()); err != nil || len(s.Silent) != 1 || s.Silent[0].Server != "whois.ripe.net" {
			t.Errorf("left alone: %+v, %v", s.Silent, err)
		}
		fake.Handle("whois.ripe.net", belgiumRIPE)
		time.Sleep(2 * day)
		w.NewsOnly = true
		for range 200 {
			if err := w.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if n, err := s.Backlog(t.Context()); n != 0 || err != nil {
			t.Errorf("%d addresses without an answer after healing, %v", n, err)
		}
	})
}

var belgiumRIPE = whoistest.Text(func(q whoistest.Question) string {
	p, _ := netip.MustParseAddr(q.Address()).Prefix(24)
	return whoistest.RIPE(p.String(), "BE", "EXAMPLE")
})

func TestR23RegistryLimitsAreNeverPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		fake := world(func(a netip.Addr) string {
			if a.As4()[0]%2 == 0 {
				return "whois.lacnic.net"
			}
			return "whois.afrinic.net"
		}, func(a netip.Addr) (string, string) {
			p, _ := a.Prefix(32)
			return p.String(), "CO"
		})
		fake.Limit("whois.lacnic.net", 8, time.Minute)
		fake.Limit("whois.afrinic.net", 5000, day)
		var old, news []string
		for i := range 3_000 {
			a := fmt.Sprintf("%d.%d.%d.1", 40+i%20, i/200, i%200)
			if i%10 == 0 {
				news = append(news, a)
			} else {
				old = append(old, a)
			}
		}
		ban(t, s, false, old...)
		ban(t, s, true, news...)
		began := time.Now()
		for time.Since(began) < 30*time.Minute {
			w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}} // a restart each time
			if err := w.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(11 * time.Second)
		}
		if n := fake.Refused(); n != 0 {
			t.Errorf("%d questions beyond the limits", n)
		}
		for _, host := range []string{iana, "whois.lacnic.net", "whois.afrinic.net"} {
			if n := fake.Most(host); n > 2 {
				t.Errorf("%d questions at once before %s", n, host)
			}
		}
		n := len(fake.Questions())
		if n < 250 {
			t.Errorf("only %d questions in half an hour", n)
		}
		t.Attr("reached", fmt.Sprintf("%d questions in half an hour of restarts, %d beyond the limits", n,
			fake.Refused()))
	})
}

func TestTransferredNetworksAreFollowed(t *testing.T) {
	tests := map[string]struct {
		replies map[string]string
		want    store.Country
		asked   []string
	}{
		"ARIN names RIPE": {
			replies: map[string]string{
				arin:             whoistest.Transferred("138.198.0.0 - 138.201.255.255", "whois.ripe.net"),
				"whois.ripe.net": whoistest.RIPE("138.201.14.192 - 138.201.14.255", "DE", "EXAMPLE"),
			},
			want: "DE", asked: []string{iana, arin, "whois.ripe.net"},
		},
		"RIPE does not manage it, ARIN knows who does": {
			replies: map[string]string{
				iana: whoistest.IANA("138.0.0.0 - 138.255.255.255", "whois.ripe.net"),
				"whois.ripe.net": whoistest.RIPE("138.200.0.0 - 138.215.255.255", "EU # world wide",
					"NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK"),
				arin:               whoistest.Transferred("138.198.0.0 - 138.201.255.255", "whois.lacnic.net"),
				"whois.lacnic.net": whoistest.LACNIC("138.201/16", "BR", "EXAMPLE"),
			},
			want: "BR", asked: []string{iana, "whois.ripe.net", arin, "whois.lacnic.net"},
		},
		"a circle": {
			replies: map[string]string{
				arin:             whoistest.Transferred("138.198.0.0 - 138.201.255.255", "whois.ripe.net"),
				"whois.ripe.net": whoistest.Transferred("138.198.0.0 - 138.201.255.255", arin),
			},
			want: "", asked: []string{iana, arin, "whois.ripe.net"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, fake := open(t), &whoistest.Server{}
				fake.Handle(iana, whoistest.Text(func(whoistest.Question) string {
					return whoistest.IANA("138.0.0.0 - 138.255.255.255", arin)
				}))
				for host, text := range tt.replies {
					fake.Handle(host, whoistest.Text(func(whoistest.Question) string { return text }))
				}
				ban(t, s, true, "138.201.14.212")
				w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}}
				if err := w.Step(t.Context()); err != nil {
					t.Fatal(err)
				}
				k := known(t, s, "138.201.14.212")
				if k.Whois != tt.want || k.Answered != (tt.want != "") {
					t.Errorf("known %+v, want %q", k, tt.want)
				}
				var asked []string
				for _, q := range fake.Questions() {
					asked = append(asked, q.Host)
				}
				if strings.Join(asked, " ") != strings.Join(tt.asked, " ") {
					t.Errorf("asked %v, want %v", asked, tt.asked)
				}
				if n, err := s.Networks(t.Context(), time.Time{}, netip.MustParseAddr("138.199.0.1")); err != nil ||
					n[0].ID != 0 {
					t.Errorf("the placeholder's range is kept: %+v, %v", n, err)
				}
			})
		})
	}
}

func TestAnswersAreRenewedWhenUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, fake := open(t), belgium()
		w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}}
		ban(t, s, false, "46.1.1.1")
		settleAll(t.Context(), t, w)
		ban(t, s, false, "46.1.1.2") // served from the cache
		settleAll(t.Context(), t, w)
		asked := len(fake.Questions())
		if asked != 2 {
			t.Errorf("%d questions for one network, want IANA and RIPE", asked)
		}
		time.Sleep(31 * day)
		fake.Handle("whois.ripe.net", whoistest.Text(func(whoistest.Question) string {
			return whoistest.RIPE("46.1.1.0 - 46.1.1.255", "NL", "SOLD")
		}))
		ban(t, s, true, "46.1.1.1")
		if err := w.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, a := range []string{"46.1.1.1", "46.1.1.2"} {
			if k := known(t, s, a); k.Whois != "NL" {
				t.Errorf("%s is in %s after the network changed hands", a, k.Whois)
			}
		}
		if n := len(fake.Questions()); n != asked+1 {
			t.Errorf("%d questions for the renewal, want 1", n-asked)
		}
	})
}

func TestMirrorIsAskedInPlaceOfAll(t *testing.T) {
	s, fake := open(t), &whoistest.Server{}
	fake.Handle("", belgiumRIPE)
	ban(t, s, false, "46.1.1.1", "200.1.1.1")
	w := &Whois{Store: s, Resolver: &Client{}, Mirror: fake.Listen(t)}
	settleAll(t.Context(), t, w)
	for _, q := range fake.Questions() {
		if _, err := netip.ParseAddr(q.Text); err != nil {
			t.Errorf("mirror was asked %q, want an address", q.Text)
		}
	}
	if n := len(fake.Questions()); n != 2 {
		t.Errorf("%d questions, want 2", n)
	}
}

func TestLookupExplainsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, fake := open(t), belgium()
		table := builtInTable(t)
		w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}}
		for range 2 {
			f, err := w.Lookup(t.Context(), table, "::ffff:46.1.1.1", false)
			if err != nil || f.Country != "BE" || f.Source != "whois" || f.Network != "46.1.1.0/24" ||
				f.Name != "EXAMPLE-NET" || f.Bans != 0 {
				t.Fatalf("%+v, %v", f, err)
			}
			if text := strings.Join(f.Explained, "\n"); !strings.Contains(text,
				"whois.ripe.net said BE of 46.1.1.0/24") {
				t.Errorf("explained as\n%s", text)
			}
		}
		if n := len(fake.Questions()); n != 2 {
			t.Errorf("%d questions for two look-ups, want IANA and RIPE once", n)
		}
		fake.Handle("whois.ripe.net", whoistest.Text(func(whoistest.Question) string {
			return whoistest.RIPE("46.0.0.0 - 46.1.255.255", "NL", "BIGGER")
		}))
		if f, err := w.Lookup(t.Context(), table, "46.1.1.1", true); err != nil || f.Country != "NL" ||
			f.Network != "46.0.0.0/15" {
			t.Errorf("refreshed: %+v, %v", f, err)
		}
		f, err := w.Lookup(t.Context(), table, "192.168.1.1", true)
		if err != nil || f.Country != "" || f.Source != "" || len(f.Explained) != 1 {
			t.Errorf("private: %+v, %v", f, err)
		}
		off := &Whois{Store: s}
		if f, err := off.Lookup(t.Context(), table, "1.1.1.1", false); err != nil || f.Country == "" ||
			f.Source != "table" {
			t.Errorf("without whois: %+v, %v", f, err)
		}
	})
}

func TestLookupToleratesARegistryThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, fake := open(t), belgium()
		fake.Handle("whois.ripe.net", func(c net.Conn, _ whoistest.Question) {})
		w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}}
		f, err := w.Lookup(t.Context(), builtInTable(t), "46.1.1.1", false)
		if err != nil || f.Whois != "" || !strings.Contains(strings.Join(f.Explained, "\n"),
			"whois.ripe.net: no answer") {
			t.Errorf("%+v, %v", f, err)
		}
	})
}

func builtInTable(t testing.TB) *Table {
	t.Helper()
	table, err := OpenTable("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	})
	return table
}
