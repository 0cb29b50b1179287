package store

import (
	"testing"
	"time"
)

// A name is that of the line that was read, and no row's: two bots number their rows differently.
func TestABanHasTheSameNameInEveryDatabase(t *testing.T) {
	one, other := openBans(t), openBans(t)
	at := time.Unix(1795348000, 0)
	b := Ban{Source: "web1", Time: at, HasEpoch: true, Address: "203.0.113.7", Jail: "sshd"}
	c := Ban{Source: "web2", Time: at, HasEpoch: true, Address: "203.0.113.7", Jail: "sshd"}
	for s, order := range map[*Store][]Ban{one: {b, c}, other: {c, b}} {
		for _, ban := range order {
			if _, err := s.AddBans(t.Context(), Batch{Source: ban.Source, Bans: []Ban{ban}, ReadAt: at}); err != nil {
				t.Fatal(err)
			}
		}
		for _, ban := range order {
			got, ok, err := s.BanByRef(t.Context(), ban.Ref())
			if err != nil || !ok || got.Source != ban.Source {
				t.Errorf("%s names %v, %v, %v; want the ban of %s", ban.Ref(), got.Ban, ok, err, ban.Source)
			}
		}
		for _, wrong := range []string{"", "17", "-", b.Ref() + "x", "zzzzzzzzzzzzzzzzzzzzz-0", b.Ref()[:8]} {
			if _, ok, err := s.BanByRef(t.Context(), wrong); ok || err != nil {
				t.Errorf("%q names a ban, or fails: %v", wrong, err)
			}
		}
	}
}

func TestWhatOneBotHasToldIsNotToldAgainAfterAnUpgrade(t *testing.T) {
	s, err := Open(t.Context(), ofSchema(t, 12))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	chat := Chat{"telegram", "-1001"}
	ban, ok, err := s.Ban(t.Context(), 4)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	n := Notice{Key: "ban/" + ban.Ref(), Ban: ban.ID, Chat: chat, Body: "{}", CreatedAt: time.Now()}
	if posted, err := s.Post(t.Context(), n); err != nil || posted != 0 {
		t.Errorf("the alert is posted again: %d, %v", posted, err)
	}
	alerts, err := s.AlertsBetween(t.Context(), Position{}, Position{Notice: 100})
	if err != nil || len(alerts) == 0 {
		t.Errorf("alerts of the past are counted no more: %v, %v", alerts, err)
	}
}
