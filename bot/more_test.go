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

// press presses the button with this label below the message.
func (d *desk) press(m msg.Message, label string) msg.Message {
	d.t.Helper()
	for _, row := range m.Buttons {
		for _, b := range row {
			if len(b.Command) > 64 {
				d.t.Errorf("%q is too long for a button", b.Command)
			}
			if b.Label == label {
				return d.commands.Answer(d.t.Context(), msg.Request{Text: b.Command})
			}
		}
	}
	d.t.Fatalf("no button %q below %+v", label, m)
	return msg.Message{}
}

func TestMoreBelowAnAlertShowsItsLinesAndLessTheAlertAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Patience = 0
		d.ban("198.51.100.7", "BE")
		d.step()
		time.Sleep(2 * time.Hour)
		long := strings.Repeat("web1 sshd[812]: Failed password for jdupont from 198.51.100.7 port 51234 ssh2 ", 3)
		matches := strings.Repeat(long+"\n", 30) + "the last of them"
		d.ban("198.51.100.7", "BE", func(b *store.Ban) { b.Matches = matches })
		d.step()
		alert := d.sender.sent[len(d.sender.sent)-1]
		more := d.press(alert, "More")
		text := more.Text.String()
		for _, want := range []string{"the last of them", "of 31 log lines", "Banned twice here:", "jdupont"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
		if n := len([]rune(text)); n > 1900 || more.Aside {
			t.Errorf("%d characters, aside %v", n, more.Aside)
		}
		d.commands.Reporter.Words.Mask = true
		if masked := d.press(alert, "More").Text.String(); strings.Contains(masked, "198.51.100.7") {
			t.Errorf("where addresses are masked:\n%s", masked)
		}
		d.commands.Reporter.Words.Mask = false
		if less := d.press(more, "Less"); less.Text.String() != alert.Text.String() {
			t.Errorf("the alert was\n%s\nand is\n%s", alert.Text, less.Text)
		}
	})
}

// Where several alerts share a message, nobody would know whose button it is: there is more of all.
func TestSeveralAlertsInAMessageHaveOneMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Patience = 0
		d.ban("198.51.100.7", "BE")
		d.ban("198.51.100.8", "BE")
		d.step()
		if n := len(d.sender.sent); n != 1 || labels(d.sender.sent[0]) != "More" {
			t.Errorf("%d messages, the first with %v", n, d.sender.sent[0].Buttons)
		}
	})
}

// A button below an old message may name what is not known any more. Its message stays as it is.
func TestAButtonThatIsNotKnownAnyMoreSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("192.0.2.1", "US")
		for command, want := range map[string]string{
			"/more 99":           "I do not know that ban any more.",
			"/less 99":           "I do not know that ban any more.",
			"/more 1":            "I do not know that ban any more.", // no friend's: nobody was told of it
			"/more":              "That button names no ban.",
			"/more x y":          "That button names no ban.",
			"/gone 7d":           "I do not know that command.",
			"/report colour 7d":  "I do not know “colour”.",
			"/friends yesterday": "I do not know “yesterday”.",
		} {
			m := d.commands.Answer(t.Context(), msg.Request{Text: command})
			if !m.Aside || !strings.HasPrefix(m.Text.String(), want) {
				t.Errorf("%s: aside %v, %q", command, m.Aside, m.Text)
			}
		}
	})
}

func TestFriendsHasAWayOnToEarlierOnesAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for i := range 25 {
			d.ban(fmt.Sprint("198.51.100.", i+1), "BE")
			time.Sleep(time.Second)
		}
		m := d.commands.Answer(t.Context(), msg.Request{Text: "/friends all"})
		seen := map[string]bool{}
		for page := 1; ; page++ {
			for line := range strings.Lines(m.Text.String()) {
				for word := range strings.FieldsSeq(line) {
					if strings.HasPrefix(word, "198.51.100.") {
						seen[word] = true
					}
				}
			}
			if page == 3 {
				break
			}
			m = d.press(m, "More")
		}
		if len(seen) != 25 || strings.Contains(m.Text.String(), "earlier") {
			t.Errorf("%d friends seen on three pages, the last:\n%s", len(seen), m.Text)
		}
		if m = d.press(m, "Back"); !strings.Contains(m.Text.String(), "… and 5 earlier: /friends all 3") {
			t.Errorf("back again:\n%s", m.Text)
		}
	})
}

func TestABanThatIsOverIsNotToBeLifted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Patience = 0
		ask := func() string {
			return d.commands.Answer(t.Context(), msg.Request{Text: "/ip 198.51.100.7"}).Text.String()
		}
		late := func(b *store.Ban) { b.Time = b.Time.Add(-50 * time.Minute); b.BanTime = 600 }
		d.ban("198.51.100.8", "BE", late)
		d.step()
		if got := d.sender.texts(); len(got) != 1 || strings.Contains(got[0], "unbanip") {
			t.Errorf("a late alert says %q", got)
		}
		d.ban("198.51.100.7", "BE")
		if got := ask(); !strings.Contains(got, "unbanip") {
			t.Errorf("while it holds: %s", got)
		}
		time.Sleep(2 * time.Hour)
		if got := ask(); strings.Contains(got, "unbanip") {
			t.Errorf("when it is over: %s", got)
		}
		d.ban("198.51.100.7", "BE", func(b *store.Ban) { b.BanTime = -1 })
		time.Sleep(1000 * time.Hour)
		if got := ask(); !strings.Contains(got, "unbanip") {
			t.Errorf("for ever: %s", got)
		}
	})
}

func TestADigestPromisesNoQuestionWhereWhoisIsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "")
		time.Sleep(24 * time.Hour)
		for _, on := range []bool{false, true} {
			d.health.Whois = on
			bodies, err := d.digester.Compose(t.Context(), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			text := bodies[0].Text.String()
			if !strings.Contains(text, "Country unknown: 1 address") || strings.Contains(text, "asked again") != on {
				t.Errorf("whois %v: %s", on, text)
			}
		}
	})
}
