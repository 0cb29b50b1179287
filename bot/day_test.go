package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
)

// aDay is a day with friends and others, and the morning after it.
func (d *desk) aDay() {
	d.t.Helper()
	untilDigest()
	d.ban("198.51.100.7", "BE", trying("jdupont", "jdupont", "jdupont"))
	for i := range 9 {
		d.ban(fmt.Sprint("192.0.2.", i), "CN")
	}
	d.morning()
}

func TestTheDigestLeadsToItsPictureAndItsFriendsAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.aDay()
		digest := d.sender.sent[0]
		if digest.Photo == nil || labels(digest) != "Friends" {
			t.Errorf("a picture of %d bytes, buttons %s", len(digest.Photo), labels(digest))
		}
		friends := d.press(digest, "Friends")
		const list = "1 friendly ban on Sat 1 Jan\n🇧🇪 198.51.100.7, sshd on web1, 08:00: probably a person"
		if friends.Text.String() != list || friends.Photo == nil || friends.Fallback == "" || labels(friends) != "Digest" {
			t.Errorf("a picture of %d bytes, buttons %s:\n%s", len(friends.Photo), labels(friends), friends.Text)
		}
		back := d.press(friends, "Digest")
		if back.Text.String() != digest.Text.String() || back.Photo == nil || labels(back) != "Friends" {
			t.Errorf("buttons %s:\n%s\nwant\n%s", labels(back), back.Text, digest.Text)
		}
		for _, m := range []msg.Message{friends, back} {
			if m.Aside || !m.Silent {
				t.Error("the answer takes no message's place, or rings")
			}
		}
	})
}

// A digest that could not have its picture leads to it.
func TestADigestInWordsLeadsToItsPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		lost := &msg.NotSentError{Reason: "uploads fail"}
		untilDigest()
		d.ban("198.51.100.7", "BE")
		d.ban("192.0.2.1", "CN")
		d.step()
		time.Sleep(time.Hour)
		d.sender.sent = nil
		untilDigest()
		d.sender.replies = []error{lost, lost}
		d.digest()
		for range 3 {
			time.Sleep(time.Minute)
			d.deliver()
		}
		digest := d.sender.sent[0]
		if digest.Photo != nil || labels(digest) != "Picture, Friends" {
			t.Fatalf("a picture of %d bytes, buttons %s:\n%s", len(digest.Photo), labels(digest), digest.Text)
		}
		if picture := d.press(digest, "Picture"); picture.Photo == nil || labels(picture) != "Digest, Friends" ||
			!strings.HasPrefix(picture.Text.String(), "2 bans of 2 addresses\nSat 1 Jan (CET)\n") {
			t.Errorf("a picture of %d bytes, buttons %s:\n%s", len(picture.Photo), labels(picture), picture.Text)
		}
	})
}

func TestAfterADayThatIsTooQuietOneMayHaveQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.health.Sources[0].SilentAfter = 0
		d.week(97)
		d.morning()
		warning := d.sender.sent[0]
		if warning.Silent || labels(warning) != "Status, Quiet for 1 day" {
			t.Fatalf("silent %v, buttons %s", warning.Silent, labels(warning))
		}
		status := d.press(warning, "Status")
		if !strings.Contains(status.Text.String(), "All is well. Running since") || labels(status) != "Digest" {
			t.Errorf("buttons %s:\n%s", labels(status), status.Text)
		}
		press := func(m msg.Message, label string) msg.Message {
			return d.types(ann, commandOf(t, m, label))
		}
		quiet := press(d.press(status, "Digest"), "Quiet for 1 day")
		if want := "\nUntil Mon 10 Jan 08:00 only alerts ring here."; !strings.HasSuffix(quiet.Text.String(), want) ||
			labels(quiet) != "Status, Ring again" {
			t.Errorf("buttons %s, want %q:\n%s", labels(quiet), want, quiet.Text)
		}
		sounds := func() (all []bool) {
			t.Helper()
			d.sender.sent = nil
			d.failed("permission denied")
			time.Sleep(2 * time.Minute)
			d.look()
			d.ban("198.51.100.7", "BE")
			d.step()
			d.failed("")
			time.Sleep(time.Minute)
			d.look()
			for _, m := range d.sender.sent {
				all = append(all, !m.Silent)
			}
			return all
		}
		const want = "[false true false]" // trouble, an alert, its end
		if got := fmt.Sprint(sounds()); got != want {
			t.Errorf("while it is quiet, what rings is %s, want %s", got, want)
		}
		if text := d.told("/status").Text.String(); !strings.Contains(text, ", only alerts ring until Mon 10 Jan 08:00") {
			t.Errorf("the status is\n%s", text)
		}
		again := press(quiet, "Ring again")
		if strings.Contains(again.Text.String(), "only alerts") || labels(again) != "Status, Quiet for 1 day" {
			t.Errorf("buttons %s:\n%s", labels(again), again.Text)
		}
		if got := fmt.Sprint(sounds()); got != "[true true false]" {
			t.Errorf("afterwards what rings is %s", got)
		}
		press(again, "Quiet for 1 day")
		time.Sleep(hushFor + time.Second)
		if got := fmt.Sprint(sounds()); got != "[true true false]" {
			t.Errorf("a day later what rings is %s", got)
		}
	})
}

// Where messages share a post, nobody would know whose button it is.
func TestADigestBesideAnAlertHasNotItsButtons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.week(97)
		untilDigest()
		if err := d.digester.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.ban("198.51.100.7", "BE")
		d.step()
		if n := len(d.sender.sent); n != 1 || labels(d.sender.sent[0]) != "More" {
			t.Errorf("%d messages, the first with %s", n, labels(d.sender.sent[0]))
		}
	})
}

func TestAButtonOfADayThatIsNoneSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.aDay()
		for _, text := range []string{
			"/day", "/day x", "/day 2000-13-01", "/day 2999-01-01 friends", "/day 2000-01-02", "/day 2000-01-01 nothing",
		} {
			if m := d.told(text); !m.Aside || m.Photo != nil || !strings.HasPrefix(m.Text.String(), "That button ") {
				t.Errorf("%s: %s", text, m.Text)
			}
		}
	})
}

func TestS17FriendsOfADayAreMasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.commands.Reporter.Words.Mask = true
		d.aDay()
		if text := d.press(d.sender.sent[0], "Friends").Text.String(); strings.Contains(text, "198.51.100.7") ||
			!strings.Contains(text, "198.51.100.0/24") {
			t.Errorf("said\n%s", text)
		}
	})
}
