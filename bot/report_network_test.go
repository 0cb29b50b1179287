package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// networked is a desk with bans of networks by number: three of a hosting company, two of a telephone company that is
// friendly, and others.
func networked(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.systems = map[string]store.Located{
		"198.51.100.1": {ASN: 64496, Holder: "Example Hosting LLC"},
		"198.51.100.2": {ASN: 64496, Holder: "Example Hosting LLC"},
		"203.0.113.7":  {ASN: 64500, Holder: "Example Telecom N.V."},
		"203.0.113.8":  {ASN: 64501, Holder: "Example Telecom N.V."},
		"203.0.113.9":  {ASN: 64502},
	}
	friends := store.Friends{Systems: []store.ASN{64500}}
	d.commands.Reporter.Words.Friends = friends
	if err := d.store.SetFriends(t.Context(), friends); err != nil {
		t.Fatal(err)
	}
	for i, address := range []string{
		"198.51.100.1", "198.51.100.1", "198.51.100.2", "203.0.113.7", "203.0.113.7", "203.0.113.8", "203.0.113.9", "192.0.2.1",
	} {
		d.ban(address, "CN", ago(time.Duration(i)*time.Minute))
	}
	return d
}

func TestNetworksAreCountedByTheirHolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := networked(t)
		r := *d.commands.Reporter
		r.Tables = true
		rep, err := r.Report(t.Context(), "network", "24h", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		want := []Row{
			{Key: "AS64496", Name: "Example Hosting LLC", Bans: 3, Addresses: 2},
			{Key: "AS64500", Name: "Example Telecom N.V.", Bans: 2, Addresses: 1, Friendly: 2},
			{Key: "", Name: "Unknown", Bans: 1, Addresses: 1},
			{Key: "AS64501", Name: "Example Telecom N.V.", Bans: 1, Addresses: 1},
			{Key: "AS64502", Name: "AS64502", Bans: 1, Addresses: 1},
		}
		if got := fmt.Sprint(rep.Rows); got != fmt.Sprint(want) {
			t.Errorf("got %s, want %v", got, want)
		}
		m := d.commands.Answer(t.Context(), msg.Request{Text: "/report network 24h"})
		const caption = "\nTop: Example Hosting AS64496 3 (37.5%), Example Telecom AS64500 2 (25.0%), Unknown 1 (12.5%), " +
			"Example Telecom AS64501 1 (12.5%), AS64502 1 (12.5%)" +
			"\nBy their names: hosting companies 37.5%, access networks 37.5%, others 25.0%\nFriendly (AS64500): 2 bans, 25.0%"
		if got := m.Text.String(); !strings.Contains(got, caption) || m.Photo == nil {
			t.Errorf("got %q, want a picture and %q", got, caption)
		}
		text := r.Picture(rep).Text(78)
		for _, want := range []string{
			"Bans by network: 2 of 8 hit friends", "37.5% hosting", "Example Hosting ",
			"* AS64500 Example Telecom ", "AS64501 Example Telecom ", "AS64502 ",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("want %q in\n%s", want, text)
			}
		}
	})
}

// Nearly every large network has some friends, who must not hide those with most bans.
func TestFriendsHideNoLargerNetworks(t *testing.T) {
	var all []Row
	for i := range 40 {
		row := Row{Key: fmt.Sprint("AS", 64496+i), Bans: int64(1000 - i)}
		if i >= 8 {
			row.Friendly = int64(1 + i%20)
		}
		all = append(all, row)
	}
	all = append(all, Row{Bans: 7})
	rows, rest, others := topNetworks(all)
	var keys []string
	bans, friendly := rest.Bans, rest.Friendly
	for _, row := range rows {
		keys = append(keys, strings.TrimPrefix(row.Key, "AS644"))
		bans += row.Bans
		friendly += row.Friendly
	}
	// The seven with most bans, the three of the others with most friends, and the unknown.
	if got := strings.Join(keys, " "); got != "96 97 98 99 AS64500 AS64501 AS64502 AS64514 AS64515 AS64535 " || others != 30 {
		t.Errorf("got %q and %d others", got, others)
	}
	var want Row
	for _, row := range all {
		want.Bans += row.Bans
		want.Friendly += row.Friendly
	}
	if bans != want.Bans || friendly != want.Friendly {
		t.Errorf("%d bans, %d of friends, want %d and %d", bans, friendly, want.Bans, want.Friendly)
	}
}

func TestIPTellsWhoseNetworkItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := networked(t).commands.Answer(t.Context(), msg.Request{Text: "/ip 203.0.113.7"})
		if got := m.Text.String(); !strings.Contains(got, "203.0.113.7, friendly\nExample Telecom (AS64500)\n") {
			t.Errorf("got %q", got)
		}
	})
}

// Whoever comes from a hosting company is not called a person for a name alone, and is no attacker for that.
func TestVerdictKnowsHostingCompanies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := networked(t)
		for address, want := range map[string]evidence.Who{"198.51.100.1": evidence.Unclear, "203.0.113.9": evidence.Person} {
			d.ban(address, "CN", tries("jdupont", "jdupont", "jdupont"))
			v, _, err := d.announcer.Judge.VerdictOf(t.Context(), address)
			if err != nil || v.Who != want {
				t.Errorf("%s: %s, %v, want %s", address, v, err, want)
			}
		}
	})
}
