package store

import (
	"maps"
	"testing"
	"time"
)

func TestSharesCountFriendsByJail(t *testing.T) {
	s := openBans(t)
	in := func(n int, jail string) Ban {
		b := ban(n, true)
		b.Jail = jail
		return b
	}
	again := in(1, "sshd")
	again.Time = again.Time.Add(time.Minute)
	take(t, s, 0, in(1, "sshd"), again, in(2, "sshd"), in(3, "sshd"), in(1, "web"), in(5, "late"))
	fresh, err := s.Unlocated(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range fresh {
		country := Country("CN")
		if a.Text != "203.0.113.3" {
			country = "BE"
		}
		if err := s.Locate(t.Context(), []Located{{ID: a.ID, Public: true, Country: country}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetFriends(t.Context(), Friends{Countries: []Country{"BE"}}); err != nil {
		t.Fatal(err)
	}
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	tests := map[string]struct {
		window Window
		want   map[string]Share
	}{
		"all but the last": {Window{To: at(5)}, map[string]Share{
			"sshd": {Jail: "sshd", Bans: 3, Friendly: 2, Friends: 2, Since: at(1).Local()},
			"web":  {Jail: "web", Bans: 1, Friendly: 1, Friends: 1, Since: at(1).Local()},
		}},
		"one address twice": {Window{From: at(2), To: at(100)}, map[string]Share{
			"sshd": {Jail: "sshd", Bans: 3, Friendly: 2, Friends: 2, Since: at(2).Local()},
			"late": {Jail: "late", Bans: 1, Friendly: 1, Friends: 1, Since: at(5).Local()},
		}},
		"everything": {Window{}, map[string]Share{
			"sshd": {Jail: "sshd", Bans: 4, Friendly: 3, Friends: 2, Since: noon.Local()},
			"web":  {Jail: "web", Bans: 1, Friendly: 1, Friends: 1, Since: noon.Local()},
			"late": {Jail: "late", Bans: 1, Friendly: 1, Friends: 1, Since: noon.Local()},
		}},
		"nothing": {Window{From: at(1000)}, map[string]Share{}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := s.Shares(t.Context(), tc.window); err != nil || !maps.Equal(got, tc.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}
