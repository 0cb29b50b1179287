package bot

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/act"
	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// server is a helper that does what it is asked, and takes note of it.
type server struct {
	mu     sync.Mutex
	asked  []string
	takes  time.Duration // for an answer
	answer act.Answer    // in place of "lifted"
	rules  []string      // "sshd maxretry 5 findtime 600 bantime 600"
}

func (s *server) Do(ctx context.Context, r act.Request) act.Answer {
	s.mu.Lock()
	s.asked = append(s.asked, r.String())
	takes, answer := s.takes, s.answer
	s.mu.Unlock()
	if !msg.Sleep(ctx, takes) {
		return act.Answer{Outcome: act.Unclear, Text: "the helper does not answer"}
	}
	if r.Verb == act.Jails || r.Verb == act.Rules {
		return s.ruled(r)
	}
	if answer.Outcome == "" {
		answer = act.Answer{Outcome: act.Done, Text: map[act.Verb]string{
			act.Unban: "lifted", act.Trust: "trusted until then", act.Untrust: "not trusted any more",
		}[r.Verb]}
	}
	return answer
}

func (s *server) was(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := strings.Join(s.asked, "; "); got != strings.Join(want, "; ") {
		t.Errorf("the helper was asked for %q, want %q", got, want)
	}
	s.asked = nil
}

// person is somebody who gives commands.
var ann = msg.Request{Platform: "paper", Chat: "1", User: "7", Name: "Ann"}

// acting gives the desk a helper for web1, and carries acts out in the background as the program does.
func (d *desk) acting() *server {
	d.t.Helper()
	s := &server{}
	woken := make(chan string, 100)
	a := &Acting{
		Store: d.store, Words: d.announcer.Words, Servers: map[string]FailServer{"web1": s},
		Chats: d.announcer.Chats, Wake: func(source string) { woken <- source }, Next: func() {},
		Log: slog.New(slog.DiscardHandler),
	}
	d.commands.Acting, d.deliverer.Acting, d.announcer.Acting = a, a, a
	ctx, stop := context.WithCancel(d.t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case source := <-woken:
				if err := a.Step(ctx, source); err != nil && ctx.Err() == nil {
					d.t.Error(err)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	d.t.Cleanup(func() { stop(); running.Wait() })
	return s
}

// type gives a command, or presses the button with that label below a message.
func (d *desk) types(r msg.Request, text string) msg.Message {
	d.t.Helper()
	r.Text = text
	return d.commands.Answer(d.t.Context(), r)
}

func commandOf(t *testing.T, m msg.Message, label string) string {
	t.Helper()
	for _, row := range m.Buttons {
		for _, b := range row {
			if b.Label == label {
				if len(b.Command) > 64 {
					t.Errorf("%q is longer than a button's command may be", b.Command)
				}
				return b.Command
			}
		}
	}
	t.Fatalf("no button %q below %q: %v", label, m.Text, m.Buttons)
	return ""
}

// labels are those of the buttons below a message, rows between bars.
func labels(m msg.Message) string {
	var rows []string
	for _, row := range m.Buttons {
		var all []string
		for _, b := range row {
			all = append(all, b.Label)
		}
		rows = append(rows, strings.Join(all, ", "))
	}
	return strings.Join(rows, " | ")
}

func has(t *testing.T, m msg.Message, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(m.Text.String(), w) {
			t.Errorf("%q, want %q in it", m.Text, w)
		}
	}
}

func TestABanIsLiftedByTwoTapsAndTheAlertSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		platform := d.inPlace()
		helper := d.acting()
		d.ban("198.51.100.7", "BE")
		d.step()
		alert := d.sender.sent[0]
		if got := labels(alert); got != "Unban, Trust 30 days | Attacker, Person, More" {
			t.Errorf("buttons %q", got)
		}
		asked := d.types(ann, commandOf(t, alert, "Unban"))
		has(t, asked, opening("198.51.100.7"), "Lift the ban of 198.51.100.7, sshd on web1?")
		helper.was(t)
		told := d.types(ann, commandOf(t, asked, "Yes, unban"))
		helper.was(t, "unban sshd 198.51.100.7")
		has(t, told, opening("198.51.100.7"), "Unbanned ", " by Ann: lifted")
		if got := labels(told); got != "Trust 30 days | Attacker, Person, More" {
			t.Errorf("buttons %q", got)
		}
		d.steps(10)
		if n := len(platform.edits); n != 1 || !strings.Contains(platform.edits[0], "by Ann: lifted") {
			t.Errorf("the alert was changed %d times: %q", n, platform.edits)
		}
		has(t, d.types(ann, commandOf(t, told, "More")), "by Ann: lifted", "Its log lines are not known")
	})
}

func TestTrustIsTwoActsAndCanBeUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		helper := d.acting()
		d.ban("198.51.100.7", "BE")
		d.step()
		asked := d.types(ann, commandOf(t, d.sender.sent[0], "Trust 30 days"))
		has(t, asked, "Trust 198.51.100.7 on web1 for 30 days, and lift the ban of 198.51.100.7, sshd on web1?")
		told := d.types(ann, commandOf(t, asked, "Yes, trust"))
		helper.was(t, "trust 198.51.100.7 2592000s", "unban sshd 198.51.100.7")
		has(t, told, "Trusted for 30 days ", "Unbanned ")
		if got := labels(told); got != "Undo | Attacker, Person, More" {
			t.Errorf("buttons %q", got)
		}
		has(t, d.types(ann, "/trusted"), "198.51.100.7 on web1 until ", "by Ann")
		asked = d.types(ann, commandOf(t, told, "Undo"))
		told = d.types(ann, commandOf(t, asked, "Yes, untrust"))
		helper.was(t, "untrust 198.51.100.7")
		has(t, told, "Trust ended ")
		has(t, d.types(ann, "/trusted"), "Nobody is trusted")
	})
}

func TestWordsActAsButtonsDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		helper := d.acting()
		d.ban("198.51.100.7", "BE")
		d.ban("198.51.100.7", "BE", by("postfix"))
		d.ban("198.51.100.8", "BE", ago(2*time.Hour))
		d.step()
		asked := d.types(ann, "/unban 198.51.100.7")
		has(t, asked, "Lift the ban of 198.51.100.7, postfix on web1; 198.51.100.7, sshd on web1?")
		yes := strings.TrimSuffix(commandOf(t, asked, "Yes, unban 2"), " ")
		has(t, asked, yes)
		has(t, d.types(ann, yes), "198.51.100.7, sshd on web1: Unbanned ", "198.51.100.7, postfix on web1: Unbanned ")
		helper.was(t, "unban postfix 198.51.100.7", "unban sshd 198.51.100.7")
		asked = d.types(ann, "/trust 203.0.113.0/24 7d")
		has(t, asked, "Trust 203.0.113.0/24 on web1 for 7 days?")
		has(t, d.types(ann, commandOf(t, asked, "No")), "Nothing was done")
		has(t, d.types(ann, commandOf(t, asked, "Yes, trust")), "Nothing was done")
		for text, want := range map[string]string{
			"/unban 192.0.2.1": "was never banned here", "/unban 198.51.100.8": "none is left", "/unban": "Which address?",
			"/unban x": "is no address", "/trust 203.0.113.7 91d": "90 days at most", "/trust 203.0.112.0/23": "is wider than",
			"/yes": "Yes to what?", "/yes abcdefgh": "not open", "/unban 198.51.100.7 sshd": "One address",
			"/ask unban 99": "I do not know that ban", "/ask ban 1": "nothing that I can do", "/help": "/trust ADDRESS",
		} {
			has(t, d.types(ann, text), want)
		}
		helper.was(t)
	})
}

func TestAStormIsLiftedAfterItsNumberWasNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.inPlace()
		helper := d.acting()
		d.storm(12)
		d.step()
		asked := d.types(ann, commandOf(t, d.sender.sent[0], "Unban all 12"))
		has(t, asked, "Lift 12 bans of sshd on web1?")
		if !asked.Aside {
			t.Error("the question takes the storm's place")
		}
		has(t, d.types(ann, commandOf(t, asked, "Yes, unban 12")), "12 addresses, sshd on web1: Unbanned ", "lifted")
		if n := len(helper.asked); n != 12 {
			t.Errorf("%d acts", n)
		}
	})
}

func TestTheDigestSaysWhatWasDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.acting()
		untilDigest()
		time.Sleep(time.Hour)
		d.ban("198.51.100.7", "BE")
		d.step()
		asked := d.types(ann, commandOf(t, d.sender.sent[0], "Trust 30 days"))
		d.types(ann, commandOf(t, asked, "Yes, trust"))
		d.morning()
		has(t, d.sender.sent[0], "Acts: 1 lifted, 1 trusted; by Ann")
	})
}

func TestMarksAreKeptAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.acting()
		for i := range 5 {
			d.ban(fmt.Sprint("198.51.100.", 7+i), "BE")
			d.step()
		}
		for i := range 3 {
			label := map[bool]string{true: "Person", false: "Attacker"}[i == 2]
			m := d.types(ann, commandOf(t, d.sender.sent[i], label))
			has(t, m, "says Ann")
		}
		m := d.types(ann, commandOf(t, d.sender.sent[0], "Person"))
		has(t, m, "A person, says Ann")
		m = d.types(ann, commandOf(t, m, "Attacker"))
		has(t, m, "An attacker, says Ann")
		marks, err := d.store.MarksByJail(t.Context(), store.Window{})
		if want := (store.Marks{Attackers: 2, People: 1}); err != nil || marks["sshd"] != want {
			t.Errorf("marks %v, %v, want %v", marks, err, want)
		}
		has(t, d.types(ann, "/report strict"), "sshd: 2 attackers, 1 person, 2 unsure")
	})
}
