package bot

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

// scenes are every message that the bot sends by itself, and the answers about friends, from a fixed history. `make
// messages` prints them.
var scenes = slices.Concat([]scene{
	{"the first start", func(d *desk) {
		for i := range 40 {
			d.ban(fmt.Sprint("198.51.100.", i), strip(store.Country(map[bool]string{true: "BE", false: "CN"}[i%9 == 0])),
				ago(time.Duration(i+2)*24*time.Hour))
		}
	}},
	{"an alert", func(d *desk) {
		d.banned("jdupont", "jdupont", "root", "jdupont", "jdupont")
	}},
	{"an alert to which whois adds, and what it becomes", func(d *desk) {
		platform := d.inPlace()
		d.banned("jdupont", "jdupont", "jdupont")
		d.step()
		d.answer("198.51.100.7", "NL")
		d.steps(10)
		for _, text := range platform.edits {
			_, text, _ := strings.Cut(text, ": ")
			d.sender.sent = append(d.sender.sent, msg.Message{Text: plain(text), Silent: true})
		}
	}},
	{"the same where messages cannot be changed", func(d *desk) {
		d.banned("jdupont", "jdupont", "jdupont")
		d.step()
		d.answer("198.51.100.7", "NL")
	}},
	{"an alert of a friendly network, for the fourth time", func(d *desk) {
		d.announcer.Words.Friends.Networks = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
		if err := d.store.SetFriends(d.t.Context(), d.announcer.Words.Friends); err != nil {
			d.t.Fatal(err)
		}
		for day := range 3 {
			d.ban("203.0.113.7", "CN", ago(time.Duration(9-day)*24*time.Hour))
		}
		d.summarised()
		d.ban("203.0.113.7", "CN")
	}},
	{"an alert of a log, which has no lines and tells when it was tried", func(d *desk) {
		d.ban("198.51.100.7", "BE", func(b *store.Ban) { b.Failures, b.Pace = 5, "130 30 30 65 5" })
	}},
	{"an alert of a friendly network by its number", func(d *desk) {
		d.announcer.Words.Friends.Systems = []store.ASN{64500}
		if err := d.store.SetFriends(d.t.Context(), d.announcer.Words.Friends); err != nil {
			d.t.Fatal(err)
		}
		d.systems = map[string]store.Located{"203.0.113.7": {ASN: 64500, Holder: "Example Telecom NV"}}
		d.ban("203.0.113.7", "CN")
	}},
	{"an alert that may repeat", func(d *desk) {
		d.sender.replies, d.sender.lose = []error{fmt.Errorf("EOF")}, true
		d.banned("jdupont")
		d.step()
		time.Sleep(2 * time.Second)
		d.step()
		d.sender.sent = d.sender.sent[1:]
	}},
	{"masked", func(d *desk) {
		d.announcer.Words.Mask = true
		d.banned("jdupont")
	}},
	{"a storm", func(d *desk) { d.storm(60) }},
	{"a storm of people and attackers", func(d *desk) { d.storm(9, mixed) }},
	{"a storm of one network", func(d *desk) {
		for i := range 30 {
			d.ban("198.51.100.200", "BE", ago(time.Duration(i+1)*24*time.Hour))
		}
		d.summarised()
		d.systems = map[string]store.Located{}
		for i := range 9 {
			address := fmt.Sprint("198.51.100.", i)
			d.systems[address] = store.Located{ASN: 64500, Holder: "Example Telecom NV"}
			d.ban(address, "BE", func(b *store.Ban) { mixed(i, b) })
		}
	}},
	{"a storm of a jail that seldom bans friends", func(d *desk) {
		for i := range 30 {
			d.ban("198.51.100.200", "BE", ago(time.Duration(i+1)*24*time.Hour))
		}
		d.summarised()
		d.storm(5)
	}},
	{"a storm that does not fit", func(d *desk) {
		d.sender.limit = 600
		d.storm(300)
	}},
	{"late bans", func(d *desk) {
		d.banned("jdupont")
		d.summarised()
		d.ban("198.51.100.8", "BE", ago(3*time.Hour))
		d.step()
		time.Sleep(2 * time.Hour)
		for i := range 14 {
			d.ban(fmt.Sprint("198.51.100.", 10+i), "BE", ago(time.Duration(i+2)*time.Hour))
			d.ban("203.0.113.9", "CN", ago(time.Duration(i+2)*time.Hour))
		}
		d.step()
		time.Sleep(2 * time.Hour)
		d.ban("203.0.113.9", "CN", ago(50*time.Hour))
	}},
	{"the digest of a normal day", func(d *desk) {
		d.week(97)
		for i := range 10 {
			d.ban("198.51.100.7", "BE", ago(time.Duration(i)*time.Minute))
		}
		d.ban("198.51.100.8", "BE", by("postfix-sasl"))
		for i := range 80 {
			d.ban(fmt.Sprint("192.0.2.", 1+i), []store.Country{"CN", "US", "NL"}[i%3], ago(time.Duration(i)*time.Minute))
		}
		d.morning()
		d.sender.sent = append(d.sender.sent, d.press(d.sender.sent[0], "Friends"))
	}},
	{"the digest of a bad day", func(d *desk) {
		d.week(97)
		d.storm(60)
		d.ban("192.0.2.1", "CN")
		for i := range 8 {
			d.ban(fmt.Sprintf("203.0.%d.9", 100+i), "BE", by("postfix-sasl"), ago(time.Duration(i)*time.Minute))
		}
		d.morning()
	}},
	{"the digest and the card of a Monday", func(d *desk) {
		for week := range 5 {
			for day := range 7 {
				d.ban(fmt.Sprint("192.0.2.", day), "CN", ago(time.Duration(33-7*week-day)*24*time.Hour))
			}
			d.ban(fmt.Sprint("198.51.100.", week), "BE", ago(time.Duration(31-7*week)*24*time.Hour))
		}
		for i := range 9 {
			d.ban(fmt.Sprint("203.0.113.", i), "NL", by("dovecot"))
		}
		untilDigest()
		time.Sleep(24 * time.Hour)
		d.morning()
	}},
	{"the digest of a quiet day", func(d *desk) { d.morning() }},
	{"the digest of a day that is too quiet", func(d *desk) {
		d.week(97)
		d.morning()
		quiet := d.types(ann, commandOf(d.t, d.sender.sent[0], "Quiet for 1 day"))
		d.sender.sent = append(d.sender.sent, quiet, d.press(quiet, "Status"))
	}},
	{"a jail whose rule became stricter, and /report strict", func(d *desk) {
		d.change()
		d.summarised()
		for i := range 12 {
			d.ban(fmt.Sprint("198.51.100.", i), "BE")
		}
		d.step()
		answer := d.commands.Answer(d.t.Context(), msg.Request{Text: "/report strict 30d"})
		d.sender.sent = append(d.sender.sent, answer)
	}},
}, troubleScenes, []scene{
	{"a chat that moves", func(d *desk) {
		d.sender.replies = []error{&msg.MovedError{To: "2"}}
		d.banned("jdupont")
	}},
	{"answers to /tune", func(d *desk) {
		d.ban("198.51.100.7", "BE")
		d.summarised()
		friends := func(n int) int { return 3 + n%5 }
		d.tuning(readLog(d.t, tunedLog(24, friends)))
		for _, ask := range []string{"/tune", "/tune sshd", "/tune shd"} {
			d.sender.sent = append(d.sender.sent, d.told(ask))
		}
		for _, lacks := range []Tuned{
			{Source: "web1", Lack: LacksLog},
			{Source: "web1", Lack: LacksFailures},
			{Source: "web1", Lack: IsSample},
			{Source: "web1", Err: fs.ErrPermission},
		} {
			d.sender.sent = append(d.sender.sent, msg.Message{Text: d.announcer.Words.TunedText([]Tuned{lacks}, "sshd"), Silent: true})
		}
		d.tuning(readLog(d.t, tunedLog(0, nil)))
		d.sender.sent = append(d.sender.sent, d.told("/tune sshd"))
		d.tuning(func(context.Context, TuneQuestion) ([]Tuned, error) {
			time.Sleep(time.Minute)
			return nil, nil
		})
		d.sender.sent = append(d.sender.sent, d.told("/tune sshd"))
		time.Sleep(time.Hour)
	}},
	{"names that were tried", func(d *desk) {
		d.banned("jdupont", "jdupont")
		for i, name := range []string{"root", "root", "root", "admin", "invalid user test", "invalid user test", "info"} {
			d.ban(fmt.Sprint("203.0.113.", i), "CN", trying(name, "root"))
		}
		d.ban("203.0.113.99", "CN")
		d.ask("/report users 24h")
	}},
	{"answers about friends", func(d *desk) {
		d.storm(12)
		for i := range 5 {
			d.ban("198.51.100.7", "BE", ago(time.Duration(i)*24*time.Hour))
		}
		d.step()
		d.ask("/friends", "/friends 7d 2", "/friends often", "/ip 198.51.100.7", "/help")
	}},
	{"a storm that is acted on, and more of it", func(d *desk) {
		d.inPlace()
		d.acting()
		d.storm(9, mixed)
		d.step()
		press := func(m msg.Message, label string) msg.Message {
			m = d.types(ann, commandOf(d.t, m, label))
			d.sender.sent = append(d.sender.sent, m)
			return m
		}
		press(press(d.sender.sent[0], "Unban 2 people"), "Yes, unban 2")
		press(press(d.sender.sent[0], "More"), "Less")
		d.withoutChance()
	}},
	{"an alert that is acted on, and an address that is trusted", func(d *desk) {
		d.inPlace()
		d.acting()
		d.banned("jdupont")
		d.step()
		time.Sleep(5 * time.Minute)
		press := func(m msg.Message, label string) msg.Message {
			m = d.types(ann, commandOf(d.t, m, label))
			d.sender.sent = append(d.sender.sent, m)
			return m
		}
		press(press(d.sender.sent[0], "Trust 30 days"), "Yes, trust")
		for _, text := range []string{"/trusted", "/unban 198.51.100.7", "/help"} {
			d.sender.sent = append(d.sender.sent, d.types(ann, text))
		}
		d.withoutChance()
	}},
})

type scene struct {
	name string
	play func(*desk)
}

// withoutChance makes the messages the same in every run: questions have random names.
func (d *desk) withoutChance() {
	random := regexp.MustCompile("/yes [a-z0-9]{8}")
	for _, m := range d.sender.sent {
		for i, run := range m.Text {
			m.Text[i].Text = random.ReplaceAllString(run.Text, "/yes abcdefgh")
		}
	}
}

// banned reads a ban of one address for which these users were tried.
func (d *desk) banned(users ...string) {
	d.t.Helper()
	d.ban("198.51.100.7", "BE", func(b *store.Ban) { b.Failures, b.Matches = len(users), failed(users...) })
}

// ask keeps the answers to commands, and forgets the messages before.
func (d *desk) ask(commands ...string) {
	d.t.Helper()
	d.step()
	d.sender.sent = nil
	for _, text := range commands {
		d.sender.sent = append(d.sender.sent, d.commands.Answer(d.t.Context(), msg.Request{Text: text}))
	}
}

// summarised lets the history so far be told, and forgets the messages.
func (d *desk) summarised() {
	d.t.Helper()
	d.step()
	d.sender.sent = nil
	time.Sleep(2 * time.Hour)
}

// week is a week with so many bans a day, one of them friendly. It ends before a day begins.
func (d *desk) week(bans int) {
	d.t.Helper()
	untilDigest()
	for range 7 {
		d.read(bans-1, 0, nil)
		d.ban("198.51.100.7", "BE")
		time.Sleep(24 * time.Hour)
	}
	d.step()
	d.sender.sent = nil
}

// morning is the next morning with its digest, without the messages before.
func (d *desk) morning() {
	d.t.Helper()
	d.step()
	d.sender.sent = nil
	untilDigest()
	d.digest()
}

// inMessage is a message as the golden file has it: lines that stand back behind a bar, and its buttons in rows.
func inMessage(m msg.Message) string {
	var b strings.Builder
	for _, run := range m.Text {
		if run.Style == msg.Quote {
			run.Text = "│ " + strings.ReplaceAll(run.Text, "\n", "\n│ ")
		}
		b.WriteString(run.Text)
	}
	for _, row := range m.Buttons {
		between := "\n"
		for _, button := range row {
			b.WriteString(between + "[" + button.Label + "]")
			between = " "
		}
	}
	return b.String()
}

// Every message, as it is sent, stands in one file: whoever changes words sees what becomes of them.
func TestMessagesAreTheGoldenOnes(t *testing.T) {
	var b strings.Builder
	for _, scene := range scenes {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			scene.play(d)
			d.step()
			fmt.Fprintf(&b, "# %s\n\n", scene.name)
			for _, m := range d.sender.sent {
				sound := map[bool]string{true: "silent", false: "rings"}[m.Silent]
				if m.Photo != nil {
					sound += ", with a picture"
				}
				fmt.Fprintf(&b, "[%s]\n%s\n\n", sound, inMessage(m))
			}
			if len(d.sender.sent) == 0 {
				t.Errorf("%s: no message", scene.name)
			}
		})
	}
	const golden = "testdata/messages.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("messages (-golden +now):\n%s", diff)
	}
}
