package bot

import (
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// Of several alerts in one message each could be meant by a button of one: there is one for all, which names how many
// and whose they are before anything is done.
func TestAlertsThatShareAMessageAreLiftedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.inPlace()
		d.announcer.Patience = 0
		helper := d.acting()
		d.ban("198.51.100.7", "BE")
		d.ban("198.51.100.8", "BE", by("postfix"))
		d.ban("198.51.100.7", "BE", by("dovecot"))
		d.step()
		if n := len(d.sender.sent); n != 1 {
			t.Fatalf("%d messages", n)
		}
		first := d.sender.sent[0]
		asked := d.types(ann, commandOf(t, first, "Unban all 3"))
		has(t, asked, "Lift the ban of 198.51.100.7, sshd on web1; 198.51.100.8, postfix on web1; 198.51.100.7, dovecot on web1?")
		helper.was(t)
		yes := commandOf(t, asked, "Yes, unban 3")
		stranger := ann
		stranger.User = "8"
		has(t, d.types(stranger, yes), "Nothing was done")
		has(t, d.types(ann, yes), "198.51.100.7, sshd on web1: Unbanned ", "198.51.100.8, postfix on web1: Unbanned ")
		helper.was(t, "unban sshd 198.51.100.7", "unban postfix 198.51.100.8", "unban dovecot 198.51.100.7")
		has(t, d.types(ann, yes), "Nothing was done")
		helper.was(t)
		has(t, d.types(ann, commandOf(t, first, "Unban all 3")), "none is left that I can lift")
	})
}

// A message of alerts of which none can be lifted has no button for it.
func TestAlertsThatShareAMessageAndCannotBeLiftedHaveNoUnban(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Patience = 0
		d.acting()
		for _, address := range []string{"198.51.100.7", "198.51.100.8"} {
			d.ban(address, "BE", func(b *store.Ban) { b.BanTime = 60 }, ago(10*time.Minute), by("postfix"))
		}
		d.step()
		if n := len(d.sender.sent); n != 1 || labels(d.sender.sent[0]) != "More" {
			t.Errorf("%d messages, the first with %v", n, d.sender.sent[0].Buttons)
		}
	})
}

// Many bans of several jails are named by their jails and numbers.
func TestALongQuestionNamesHowManyOfEachJail(t *testing.T) {
	var acts []store.Act
	for i := range 7 {
		acts = append(acts, store.Act{Verb: "unban", Source: "web1", Jail: []string{"sshd", "postfix"}[i%2], Address: "203.0.113.7"})
	}
	got := Words{}.question(acts, "abcdefgh").String()
	const want = "Lift 7 bans of sshd on web1 (4), postfix on web1 (3)? Within two minutes: /yes abcdefgh"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
