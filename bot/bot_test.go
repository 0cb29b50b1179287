package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/store"
	"friendlyfire/store/storetest"
)

// desk is a bot on a real database, with a platform that only takes notes.
type desk struct {
	t         *testing.T
	dir       string
	store     *store.Store
	sender    *notes
	announcer *Announcer
	deliverer *Deliverer
	pictures  *Deliverer
	digester  *Digester
	health    *Health
	commands  *Commands
	line      int64
	systems   map[string]store.Located // by address: its autonomous system, for the bans to come
}

// notes is a Sender that remembers what it was given.
type notes struct {
	limit   int
	sent    []msg.Message
	tried   []time.Time
	replies []error // to the next attempts; then nil
	lose    bool    // take the message, then fail
}

func (n *notes) Platform() string        { return "paper" }
func (n *notes) Fits(m msg.Message) bool { return len(m.Text.String()) <= n.limit }
func (n *notes) Send(_ context.Context, _ string, m msg.Message) error {
	n.tried = append(n.tried, time.Now())
	var err error
	if len(n.replies) > 0 {
		err, n.replies = n.replies[0], n.replies[1:]
	}
	if err == nil || n.lose {
		n.sent = append(n.sent, m)
	}
	return err
}

func (n *notes) texts() []string {
	var all []string
	for _, m := range n.sent {
		all = append(all, m.Text.String())
	}
	return all
}

var brussels = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		panic(err)
	}
	return zone
}()

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir := t.TempDir()
	s := storetest.New(t, filepath.Join(dir, "test.db"))
	friends := store.Friends{Countries: []store.Country{"BE"}}
	if err := s.SetFriends(t.Context(), friends); err != nil {
		t.Fatal(err)
	}
	words := Words{Zone: brussels, Zones: map[string]*time.Location{"web1": brussels}, Friends: friends}
	chat := store.Chat{Platform: "paper", ID: "1"}
	log := slog.New(slog.DiscardHandler)
	d := &desk{t: t, dir: dir, store: s, sender: &notes{limit: 2000}}
	judge := &Judge{Store: s, Words: words}
	report := &Reporter{Store: s, Words: words, Theme: charts.Light(), Judge: judge}
	d.health = &Health{
		Store: s, Chats: []store.Chat{chat}, Words: words,
		Sources: []Watched{{Name: "web1", SilentAfter: 24 * time.Hour}}, Started: time.Now(), Next: func() {},
	}
	d.announcer = &Announcer{
		Store: s, Chats: []store.Chat{chat}, Words: words, Judge: judge, Patience: 10 * time.Second,
		MaxAge: time.Hour, Next: func() {}, Again: func(time.Duration) {},
	}
	d.deliverer = &Deliverer{
		Store: s, Words: words, Sender: d.sender, Chat: chat, Draw: report.Draw,
		Again: func(time.Duration) {}, Log: log,
	}
	pictures := *d.deliverer
	pictures.Pictures = true
	d.pictures = &pictures
	d.digester = &Digester{
		Store: s, Chats: []store.Chat{chat}, Reporter: report, Hour: 8, Health: d.health,
		Next: func() {},
	}
	d.commands = &Commands{
		Store: s, Reporter: report, Chats: []store.Chat{chat}, Health: d.health, Log: log,
		Sender: func(store.Chat) msg.Sender { return d.deliverer.Sender },
	}
	return d
}

// ban reads a ban of an address that the table places in the country; "-" is no public address.
func (d *desk) ban(address string, country store.Country, change ...func(*store.Ban)) {
	d.t.Helper()
	b := store.Ban{Time: time.Now(), HasEpoch: true, Address: address, Jail: "sshd", Failures: 5, BanTime: 3600}
	for _, c := range change {
		c(&b)
	}
	d.line++
	_, err := d.store.AddBans(d.t.Context(), store.Batch{
		Source: "web1", Cursor: store.Cursor{Offset: d.line, Size: d.line, Line: d.line}, Bans: []store.Ban{b},
		Lines:  1,
		ReadAt: time.Now(), NewsSince: time.Now().Add(-time.Hour),
		Place: func(text string) (store.Located, error) {
			l := d.systems[text]
			l.Public, l.Country = country != "-", strip(country)
			return l, nil
		},
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func strip(c store.Country) store.Country {
	if c == "-" {
		return ""
	}
	return c
}

func ago(d time.Duration) func(*store.Ban) {
	return func(b *store.Ban) { b.Time = b.Time.Add(-d) }
}

func by(jail string) func(*store.Ban) { return func(b *store.Ban) { b.Jail = jail } }

// step announces and delivers what is due.
func (d *desk) step() {
	d.t.Helper()
	if err := d.announcer.Step(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	d.deliver()
}

// deliver delivers what is due: words, pictures, and words that have waited for a picture.
func (d *desk) deliver() {
	d.t.Helper()
	for _, deliverer := range []*Deliverer{d.deliverer, d.pictures, d.deliverer} {
		if err := deliverer.Step(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
	}
}

// alert is the whole alert of the latest ban of the address.
func (d *desk) alert(address string) string {
	d.t.Helper()
	bans, err := d.store.BansOf(d.t.Context(), address, 1)
	if err != nil || len(bans) == 0 {
		d.t.Fatalf("bans of %s: %v, %v", address, bans, err)
	}
	return d.announcer.Words.Alert(bans[0], nil, "").String()
}

// opening is how the alert begins about an address in Belgium that sshd banned on web1.
func opening(address string) string {
	w := Words{Friends: store.Friends{Countries: []store.Country{"BE"}}}
	return w.Headline(store.EnrichedBan{
		Ban: store.Ban{Source: "web1", Jail: "sshd", Address: address}, Country: "BE",
	}).String()
}

// unbanned is how an alert ends: with the way to lift sshd's ban of the address.
func unbanned(address string) string {
	return Words{}.unban(store.Ban{Address: address, Jail: "sshd"}).String()
}

// mayRepeat is the text of a message that may have been sent before.
func mayRepeat(text string) string {
	return msg.Message{Text: msg.Text{{Text: text}}}.AsRepeat().Text.String()
}

func (d *desk) said(want ...string) {
	d.t.Helper()
	got := d.sender.texts()
	if len(got) != len(want) {
		d.t.Fatalf("got %d messages, want %d:\n%s", len(got), len(want), strings.Join(got, "\n---\n"))
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			d.t.Errorf("message %d is %q, want %q in it", i+1, got[i], want[i])
		}
	}
}

func TestR23FriendOfTheTableIsToldAtOnceAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "BE")
		d.ban("198.51.100.8", "CN")
		d.step()
		d.said(d.alert("198.51.100.7"))
		time.Sleep(10 * time.Second)
		d.step()
		d.step()
		d.said(d.alert("198.51.100.7"))
	})
}

func TestR23TenThousandUnknownAddressesAreDecidedWithinPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		var bans []store.Ban
		for i := range 10_000 {
			bans = append(bans, store.Ban{
				Time: time.Now(), HasEpoch: true, Address: fmt.Sprintf("2001:db8::%x", i),
				Jail: "sshd",
			})
		}
		_, err := d.store.AddBans(t.Context(), store.Batch{
			Source: "web1", Cursor: store.Cursor{Offset: 1, Size: 1, Line: 1}, Bans: bans, Lines: len(bans),
			ReadAt: time.Now(), NewsSince: time.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		addresses, err := d.store.Unlocated(t.Context(), 20_000)
		if err != nil {
			t.Fatal(err)
		}
		var located []store.Located
		for _, a := range addresses {
			located = append(located, store.Located{
				ID: a.ID, Public: true,
				Country: map[bool]store.Country{true: "BE"}[a.Text == "2001:db8::2328"],
			})
		}
		if err := d.store.Locate(t.Context(), located); err != nil {
			t.Fatal(err)
		}
		d.step()
		d.said(opening("2001:db8::2328"))
		time.Sleep(d.announcer.Patience)
		d.step()
		d.said(opening("2001:db8::2328"))
		if pending, err := d.announcer.Pending(t.Context()); pending || err != nil {
			t.Errorf("pending: %v, %v; want all decided", pending, err)
		}
	})
}

func TestAddressThatNobodyCanBeAskedForIsDecidedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("evil.example.com", "-")
		d.step()
		if pending, err := d.announcer.Pending(t.Context()); pending || err != nil {
			t.Errorf("pending: %v, %v; want a decision", pending, err)
		}
		d.said()
	})
}

func TestHistoryIsSummarisedOnceThenSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(1000 * time.Hour)
		for i := range 5 {
			d.ban("198.51.100.7", "BE", ago(time.Duration(i+2)*24*time.Hour))
		}
		d.step()
		d.step()
		d.said("Read 5 bans, 5 Feb to 9 Feb; 5 friendly. Alerts begin now. See /friends all.")
		d.ban("198.51.100.7", "BE", ago(2*time.Hour))
		d.step()
		d.said("Read 5 bans")
		time.Sleep(time.Hour)
		d.step()
		d.said("Read 5 bans", "1 friendly ban came late: 🇧🇪 198.51.100.7, sshd on web1, 15:00 (3 h ago)")
	})
}

func TestDueAlertsShareAMessageAndNoneIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Patience = 0
		d.sender.limit = 500
		for i := range 7 {
			d.ban("198.51.100.7", "BE", by(fmt.Sprint("jail", i)))
		}
		d.step()
		got := d.sender.texts()
		if n := strings.Count(strings.Join(got, ""), " unbanip 198.51.100.7"); n != 7 || len(got) < 2 || len(got) > 6 {
			t.Errorf("%d alerts in %d messages, want 7 in a few", n, len(got))
		}
		for _, text := range got {
			if len(text) > 500 {
				t.Errorf("a message of %d bytes, limit 500", len(text))
			}
		}
	})
}

func TestFailedAttempts(t *testing.T) {
	alert := opening("198.51.100.7")
	tests := map[string]struct {
		replies []error
		lose    bool
		wait    time.Duration // until the message has to be there
		want    []string
		dead    int
	}{
		"not sent": {
			replies: []error{&msg.NotSentError{Reason: "no route"}}, wait: 2 * time.Second,
			want: []string{alert},
		},
		"limit": {
			replies: []error{&msg.RetryAfterError{After: 90 * time.Second, Scope: msg.ThisChat}},
			wait:    91 * time.Second, want: []string{alert},
		},
		"unclear, arrived": {
			replies: []error{errors.New("EOF")}, lose: true, wait: 2 * time.Second,
			want: []string{alert, mayRepeat(alert)},
		},
		"unclear then 429": {
			replies: []error{errors.New("EOF"), &msg.RetryAfterError{After: time.Second, Scope: msg.WholePlatform}},
			wait:    5 * time.Second, want: []string{mayRepeat(alert)},
		},
		"rejected": {replies: []error{&msg.RejectedError{Reason: "bad"}}, wait: time.Hour, want: nil, dead: 1},
		"moved":    {replies: []error{&msg.MovedError{To: "2"}}, wait: 0, want: []string{alert}},
		"forbidden is slow": {
			replies: []error{&msg.NotSentError{Reason: "kicked", After: 15 * time.Minute}},
			wait:    15*time.Minute + time.Second, want: []string{alert},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.announcer.Patience = 0
				d.sender.replies, d.sender.lose = tc.replies, tc.lose
				d.ban("198.51.100.7", "BE")
				d.step()
				for end := time.Now().Add(tc.wait); time.Now().Before(end); {
					time.Sleep(time.Second)
					d.step()
				}
				d.said(tc.want...)
				status, err := d.store.ChatStatus(t.Context(), store.Chat{Platform: "paper", ID: "1"})
				if err != nil || status.Dead != tc.dead || status.Waiting != 0 {
					t.Errorf("status %+v, %v; want %d dead, none waiting", status, err, tc.dead)
				}
				limit, ok := errors.AsType[*msg.RetryAfterError](errors.Join(tc.replies...))
				if ok && len(d.sender.tried) > 1 {
					last := d.sender.tried[len(d.sender.tried)-1]
					if pause := last.Sub(d.sender.tried[len(d.sender.tried)-2]); pause < limit.After {
						t.Errorf("tried again after %v, want %v", pause, limit.After)
					}
				}
			})
		})
	}
}

func TestOneBadAlertDoesNotTakeOthersWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Patience = 0
		bad := &msg.RejectedError{Reason: "bad"}
		d.sender.replies = []error{bad, bad} // the three together, then the first of them alone
		for i := range 3 {
			d.ban("198.51.100.7", "BE", ago(time.Duration(i)*time.Minute))
		}
		d.step()
		if got := len(d.sender.sent); got != 2 {
			t.Errorf("%d messages arrived, want the two good ones", got)
		}
	})
}

func TestAttemptCutShortByACrashMayRepeatAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Patience = 0
		d.ban("198.51.100.7", "BE")
		if err := d.announcer.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		due, err := d.store.Due(t.Context(), d.deliverer.Chat, time.Now(), "", 10)
		if err != nil || len(due) != 1 {
			t.Fatal(due, err)
		}
		if _, err := d.store.Claim(t.Context(), "nonce", time.Now(), due[0].ID); err != nil {
			t.Fatal(err)
		}
		d.step()
		d.said() // somebody else is sending it
		if err := d.store.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.step()
		d.said(mayRepeat(opening("198.51.100.7")))
		if d.sender.sent[0].Nonce != "nonce" {
			t.Errorf("nonce %q, want that of the first attempt", d.sender.sent[0].Nonce)
		}
	})
}
