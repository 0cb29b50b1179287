package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/evidence/whatif"
	"friendlyfire/store"
)

// tunedLog is a log of sshd with a maxretry of 3 since 12 November, where each of so many friends fails as often as the
// function says, and 200 others eight times. Who is banned goes on, as nobody's firewall is quicker.
func tunedLog(friends int, failures func(n int) int) string {
	var b strings.Builder
	at := time.Date(2026, 11, 12, 8, 0, 0, 0, time.UTC)
	say := func(module, format string, values ...any) {
		at = at.Add(2 * time.Second)
		stamp := at.Format(time.DateTime)
		fmt.Fprintf(&b, "%s,123 fail2ban.%s [900]: INFO    %s\n", stamp, module,
			strings.ReplaceAll(fmt.Sprintf(format, values...), "NOW", stamp))
	}
	for _, retry := range []int{5, 3} {
		say("jail", "Creating new jail 'sshd'")
		say("filter", "  maxRetry: %d", retry)
		say("filter", "  findtime: 600")
		say("jail", "Jail 'sshd' started")
	}
	fail := func(address string, times int) {
		for n := 1; n <= times; n++ {
			say("filter", "[sshd] Found %s - NOW", address)
			if n == 3 {
				say("actions", "[sshd] Ban %s", address)
			}
		}
		at = at.Add(time.Hour)
	}
	for n := range friends {
		fail(fmt.Sprint("198.51.100.", n), failures(n))
	}
	for n := range 200 {
		fail(fmt.Sprint("203.0.113.", n), 3+n%6)
	}
	return b.String()
}

// readLog answers from a log of web1.
func readLog(t *testing.T, log string) func(context.Context, TuneQuestion) ([]Tuned, error) {
	t.Helper()
	return func(_ context.Context, q TuneQuestion) ([]Tuned, error) {
		replay := whatif.Replay{Jail: q.Jail}
		if err := replay.Read(strings.NewReader(log)); err != nil {
			return nil, err
		}
		one := Tuned{Source: "web1", Jails: append(replay.Jails(), replay.Others()...)}
		for _, jail := range replay.Jails() {
			friend := func(address string) bool { return strings.HasPrefix(address, "198.51.100.") }
			one.Results = append(one.Results, replay.Result(jail, friend, q.Rules(replay.Present(jail))...))
		}
		if replay.Found == 0 {
			one.Lack = LacksFailures
		}
		return []Tuned{one}, nil
	}
}

// posted is a chat that others write to in the background.
type posted struct {
	mu sync.Mutex
	notes
}

func (p *posted) Send(ctx context.Context, chat string, m msg.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.notes.Send(ctx, chat, m)
}

func (p *posted) all() []msg.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sent)
}

// tuning gives the desk logs to read, in the background.
func (d *desk) tuning(read func(context.Context, TuneQuestion) ([]Tuned, error)) (*Tuner, *posted) {
	later := &posted{notes: notes{limit: 2000}}
	t := &Tuner{
		Read: read, Reporter: d.commands.Reporter, Log: slog.New(slog.DiscardHandler),
		Sender: func(store.Chat) msg.Sender { return later },
	}
	t.Wake = func() {
		go func() {
			if err := t.Step(d.t.Context()); err != nil {
				d.t.Error(err)
			}
		}()
	}
	d.commands.Tuner = t
	return t, later
}

func (d *desk) told(text string) msg.Message {
	return d.commands.Answer(d.t.Context(), msg.Request{Platform: "paper", Chat: "1", Text: text})
}

// Promise: /tune answers within three seconds, or says that the answer follows; alerts wait for neither.
func TestTuneAnswersAtOnceOrInTwoSteps(t *testing.T) {
	log := tunedLog(24, func(n int) int { return 3 + n%5 })
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		takes := 2 * time.Second
		asked := 0
		_, later := d.tuning(func(ctx context.Context, q TuneQuestion) ([]Tuned, error) {
			asked++
			time.Sleep(takes)
			return readLog(t, log)(ctx, q)
		})
		whole := d.told("/tune sshd")
		if !strings.HasPrefix(whole.Text.String(), "sshd: maxretry ") || whole.Photo == nil || whole.Fallback == "" || !whole.Silent {
			t.Errorf("at once: %+v", whole.Text)
		}
		if again := d.told("/tune sshd"); again.Text.String() != whole.Text.String() || asked != 1 {
			t.Errorf("asked again, read %d times: %v", asked, again.Text)
		}

		takes = time.Minute
		start := time.Now()
		time.Sleep(2 * keptAnswer)
		if m := d.told("/tune sshd"); m.Text.String() != reading || len(later.all()) > 0 {
			t.Errorf("the first step: %v", m.Text)
		}
		if waited := time.Since(start) - 2*keptAnswer; waited > patience {
			t.Errorf("the first step took %v", waited)
		}
		if m := d.told("/tune dovecot"); !strings.Contains(m.Text.String(), "One log at a time: I am reading that of sshd") {
			t.Errorf("two at a time: %v", m.Text)
		}
		d.banned("jdupont")
		d.step()
		if len(d.sender.sent) != 1 || !strings.Contains(d.sender.texts()[0], "banned 198.51.100.7") {
			t.Errorf("an alert waits: %q", d.sender.texts())
		}
		time.Sleep(takes)
		synctest.Wait()
		if sent := later.all(); len(sent) != 1 || !strings.HasPrefix(sent[0].Text.String(), whole.Text.String()) || sent[0].Photo == nil {
			t.Errorf("the second step: %q", later.texts())
		}
	})
}

// The second of two answers is tried again, without its picture where that is refused, and marked where it may have
// arrived.
func TestTheSecondStepOfTuneArrives(t *testing.T) {
	log := tunedLog(24, func(n int) int { return 3 + n%5 })
	for name, test := range map[string]struct {
		replies       []error
		photo, repeat bool
	}{
		"a rate limit": {[]error{&msg.RetryAfterError{After: 20 * time.Second}}, true, false},
		"no network":   {[]error{&msg.NotSentError{Reason: "no route", Unreached: true}}, true, false},
		"refused":      {[]error{&msg.RejectedError{Reason: "no photos"}}, false, false},
		"unknown":      {[]error{errors.New("EOF")}, false, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			_, later := d.tuning(func(ctx context.Context, q TuneQuestion) ([]Tuned, error) {
				time.Sleep(time.Minute)
				return readLog(t, log)(ctx, q)
			})
			later.replies = test.replies
			d.told("/tune sshd")
			time.Sleep(3 * time.Minute)
			synctest.Wait()
			sent := later.all()
			if len(sent) != 1 || (sent[0].Photo != nil) != test.photo ||
				strings.Contains(sent[0].Text.String(), "may repeat") != test.repeat {
				t.Errorf("%s: %q", name, later.texts())
			}
		})
	}
}

// A stop ends the reading, and nothing is said of it.
func TestAStopEndsTune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		ctx, stop := context.WithCancel(t.Context())
		tuner, later := d.tuning(func(ctx context.Context, _ TuneQuestion) ([]Tuned, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		ended := make(chan struct{})
		tuner.Wake = func() {
			go func() {
				defer close(ended)
				if err := tuner.Step(ctx); err != nil {
					t.Error(err)
				}
			}()
		}
		d.told("/tune sshd")
		stop()
		<-ended
		if sent := later.all(); len(sent) > 0 {
			t.Errorf("%q", later.texts())
		}
	})
}

// Promise: there is one recommendation with its price, or none, and why.
func TestTuneAdvisesWhereTheBoundsAllowIt(t *testing.T) {
	for name, test := range map[string]struct {
		friends  int
		failures func(int) int
		want     int
		why      string
	}{
		"most fail four times":  {20, func(n int) int { return 3 + n%2 }, 5, ""},
		"all fail three times":  {20, func(int) int { return 3 }, 4, ""},
		"they never stop":       {20, func(int) int { return 40 }, 0, "No maxretry up to 6 would have spared a friend: they failed that often."},
		"two":                   {2, func(int) int { return 3 }, 0, "Too few friends were banned for advice."},
		"none":                  {0, nil, 0, "No friend was banned: there is nobody to spare."},
		"as many as five times": {30, func(n int) int { return 3 + n%3 }, 6, ""},
	} {
		all, err := readLog(t, tunedLog(test.friends, test.failures))(t.Context(), TuneQuestion{Jail: "sshd", Rules: chatRules})
		if err != nil {
			t.Fatal(err)
		}
		best, why := advise(all[0].Results[0])
		if best.MaxRetry != test.want || why != test.why {
			t.Errorf("%s: %d, %q, want %d, %q", name, best.MaxRetry, why, test.want, test.why)
		}
	}
}

// The picture and the words have the numbers of the command line.
func TestTuneSaysInChatWhatTheCommandLineSays(t *testing.T) {
	all, err := readLog(t, tunedLog(24, func(n int) int { return 3 + n%5 }))(t.Context(), TuneQuestion{Jail: "sshd", Rules: chatRules})
	if err != nil {
		t.Fatal(err)
	}
	res := all[0].Results[0]
	c := tunePicture(res)
	for i, choice := range res.Choices {
		friends, banned := choice.Friends, choice.Banned
		want := charts.Choice{
			Value:  choice.MaxRetry,
			Spared: charts.Bounds{int64(res.Friends - friends[1]), int64(res.Friends - friends[0])},
			Banned: charts.Bounds{int64(banned[0] - friends[0]), int64(banned[1] - friends[1])},
			Mark:   c.Choices[i].Mark,
		}
		if c.Choices[i] != want {
			t.Errorf("maxretry %d: %+v, want %+v", choice.MaxRetry, c.Choices[i], want)
		}
	}
	if c.Choices[0].Mark != "today" || c.Friends != 24 || c.Others != 200 {
		t.Errorf("%+v", c)
	}
	if _, err := c.PNG(); err != nil {
		t.Error(err)
	}
}

// A jail of several servers is told of each, and what a server cannot say as well. The picture is of the one with most
// friends.
func TestTuneTellsServersApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		few := readLog(t, tunedLog(4, func(int) int { return 3 }))
		many := readLog(t, tunedLog(9, func(int) int { return 3 }))
		d.tuning(func(ctx context.Context, q TuneQuestion) (all []Tuned, err error) {
			for i, read := range []func(context.Context, TuneQuestion) ([]Tuned, error){few, many} {
				one, err := read(ctx, q)
				if err != nil {
					return nil, err
				}
				one[0].Source = fmt.Sprint("web", i+1)
				all = append(all, one...)
			}
			return append(all, Tuned{Source: "mail1", Lack: LacksLog}, Tuned{Source: "web4", Jails: []string{"dovecot"}}), nil
		})
		m := d.told("/tune sshd")
		text := m.Text.String()
		for _, want := range []string{
			"up to 4 of 4 friends (web1)\n", "\n\nsshd: maxretry 4 would have spared up to 9 of 9 friends (web2)\n",
			"\nmail1 is a CSV file",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in %q", want, text)
			}
		}
		if strings.Contains(text, "web4") || !strings.Contains(m.Fallback, "9 of 9 friends") {
			t.Errorf("%q\n%s", text, m.Fallback)
		}
	})
}

func TestTuneUnderstandsNamesOfJails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		log := strings.ReplaceAll(tunedLog(3, func(int) int { return 3 }), "sshd", "my sshd")
		d.tuning(readLog(t, log))
		for typed, want := range map[string]string{
			"/tune my sshd": "my sshd: maxretry 4 would have spared up to 3 of 3 friends\n",
			"/tune My SSHD": "web1 has no jail “My SSHD”. Did you mean my sshd? It has my sshd",
			"/tune x":       "web1 has no jail “x”. It has my sshd",
		} {
			time.Sleep(2 * keptAnswer)
			if got := d.told(typed).Text.String(); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %q", typed, got)
			}
		}
	})
}

// Where log lines are known, the answer says how many of the friends look like people.
func TestTuneSaysWhatFriendsLookLike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.tuning(readLog(t, tunedLog(5, func(int) int { return 3 })))
		d.banned("jdupont", "jdupont", "jdupont")
		const want = "\nBy their log lines, 1 of 1 friend banned by sshd looks like a person"
		if got := d.told("/tune sshd").Text.String(); !strings.HasSuffix(got, want) {
			t.Errorf("%q", got)
		}
	})
}

func TestJailsAreSuggested(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "CN", by("dovecot"))
		d.ban("198.51.100.8", "BE")
		for typed, want := range map[string]string{"/tune ": "[sshd dovecot]", "/tune do": "[dovecot]", "/tune x": "[]"} {
			if got := fmt.Sprint(d.commands.Suggest(t.Context(), msg.Request{Text: typed})); got != want {
				t.Errorf("%q: %s, want %s", typed, got, want)
			}
		}
		if got := d.told("/tune").Text.String(); got != "Which jail? Like this: /tune sshd. I know sshd and dovecot" {
			t.Error(got)
		}
	})
}
