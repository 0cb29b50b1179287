package bot

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/charts"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// Every picture that shows bans of friends as dots shows what they look like; nobody is called a person unseen.
func TestDotsLookLikeTheirVerdicts(t *testing.T) {
	const p, u, a = charts.Person, charts.Unclear, charts.Attacker
	dictionary := trying("invalid user oracle", "invalid user postgres", "invalid user ftpuser", "root", "invalid user test")
	for name, tc := range map[string]struct {
		bans []func(*store.Ban)
		want []charts.Look
	}{
		"judged":     {[]func(*store.Ban){trying("jdupont", "jdupont", "jdupont"), dictionary, trying("root")}, []charts.Look{p, u, a}},
		"partly":     {[]func(*store.Ban){trying("jdupont", "jdupont", "jdupont"), by("sshd")}, []charts.Look{p, u}},
		"not at all": {[]func(*store.Ban){by("sshd"), by("sshd")}, []charts.Look{charts.Unjudged, charts.Unjudged}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				for i, change := range tc.bans {
					d.ban(fmt.Sprint("198.51.100.", i), "BE", change, ago(time.Duration(i)*time.Second))
				}
				d.ban("203.0.113.7", "CN")
				for _, kind := range []string{"friends", "jail", "day", "hour"} {
					for _, since := range []string{"24h", "7d", "30d"} {
						rep, err := d.commands.Reporter.Report(t.Context(), kind, since, time.Now())
						if err != nil {
							t.Fatal(err)
						}
						got := looksIn(d.commands.Reporter.Picture(rep))
						if !slices.Equal(got, tc.want) {
							t.Errorf("%s %s: looks %v, want %v", kind, since, got, tc.want)
						}
					}
				}
				time.Sleep(7 * 24 * time.Hour)
				rep, err := d.commands.Reporter.Report(t.Context(), "week", "24h", time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if got := looksIn(d.commands.Reporter.Picture(rep)); !slices.Equal(got, tc.want) {
					t.Errorf("week: looks %v, want %v", got, tc.want)
				}
			})
		})
	}
}

// looksIn are the looks of a picture's dots, sorted.
func looksIn(picture Picture) (looks []charts.Look) {
	dots := func(all []charts.Dot) {
		for _, d := range all {
			looks = append(looks, d.Look)
		}
	}
	switch c := picture.(type) {
	case charts.DotChart:
		dots(c.Dots)
	case charts.TimeChart:
		dots(c.Dots)
	case charts.Card:
		for _, row := range c.Panels[1].Rows {
			looks = append(looks, slices.Repeat([]charts.Look{row.Look}, int(row.Value))...)
		}
	case charts.HourStrip:
		for _, cell := range c.Cells {
			looks = append(looks, cell.Dots...)
		}
	case charts.HeatMap:
		for _, row := range c.Rows {
			for _, cell := range &row.Cells {
				looks = append(looks, cell.Dots...)
			}
		}
	}
	slices.Sort(looks)
	return looks
}

// One address that is banned all day long costs no more than many do.
func TestLinesOfABanAreReadOnceForAllDots(t *testing.T) {
	reads := 0
	read := readOnce(func(matches string) evidence.Evidence {
		reads++
		return evidence.Read(matches)
	})
	bans := make([]store.EnrichedBan, bansOfFriends)
	for i := range bans {
		bans[i].Ban = store.Ban{
			Address: "198.51.100.7", Jail: "sshd", Time: time.Unix(int64(1e9-60*i), 0), Matches: failed(fmt.Sprint("user", i)),
		}
	}
	for _, b := range bans {
		near := neighbours(b.Ban, bans)
		if len(near) > bansJudged {
			t.Fatalf("%d bans beside one", len(near))
		}
		judged(b.Ban, near, background{read: read})
	}
	if reads != len(bans) {
		t.Errorf("lines of %d bans were read %d times", len(bans), reads)
	}
}

// All that a report judges of friends, with logins and the fleet's names.
func BenchmarkLooks(b *testing.B) {
	now := time.Now().Truncate(time.Second)
	s, words := history(b, now)
	var bans []store.Ban
	var logins []store.Login
	for i := range bansOfFriends {
		at := now.Add(-time.Duration(i) * 25 * time.Minute)
		address := fmt.Sprint("203.0.113.", i%250)
		bans = append(bans, store.Ban{
			Time: at, HasEpoch: true, Address: address, Jail: []string{"sshd", "postfix-sasl"}[i%2], Failures: 5, BanTime: 3600,
			Matches: failed(fmt.Sprint("user", i), "root", "root", "admin", "root"),
		})
		logins = append(logins, store.Login{
			Time: at.Add(-30 * time.Hour), Address: netip.MustParseAddr(address), Service: "sshd", Name: fmt.Sprint("user", i),
		})
	}
	add(b, s, now, bans...)
	if _, err := s.AddLogins(b.Context(), store.LoginBatch{Source: "web1", Logins: logins, ReadAt: now, NewsSince: now}); err != nil {
		b.Fatal(err)
	}
	window := store.Window{From: now.AddDate(0, 0, -30), To: now.Add(time.Second)}
	for name, same := range map[string]func(store.EnrichedBan) [2]string{
		"every ban":    nil,
		"every friend": func(g store.EnrichedBan) [2]string { return [2]string{g.Address, g.Jail} },
	} {
		judge := &Judge{Store: s, Words: words}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				bans, _, err := judge.friends(b.Context(), window, same)
				if err != nil || len(bans) < 250 {
					b.Fatal(len(bans), err)
				}
			}
		})
	}
	b.Run("the fleet's names", func(b *testing.B) {
		for b.Loop() {
			if _, err := (&Judge{Store: s, Words: words}).fleet(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
