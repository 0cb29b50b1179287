package store

import (
	"slices"
	"testing"
	"time"
)

func TestServersOfAStreamAreHeard(t *testing.T) {
	s := openBans(t)
	add := func(at time.Time, heard map[string]Heard) {
		t.Helper()
		if _, err := s.AddBans(t.Context(), Batch{Source: "fleet", ReadAt: at, Lines: len(heard), Heard: heard}); err != nil {
			t.Fatal(err)
		}
	}
	add(noon, map[string]Heard{
		"web1": {Line: noon.Add(-time.Hour), Ban: noon.Add(-time.Hour), Alive: true},
		"web2": {Line: noon.Add(time.Hour), Alive: true}, // its clock is ahead
		"web3": {Line: noon},                             // its agent does not say that it runs
	})
	add(noon.Add(time.Minute), map[string]Heard{"web1": {Line: noon.Add(-2 * time.Hour), Alive: true}})
	servers, err := s.Servers(t.Context(), noon)
	if want := []Server{{"web1", "fleet", noon.Add(time.Minute)}, {"web2", "fleet", noon}}; err != nil ||
		!sameServers(servers, want) {
		t.Errorf("got %v (%v), want %v", servers, err, want)
	}
	if servers, err := s.Servers(t.Context(), noon.Add(time.Second)); err != nil || len(servers) != 1 {
		t.Errorf("got %v (%v), want web1 alone", servers, err)
	}
	all, err := s.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		want, ok := map[string]time.Time{"web1": noon.Add(-time.Hour), "web2": noon, "web3": noon}[one.Name]
		if ok && !one.LastLineAt.Equal(want) {
			t.Errorf("the last line of %s was read at %v, want %v", one.Name, one.LastLineAt, want)
		}
		if one.Name == "web1" && !one.LastBanAt.Equal(noon.Add(-time.Hour)) {
			t.Errorf("its latest ban is of %v, want that of an hour before", one.LastBanAt)
		}
	}
}

func sameServers(a, b []Server) bool {
	return slices.EqualFunc(a, b, func(a, b Server) bool {
		return a.Name == b.Name && a.Stream == b.Stream && a.Heard.Equal(b.Heard)
	})
}

// Lines that a stream or a relay has lost may have said that bans are over: those of its servers, and of no others.
func TestBansBeforeAGapOfManyServersAreUnknown(t *testing.T) {
	for name, heard := range map[string]bool{"a stream": true, "a relay": false} {
		t.Run(name, func(t *testing.T) {
			s := openBans(t)
			add := func(source string, b Batch) {
				t.Helper()
				b.Source, b.Open, b.ReadAt, b.NewsSince = source, true, noon, noon
				if _, err := s.AddBans(t.Context(), b); err != nil {
					t.Fatal(err)
				}
			}
			for server, source := range map[string]string{"web1": "fleet", "web2": "other"} { // both say when bans end
				for n := 1; n <= 2; n++ {
					one := ban(n, false)
					one.Source, one.Jail = server, "sshd"
					b := Batch{Bans: []Ban{one}}
					if n == 1 {
						b.Ends = []End{{
							Kind: Lifted, After: 1, Source: server, Jail: "sshd", Address: one.Address, At: one.Time.Add(time.Minute),
						}}
					}
					if heard {
						b.Heard = map[string]Heard{server: {Line: noon}}
					}
					add(source, b)
				}
			}
			if got := heldAt(t, s, noon.Add(time.Hour)); len(got) != 2 {
				t.Fatalf("in force are %v, want one ban of each", got)
			}
			add("fleet", Batch{Gaps: []string{"lost"}})
			if got := heldAt(t, s, noon.Add(time.Hour)); len(got) != 1 {
				t.Errorf("in force are %v, want that of web2 alone", got)
			}
		})
	}
}
