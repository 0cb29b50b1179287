package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// trying is a ban whose lines say that these users were tried.
func trying(users ...string) func(*store.Ban) {
	return func(b *store.Ban) { b.Matches = failed(users...) }
}

func TestTheNamesThatWereTriedAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for i := range 3 {
			d.ban(fmt.Sprint("203.0.113.", i), "CN", trying("root", "root", "Admin"), ago(time.Duration(i)*time.Minute))
		}
		d.ban("203.0.113.9", "CN", ago(time.Hour))
		d.ban("198.51.100.7", "BE", trying("jdupont"))
		d.ban("198.51.100.7", "BE", trying("invalid user jdupond", "root"), by("recidive"))
		rep, err := d.commands.Reporter.Report(t.Context(), "users", "24h", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var rows []string
		for _, row := range rep.Rows {
			rows = append(rows, fmt.Sprint(row.Key, " ", row.Bans, " ", row.Addresses, " ", row.Friendly))
		}
		if want := []string{"root 4 4 1", "admin 3 3 0", "jdupond 1 1 1", "jdupont 1 1 1"}; !slices.Equal(rows, want) {
			t.Errorf("rows %q, want %q", rows, want)
		}
		m := d.commands.Answer(t.Context(), msg.Request{Text: "/report names 24h"})
		for _, want := range []string{
			"6 bans of 5 addresses\n", "\nNames: in 5 (83.3%) of 6 bans\nTried most: root 4, admin 3, jdupond 1, jdupont 1\n",
			"\nAccounts that exist: ", "jdupont 1\nAccounts that do not exist: 1\n", "\nFriendly (Belgium): 2 bans, 33.3%",
		} {
			if !strings.Contains(m.Text.String(), want) {
				t.Errorf("%q does not say %q", m.Text, want)
			}
		}
		for _, want := range []string{"Names tried in 5 bans, 2 of friends;\nmost root, 4\n", "* jdupont", "missing"} {
			if m.Photo == nil || !strings.Contains(m.Fallback, want) {
				t.Errorf("%q does not say %q, or has no picture", m.Fallback, want)
			}
		}
	})
}

// What was not read is not said to have been.
func TestNamesAreSaidToBeOfTheLatestBansOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		bans := make([]store.Ban, bansRead+500)
		for i := range bans {
			bans[i] = store.Ban{
				Time: time.Now().Add(-time.Duration(i) * time.Second), HasEpoch: true, Jail: "sshd",
				Address: fmt.Sprintf("192.0.2.%d", i%200), Matches: failed(fmt.Sprint("user", i/bansRead)),
			}
		}
		_, err := d.store.AddBans(t.Context(), store.Batch{Source: "web1", Bans: bans, Lines: len(bans), ReadAt: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		text := d.commands.Answer(t.Context(), msg.Request{Text: "/report users 7d"}).Text.String()
		want := "\nNames: in " + number(bansRead) + " (100%) of the latest " + number(bansRead) + " bans, since Fri 31 Dec\n"
		if !strings.Contains(text, want) || strings.Contains(text, "user1") {
			t.Errorf("%q does not say %q", text, want)
		}
	})
}

// Names are whatever an attacker likes: links, mentions, commands, markup, another direction of writing.
func TestS05NamesThatWereTriedAreInert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		hostile := []string{
			"@everyone", "tg://user?id=1", "/unban", "#ban", "<b>x</b>", "`x`", "\u202eevil\u2066", "https://example.org/x",
			strings.Repeat("long", 60),
		}
		for i, name := range hostile {
			d.ban(fmt.Sprint("203.0.113.", i), "CN", trying(name))
			d.ban(fmt.Sprint("203.0.113.", i), "CN", trying(name), by(fmt.Sprint("jail", i)))
		}
		m := d.commands.Answer(t.Context(), msg.Request{Text: "/report users"})
		if m.Photo == nil {
			t.Error("no picture")
		}
		for _, run := range m.Text {
			for _, bad := range []string{"@everyone", "tg:", "/unban", "#ban", "<b>", "`", "https:", "longlong"} {
				if run.Style != msg.Code && strings.Contains(run.Text, bad) {
					t.Errorf("%q stands in %q, which is no code", bad, run.Text)
				}
			}
			if strings.ContainsAny(run.Text, "\u202e\u2066") || len([]rune(run.Text)) > 200 {
				t.Errorf("%q turns the text around, or is too long", run.Text)
			}
		}
	})
}

func TestS17NamesThatAreAddressesAreMasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.commands.Reporter.Words.Mask = true
		d.ban("203.0.113.7", "CN", trying("203.0.113.7", "root", "cb007107"))
		m := d.commands.Answer(t.Context(), msg.Request{Text: "/report users"})
		all := m.Text.String() + m.Fallback
		if strings.Contains(all, "203.0.113.7") || strings.Contains(all, "cb007107") || !strings.Contains(all, "203.0.113.0/24") {
			t.Errorf("%q holds the address", all)
		}
	})
}
