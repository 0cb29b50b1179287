package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Below a storm stand out the people whom it names: their bans can be lifted without those of the others.
func TestThePeopleOfAStormAreLiftedByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.inPlace()
		helper := d.acting()
		d.storm(9, mixed)
		d.step()
		alert := d.sender.sent[0]
		has(t, alert, "People: 198.51.100.0 (jdupont), 198.51.100.1 (jdupont)")
		if got := labels(alert); got != "Unban 2 people, Unban all 9 | More" {
			t.Errorf("buttons %q", got)
		}
		asked := d.types(ann, commandOf(t, alert, "Unban 2 people"))
		has(t, asked, "Lift the ban of 198.51.100.0, sshd on web1; 198.51.100.1, sshd on web1?")
		if !asked.Aside {
			t.Error("the question takes the storm's place")
		}
		helper.was(t)
		has(t, d.types(ann, commandOf(t, asked, "Yes, unban 2")), "198.51.100.1, sshd on web1: Unbanned ")
		helper.was(t, "unban sshd 198.51.100.0", "unban sshd 198.51.100.1")
		has(t, d.types(ann, commandOf(t, alert, "Unban 2 people")), "none is left that I can lift")
		less := d.types(ann, commandOf(t, d.types(ann, commandOf(t, alert, "More")), "Less"))
		if got := labels(less); got != "Unban all 7 | More" {
			t.Errorf("afterwards buttons %q", got)
		}
	})
}

// Promise: the buttons of a storm go when the last of its bans is lifted, and not before, however many messages it
// takes and whatever whois says meanwhile.
func TestTheButtonsOfAStormGoWithItsLastBan(t *testing.T) {
	for _, bans := range []int{3, 9, 60} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			platform := d.inPlace()
			d.acting()
			d.storm(bans, mixed)
			d.step()
			if len(d.sender.sent) != 1 {
				t.Fatalf("%d messages", len(d.sender.sent))
			}
			alert := d.sender.sent[0]
			for i := range 3 {
				d.answer(fmt.Sprint("198.51.100.", i), "NL")
				d.steps(10)
			}
			lift := func(label string) {
				t.Helper()
				asked := d.types(ann, commandOf(t, alert, label))
				d.types(ann, strings.Replace(asked.Buttons[0][0].Command, "/no", "/yes", 1))
				d.steps(20)
			}
			lift("Unban 2 people")
			if len(platform.edits) > 0 && labels(platform.last) == "More" {
				t.Errorf("%d bans: the buttons go before all are lifted: %q", bans, platform.edits)
			}
			for left := bans - 2; left > 0; left -= stormActs {
				lift(fmt.Sprint("Unban all ", bans))
			}
			if len(platform.edits) == 0 || labels(platform.last) != "More" {
				t.Errorf("%d bans: %d changes, buttons %q", bans, len(platform.edits), labels(platform.last))
			}
			if first, _, _ := strings.Cut(alert.Text.String(), "\n"); !strings.HasPrefix(platform.last.Text.String(), first) {
				t.Errorf("the storm is now\n%s", platform.last.Text)
			}
			edits := len(platform.edits)
			if d.steps(60); len(platform.edits) != edits {
				t.Errorf("%d bans: %d more changes", bans, len(platform.edits)-edits)
			}
		})
	}
}

// A message that has changed as often as a change is tried goes on to change.
func TestAMessageChangesAsOftenAsSomethingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		platform := d.inPlace()
		d.acting()
		d.ban("198.51.100.7", "BE")
		d.step()
		for i := range 2*mostEdits + 1 {
			d.types(ann, fmt.Sprintf("/mark %s 1", []string{"attacker", "person"}[i%2]))
			d.steps(20)
		}
		if len(platform.edits) != 2*mostEdits+1 {
			t.Errorf("%d changes, want one for each of %d marks", len(platform.edits), 2*mostEdits+1)
		}
	})
}

// One who stands out is named on the button, as long as it has room for the name and nobody is to be masked.
func TestTheOnlyPersonOfAStormIsNamed(t *testing.T) {
	const long = "a-name-that-no-button-has-room-for"
	for name, want := range map[string]string{
		"jdupont": "Unban jdupont, Unban all 5 | More", long: "Unban 1 person, Unban all 5 | More",
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			d.inPlace()
			d.acting()
			d.storm(5, func(i int, b *store.Ban) {
				if mixed(i+1, b); i == 0 {
					b.Matches = failed(name, name, name, name, name)
				}
			})
			d.step()
			if got := labels(d.sender.sent[0]); got != want {
				t.Errorf("buttons %q, want %q", got, want)
			}
		})
	}
}

// Where a button lifts bans, the command for it is under More, in a storm as in an alert; where none is shown, or none
// can be lifted, it stands in the message.
func TestTheCommandIsUnderMoreWhereAButtonLifts(t *testing.T) {
	const command = "sudo fail2ban-client set sshd unbanip 198.51.100.0"
	scenes := map[string]struct {
		bans            int
		act, inPlace    bool
		inMessage, more bool
	}{
		"an alert, acting":         {1, true, true, false, true},
		"an alert, not acting":     {1, false, true, true, true},
		"an alert without buttons": {1, true, false, true, true},
		"a storm, acting":          {9, true, true, false, true},
		"a storm, not acting":      {9, false, true, true, true},
		"several, acting":          {3, true, true, false, true},
		"several, not acting":      {3, false, true, true, true},
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.announcer.Patience = 0
				if scene.inPlace {
					d.inPlace()
				}
				if scene.act {
					d.acting()
				}
				d.storm(scene.bans)
				d.step()
				alert := d.sender.sent[0]
				if got := strings.Contains(alert.Text.String(), command); got != scene.inMessage {
					t.Errorf("the command in the message: %v\n%s", got, alert.Text)
				}
				if !scene.inPlace {
					return
				}
				more := d.types(ann, commandOf(t, alert, "More"))
				if got := strings.Contains(more.Text.String(), command); got != scene.more || more.Aside {
					t.Errorf("under More: %v, aside %v\n%s", got, more.Aside, more.Text)
				}
				less := d.types(ann, commandOf(t, more, "Less"))
				if less.Text.String() != alert.Text.String() || labels(less) != labels(alert) {
					t.Errorf("the alert was\n%s\n%s\nand is\n%s\n%s", alert.Text, labels(alert), less.Text, labels(less))
				}
			})
		})
	}
}

// More below a storm shows the log lines of its bans, those of people first, and no more than has room.
func TestMoreOfAStormShowsItsLogLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.inPlace()
		d.storm(60, func(i int, b *store.Ban) {
			mixed(59-i, b)
			b.Matches = strings.ReplaceAll(b.Matches, "198.51.100.7", b.Address)
		})
		d.step()
		more := d.types(ann, commandOf(t, d.sender.sent[0], "More"))
		text := more.Text.String()
		has(t, more, "Probably 2 people, 53 unclear, 5 attackers", "Log lines of 7 bans:\n198.51.100.58 Failed password for jdupont … ×5\n")
		if n := strings.Count(text, "198.51.100.30"); n != 1 {
			t.Errorf("an address stands there %d times", n)
		}
		if !d.sender.Fits(more) {
			t.Errorf("%d bytes", len(text))
		}
		for _, run := range more.Text {
			if strings.Contains(run.Text, "Failed password") && run.Style != msg.Quote {
				t.Errorf("log lines are %s", run.Style)
			}
		}
	})
}

// Every message of alerts has more and less that fit wherever it fits, and Less is the message again.
func TestMoreAndLessFitWhereverTheMessageDoes(t *testing.T) {
	for limit, all := range map[int][]int{400: {2, crowd}, 2000: {60, 199}, 4096: {400}} {
		for _, bans := range all {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.inPlace()
				d.acting()
				d.sender.limit = limit
				d.storm(bans, mixed)
				d.ban("203.0.113.9", "BE", by("postfix"))
				d.step()
				for i, alert := range d.sender.sent {
					more := d.types(ann, commandOf(t, alert, "More"))
					if !d.sender.Fits(more) || more.Aside {
						t.Errorf("%d bans, limit %d: more of message %d has %d bytes, aside %v", bans, limit, i, len(more.Text.String()), more.Aside)
					}
					less := d.types(ann, commandOf(t, more, "Less"))
					if !d.sender.Fits(less) || less.Text.String() != alert.Text.String() && bans <= looked-1 {
						t.Errorf("%d bans, limit %d: message %d was\n%s\nand is\n%s", bans, limit, i, alert.Text, less.Text)
					}
				}
			})
		}
	}
}

// A button below a message that is not known any more, or is another chat's, says so.
func TestMoreOfAMessageThatIsNotKnownSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.inPlace()
		d.storm(9)
		d.step()
		for _, text := range []string{"/more storm 99", "/more storm x", "/less storm", "/less storm 0 1"} {
			if m := d.types(ann, text); !m.Aside || len(m.Buttons) > 0 {
				t.Errorf("%s: aside %v, %q", text, m.Aside, m.Text)
			}
		}
		elsewhere := ann
		elsewhere.Platform = "stone"
		if m := d.types(elsewhere, commandOf(t, d.sender.sent[0], "More")); !m.Aside {
			t.Errorf("another platform's message: %q", m.Text)
		}
	})
}

// Whoever may only ask sees more of a storm, and lifts nothing.
func TestWhoMayOnlyAskLiftsNothingOfAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.inPlace()
		helper := d.acting()
		d.commands.Acting.Users = []string{"8"}
		d.storm(9, mixed)
		d.step()
		for _, label := range []string{"Unban 2 people", "Unban all 9"} {
			has(t, d.types(ann, commandOf(t, d.sender.sent[0], label)), "not act")
		}
		if m := d.types(ann, commandOf(t, d.sender.sent[0], "More")); m.Aside {
			t.Errorf("more: %q", m.Text)
		}
		for id := range 12 {
			for _, whose := range []string{"people", "storm"} {
				if m := d.types(ann, fmt.Sprintf("/ask %s %d", whose, id)); len(m.Buttons) > 0 {
					t.Errorf("/ask %s %d: %q", whose, id, m.Text)
				}
			}
		}
		helper.was(t)
		time.Sleep(2 * time.Hour)
	})
}
