package store

import (
	"testing"
	"time"
)

// An alert that the other bot was about to tell is told, though this one would not: it judges otherwise, or lacks the
// ban.
func TestWhatTheOtherBotWasAboutToTellIsNotLost(t *testing.T) {
	a, b := openBans(t), openBans(t)
	chat, now := Chat{"paper", "1"}, time.Now()
	n := Notice{Key: "ban/x-1", Chat: chat, Ban: 7, Body: `{"text":[{"text":"one"}],"ban":{"id":7,"ref":"x-1"}}`, CreatedAt: now}
	if _, err := a.Post(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	due, err := a.Due(t.Context(), chat, now, "", 10)
	if err != nil || len(due) != 1 {
		t.Fatal(due, err)
	}
	if _, err := a.Claim(t.Context(), "nonce", now, due[0].ID); err != nil {
		t.Fatal(err)
	}
	said, err := a.Owe(t.Context(), "attempt", due[0].ID)
	if err != nil || len(said.Fates) != 1 || said.Fates[0].State != FateBegun {
		t.Fatal(said, err)
	}
	if err := b.Hear(t.Context(), "fleet/heard", "1", Relayed{Said: &said}); err != nil {
		t.Fatal(err)
	}
	dueAt := func(want ...string) {
		t.Helper()
		due, err := b.Due(t.Context(), chat, time.Now(), "", 10)
		if err != nil || len(due) != len(want) {
			t.Fatalf("due %v, %v, want %q", due, err, want)
		}
		for i, n := range due {
			if n.Body != want[i] || !n.MaybeSent || n.Nonce != "nonce" {
				t.Errorf("due %+v, want %s, which may have been sent", n, want[i])
			}
		}
	}
	dueAt()
	if n, err := b.TakeUp(t.Context(), now.Add(-time.Minute)); n != 0 || err != nil {
		t.Errorf("taken up %d before its time, %v", n, err)
	}
	if n, err := b.TakeUp(t.Context(), now.Add(time.Minute)); n != 1 || err != nil {
		t.Errorf("taken up %d, %v", n, err)
	}
	dueAt(`{"text":[{"text":"one"}],"ban":{"ref":"x-1"}}`) // rows are those of the other database
	if posted, err := b.Post(t.Context(), n); posted != 0 || err != nil {
		t.Errorf("posted beside what was taken up: %d, %v", posted, err)
	}
}

func TestWhatIsHeardOfANoticeIsKept(t *testing.T) {
	chat, now := Chat{"paper", "1"}, time.Now()
	type state struct {
		due, maybe bool
		dead, sent int
	}
	for name, test := range map[string]struct {
		own   bool // said by an earlier run of this bot
		local Outcome
		tried bool // this bot has tried, with that outcome
		fate  Fate
		want  state
	}{
		"begun":              {fate: Fate{State: FateBegun}, want: state{due: true, maybe: true}},
		"not sent":           {fate: Fate{State: FateOpen}, want: state{due: true}},
		"unclear":            {fate: Fate{State: FateOpen, Maybe: true}, want: state{due: true, maybe: true}},
		"told":               {fate: Fate{State: FateTold, At: now.Unix()}, want: state{sent: 1}},
		"given up":           {fate: Fate{State: FateGivenUp, At: now.Unix()}, want: state{dead: 1}},
		"told here, begun":   {tried: true, local: Sent, fate: Fate{State: FateBegun}, want: state{sent: 1}},
		"told here, dead":    {tried: true, local: Sent, fate: Fate{State: FateGivenUp, At: now.Unix()}, want: state{sent: 1}},
		"unclear here, told": {tried: true, local: Unclear, fate: Fate{State: FateTold, At: now.Unix()}, want: state{sent: 1}},
		"dead here, told":    {tried: true, local: Refused, fate: Fate{State: FateTold, At: now.Unix()}, want: state{sent: 1}},
		"own, told since":    {own: true, tried: true, local: Sent, fate: Fate{State: FateBegun}, want: state{sent: 1}},
		"own, of a copy":     {own: true, fate: Fate{State: FateTold, At: now.Unix()}, want: state{sent: 1}},
	} {
		for _, first := range []string{"made before", "made after"} {
			if test.tried && first == "made after" {
				continue
			}
			t.Run(name+", "+first, func(t *testing.T) {
				s := openBans(t)
				post := func() {
					n := Notice{Key: "ban/x-1", Chat: chat, Ban: 7, Body: `{"text":[]}`, CreatedAt: now}
					if _, err := s.Post(t.Context(), n); err != nil {
						t.Fatal(err)
					}
				}
				if first == "made before" {
					post()
				}
				if test.tried {
					if err := s.RecordOutcome(t.Context(), test.local, now, "", 1); err != nil {
						t.Fatal(err)
					}
				}
				test.fate.Key = "ban/x-1"
				said := Said{Attempt: "a", Platform: chat.Platform, Chat: chat.ID, Fates: []Fate{test.fate}}
				for range 2 { // it may be heard twice
					if err := s.Hear(t.Context(), "fleet/heard", "1", Relayed{Said: &said, Own: test.own}); err != nil {
						t.Fatal(err)
					}
				}
				if first == "made after" {
					post()
				}
				due, err := s.Due(t.Context(), chat, now, "", 10)
				if err != nil {
					t.Fatal(err)
				}
				sent, dead, err := s.Outcomes(t.Context(), chat, now.Add(-time.Hour))
				if err != nil {
					t.Fatal(err)
				}
				got := state{due: len(due) > 0, maybe: len(due) > 0 && due[0].MaybeSent, sent: sent, dead: dead}
				if got != test.want {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
			})
		}
	}
}
