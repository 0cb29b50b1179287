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

func TestNewsOfPossibleFriendsComesFirst(t *testing.T) {
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
	if want := []string{"200.1.1.1", "1.1.1.3", "1.1.1.1", "1.1.1.4", "1.1.1.2"}; err != nil ||
		!slices.Equal(addresses(news), want) {
		t.Errorf("%v, %v, want %v", addresses(news), err, want)
	}
	// News for one server does not hold up that of another.
	news, err = s.News(t.Context(), now, time.Time{}, 1)
	if want := []string{"200.1.1.1", "1.1.1.3"}; err != nil || !slices.Equal(addresses(news), want) {
		t.Errorf("%v, %v, want %v", addresses(news), err, want)
	}
	// An address without an answer waits.
	q := question(t, s, "1.1.1.3")
	q.Asks++
	if err := s.PutOff(t.Context(), q, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if news, err = s.News(t.Context(), now.Add(30*time.Second), time.Time{}, 10); err != nil || len(news) != 4 {
		t.Errorf("%v, %v", addresses(news), err)
	}
	if news, err = s.News(t.Context(), now.Add(time.Hour), time.Time{}, 10); err != nil || len(news) != 5 ||
		news[1].Asks != 1 {
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
		SilentTill: now.Add(time.Hour),
		Troubles:   2, Refusals: 3, Trouble: "no", RefusedSince: now.Add(-time.Hour),
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
