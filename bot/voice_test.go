package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// partner is the voice of one of two desks: what it claims, the other hears at once.
type partner struct {
	name   string
	silent bool
	desk   *desk
	other  *desk
	lost   bool // the other one is out of sight
}

var errSilent = errors.New("another bot speaks by now")

func (p *partner) Speaks() bool { return !p.silent }

func (p *partner) Other() string {
	if p.silent {
		return "the other"
	}
	return ""
}

func (p *partner) Claim(ctx context.Context, ids ...int64) (context.Context, func(), error) {
	if p.silent {
		return nil, nil, errSilent
	}
	said, err := p.desk.store.Owe(ctx, "attempt", ids...)
	p.tell(said)
	return ctx, func() {}, err
}

func (p *partner) Settled() {
	owed, err := p.desk.store.Owed(p.desk.t.Context())
	if err != nil {
		p.desk.t.Fatal(err)
	}
	for _, said := range owed {
		p.tell(said)
		if err := p.desk.store.Paid(p.desk.t.Context(), said.Attempt); err != nil {
			p.desk.t.Fatal(err)
		}
	}
}

func (p *partner) tell(said store.Said) {
	if err := p.other.store.Hear(p.other.t.Context(), "fleet/heard", "1", store.Relayed{Said: &said}); err != nil {
		p.desk.t.Fatal(err)
	}
}

func (p *partner) Keep(ctx context.Context, key, value string) error {
	if p.silent {
		return errSilent
	}
	return p.other.store.Hear(ctx, "fleet/heard", "1", store.Relayed{Key: key, Value: value})
}

func (p *partner) Status() VoiceStatus {
	now := time.Now()
	other := Partner{Name: "bot-b", Since: p.desk.health.Started, Seen: now}
	if p.lost {
		other.Seen = now.Add(-time.Hour)
	}
	var err error
	if other.Troubles, err = p.other.health.OwnTroubles(context.WithoutCancel(p.desk.t.Context())); err != nil {
		p.desk.t.Error(err)
	}
	return VoiceStatus{Name: p.name, Speaks: !p.silent, Partners: []Partner{other}}
}

// twoDesks are two bots with one voice, of which the first one speaks. Their rows have other numbers.
func twoDesks(t *testing.T) (a, b *desk, voices [2]*partner) {
	t.Helper()
	a, b = newDesk(t), newDesk(t)
	b.ban("192.0.2.1", "FR")
	b.ban("192.0.2.2", "FR")
	for i, d := range []*desk{a, b} {
		other := b
		if i == 1 {
			other = a
		}
		v := &partner{name: string("ab"[i]), silent: i == 1, desk: d, other: other}
		voices[i] = v
		d.announcer.Patience = 0
		d.announcer.Words.Shared, d.deliverer.Words.Shared, d.commands.Reporter.Words.Shared = true, true, true
		d.announcer.Voice, d.deliverer.Voice, d.pictures.Voice, d.health.Voice = v, v, v, v
	}
	return a, b, voices
}

// bothAct lets two desks of one voice act, and has them read the same ban. It returns their helpers.
func bothAct(a, b *desk) (of, ofOther *server) {
	of, ofOther = a.acting(), b.acting()
	for _, d := range []*desk{a, b} {
		d.commands.Acting.Voice = d.announcer.Voice
		d.ban("198.51.100.7", "BE")
		d.step()
	}
	return of, ofOther
}

func takeOver(voices [2]*partner) {
	for _, v := range voices {
		v.silent = !v.silent
	}
}

func TestButtonsOfOneBotNameTheSameBanToTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, voices := twoDesks(t)
		_, helper := bothAct(a, b)
		alert := a.sender.sent[0]
		if len(b.sender.sent) > 0 {
			t.Errorf("the silent bot says %q", b.sender.texts())
		}
		takeOver(voices)
		if more := b.types(ann, commandOf(t, alert, "More")); !strings.Contains(more.Text.String(), "198.51.100.7") {
			t.Errorf("More of the other bot's message: %s", more.Text)
		}
		asked := b.types(ann, commandOf(t, alert, "Unban"))
		has(t, asked, "198.51.100.7")
		has(t, b.types(ann, commandOf(t, asked, "Yes, unban")), "Unbanned")
		helper.was(t, "unban sshd 198.51.100.7")
		b.step()
		if len(b.sender.sent) > 0 {
			t.Errorf("what was told is told again: %q", b.sender.texts())
		}
		old := b.types(ann, "/more 1")
		has(t, old, "That button has ended")
		takeOver(voices) // a question ends with the bot that asked it
		has(t, a.types(ann, commandOf(t, asked, "Yes, unban")), "That question is not open")
	})
}

func TestTroubleThatOneBotHasToldTheOtherOneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, voices := twoDesks(t)
		time.Sleep(25 * time.Hour)
		if got := a.look(); len(got) != 1 || !strings.Contains(got[0], "web1 is silent") {
			t.Fatalf("said %q", got)
		}
		takeOver(voices)
		b.expect() // it was told
		b.ban("192.0.2.3", "FR")
		if got := b.look(); len(got) != 1 || !strings.Contains(got[0], "web1 is back, after 1 day 1 h") {
			t.Errorf("said %q, want the end of what the other one has told", got)
		}
		takeOver(voices)
		a.ban("192.0.2.3", "FR")
		a.expect()
	})
}

func TestTroubleThatNobodyHeardIsToldAnewByWhoSpeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, voices := twoDesks(t)
		time.Sleep(25 * time.Hour)
		if err := a.health.Step(t.Context()); err != nil { // posted, and not sent yet
			t.Fatal(err)
		}
		takeOver(voices)
		if err := a.store.Unsay(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		a.ban("192.0.2.3", "FR")
		takeOver(voices)
		a.expect() // neither that it was silent, nor that it is back
		time.Sleep(25 * time.Hour)
		if got := a.look(); len(got) != 1 || !strings.Contains(got[0], "web1 is silent") {
			t.Errorf("said %q", got)
		}
	})
}

func TestAnActUnderWayWhenItsBotEndsIsSaidToBeUnclear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, voices := twoDesks(t)
		helper, other := bothAct(a, b)
		helper.takes = time.Hour
		asked := a.types(ann, commandOf(t, a.sender.sent[0], "Unban"))
		a.types(ann, commandOf(t, asked, "Yes, unban"))
		takeOver(voices)
		if err := b.commands.Acting.TellInterrupted(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.deliver()
		b.said("Perhaps not done: a stopped while it was to unban 198.51.100.7, sshd on web1. Whether it was done is not known.")
		other.was(t)
		if err := b.commands.Acting.TellInterrupted(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.deliver()
		b.said("Perhaps not done")
	})
}

// What has ended by then is told as it ended, also if the bot stopped before it could say so.
func TestWhatIsKnownOfActsWhenTheirBotEndsIsTold(t *testing.T) {
	said := []string{"198.51.100.7 on web1: Trusted for 30 days ", "198.51.100.7, sshd on web1: Unbanned "}
	perhaps := "Perhaps not done: a stopped while it was to unban 198.51.100.7, sshd on web1. Whether it was"
	for ended, want := range [][]string{
		{"Perhaps not done: a stopped while it was to trust 198.51.100.7 on web1; unban 198.51.100.7, sshd on web1. Whe"},
		{said[0], perhaps},
		said,
	} {
		t.Run(plural(ended, "act"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, voices := twoDesks(t)
				bothAct(a, b)
				a.commands.Acting.Wake = func(string) {} // it is about to stop
				ctx, stop := context.WithCancel(t.Context())
				r := ann
				r.Text = commandOf(t, a.types(ann, "/trust 198.51.100.7 30d"), "Yes, trust")
				time.AfterFunc(time.Second, stop)
				a.commands.Answer(ctx, r)
				open, err := a.store.OpenActs(t.Context(), "web1")
				if err != nil || len(open) != 2 {
					t.Fatal(open, err)
				}
				for _, one := range open[:ended] {
					if err := a.commands.Acting.carryOut(t.Context(), one); err != nil {
						t.Fatal(err)
					}
				}
				takeOver(voices)
				if err := b.commands.Acting.TellInterrupted(t.Context()); err != nil {
					t.Fatal(err)
				}
				b.deliver()
				b.said(want[0])
				has(t, b.sender.sent[0], want...)
				if quiet := b.sender.sent[0].Silent; quiet != (ended == 2) {
					t.Errorf("silent: %v", quiet)
				}
			})
		})
	}
}

// Of many acts those that are unclear are counted, not only those that have a name.
func TestActsThatMayNotHaveBeenDoneAreCounted(t *testing.T) {
	a := &Acting{Words: Words{Zone: time.UTC}}
	all := make([]store.Act, actsShown+2)
	one := acting{Bot: "a", More: len(all) - actsShown}
	for i := range all {
		all[i] = store.Act{Verb: "unban", Source: "web1", Jail: "sshd", Address: fmt.Sprint("192.0.2.", i)}
		if i < actsShown {
			one.Acts = append(one.Acts, a.named(all[i]))
		}
	}
	for ended, want := range map[int]string{
		0:             "was to unban 192.0.2.0, sshd on web1; ",
		actsShown - 1: "was to unban 192.0.2.4, sshd on web1, and 2 more. Whether",
		actsShown:     "was to do 2 more. Whether",
		len(all):      "",
	} {
		if got := a.interrupted(one, all[:ended]).String(); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%d have ended: %q, want %q", ended, got, want)
		}
	}
}

// A command over which the program is stopped is no fault of the database.
func TestACommandThatTheStopCutsOffSaysSo(t *testing.T) {
	d := newDesk(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r := ann
	r.Text = "/status"
	has(t, d.commands.Answer(ctx, r), "I was stopped over that. Ask again in a while.")
}

func TestWhatWasDoneByCommandBothBotsKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, voices := twoDesks(t)
		bothAct(a, b)
		a.ban("198.51.100.8", "BE") // the other one reads it later
		a.step()
		first, second := a.sender.sent[0], a.sender.sent[1]
		asked := a.types(ann, commandOf(t, first, "Trust 30 days"))
		a.types(ann, commandOf(t, asked, "Yes, trust"))
		a.types(ann, commandOf(t, first, "Person"))
		a.types(ann, commandOf(t, second, "Attacker"))
		asked = a.types(ann, "/trust 203.0.113.0/24 7d")
		a.types(ann, commandOf(t, asked, "Yes, trust"))
		takeOver(voices)
		for range 2 { // what it hears again it knows
			b.learn()
		}
		b.ban("198.51.100.8", "BE")
		b.learn()
		has(t, b.types(ann, "/trusted"), "198.51.100.7 on web1 until ", "203.0.113.0/24 on web1 until ", "by Ann")
		has(t, b.types(ann, commandOf(t, first, "More")), "Trusted for 30 days ", "A person, says Ann")
		has(t, b.types(ann, "/report strict"), "1 attacker, 1 person")
		acts, err := b.store.LatestActs(t.Context(), 10)
		if err != nil || len(acts) != 3 {
			t.Errorf("knows of %d acts (%v), want 3", len(acts), err)
		}
		if left, err := b.store.Values(t.Context(), "deed/"); err != nil || len(left) > 0 {
			t.Errorf("%v (%v) is still to be learned", left, err)
		}
		b.types(ann, strings.Replace(commandOf(t, second, "Attacker"), "attacker", "unsure", 1))
		takeOver(voices)
		a.learn()
		has(t, a.types(ann, "/report strict"), "sshd: 0 attackers, 1 person, 1 unsure")
	})
}

// A message that the other bot could not change any more shows what was done once this one speaks; one that it has
// changed is left alone.
func TestTheOneThatGoesOnShowsWhatWasDone(t *testing.T) {
	for name, fails := range map[string]bool{"changed before": false, "not changed before": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, voices := twoDesks(t)
				was, is := a.inPlace(), b.inPlace()
				bothAct(a, b)
				if fails {
					was.refuses = []error{&msg.NotSentError{Reason: "it stops", Unreached: true}}
				}
				asked := a.types(ann, commandOf(t, a.sender.sent[0], "Unban"))
				a.types(ann, commandOf(t, asked, "Yes, unban"))
				for range 8 { // seconds
					b.learn()
					b.step()
					a.step()
					time.Sleep(time.Second)
				}
				if len(was.edits) != 1 {
					t.Fatalf("changed %q", was.edits)
				}
				takeOver(voices)
				b.steps(10)
				if !fails {
					if len(is.edits) > 0 {
						t.Errorf("changed once more: %q", is.edits)
					}
					return
				}
				if len(is.edits) != 1 || !strings.HasPrefix(is.edits[0], "a: ") || !strings.Contains(is.edits[0], "by Ann: lifted") {
					t.Errorf("changed %q, want what was done, once", is.edits)
				}
			})
		})
	}
}

// What was done on the command line of a machine the other bot knows as soon as that machine's bot speaks.
func TestWhatWasDoneOnACommandLineBothBotsKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, voices := twoDesks(t)
		bothAct(a, b)
		bot := a.commands.Acting
		typed := &Acting{Store: a.store, Words: bot.Words, Servers: bot.Servers, Next: func() {}, Log: bot.Log}
		trust := store.Act{Verb: "trust", Source: "web1", Address: "198.51.100.7", For: time.Hour}
		if _, _, err := typed.Now(t.Context(), "root", []store.Act{trust}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := bot.Step(t.Context(), "web1"); err != nil {
				t.Fatal(err)
			}
		}
		takeOver(voices)
		b.learn()
		has(t, b.types(ann, "/trusted"), "198.51.100.7 on web1 until ", "by root")
		if acts, err := b.store.LatestActs(t.Context(), 10); err != nil || len(acts) != 1 {
			t.Errorf("knows of %d acts (%v), want 1", len(acts), err)
		}
	})
}

// A bot that cannot tell the other one of a mark does not make it.
func TestAMarkThatTheOtherBotCannotKnowIsNotMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, voices := twoDesks(t)
		a.acting()
		a.commands.Acting.Voice = a.announcer.Voice
		a.ban("198.51.100.7", "BE")
		a.step()
		voices[0].silent = true
		has(t, a.types(ann, commandOf(t, a.sender.sent[0], "Person")), "I may not note that just now")
		voices[0].silent = false
		if got := a.types(ann, "/report strict").Text.String(); strings.Contains(got, "1 person") {
			t.Errorf("says %q, though nothing was marked", got)
		}
	})
}

// learn learns what the other bot has done.
func (d *desk) learn() {
	d.t.Helper()
	if err := d.commands.Acting.Learn(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

func TestHistoryIsNoNewsForABotThatStoodBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, voices := twoDesks(t)
		for _, d := range []*desk{a, b} {
			d.ban("198.51.100.7", "BE", ago(48*time.Hour))
			d.step()
		}
		a.said("Read 1 ban")
		takeOver(voices)
		b.step()
		if len(b.sender.sent) > 0 {
			t.Errorf("said %q, which was told", b.sender.texts())
		}
	})
}

func TestALimitOfThePlatformHoldsForBothBots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, voices := twoDesks(t)
		a.sender.replies = []error{&msg.RetryAfterError{After: time.Hour, Scope: msg.ThisChat}}
		for _, d := range []*desk{a, b} {
			d.ban("198.51.100.7", "BE")
			d.step()
		}
		takeOver(voices)
		time.Sleep(50 * time.Minute)
		b.step()
		if len(b.sender.tried) > 0 {
			t.Error("the limit was told to one bot, and is passed by the other")
		}
		time.Sleep(11 * time.Minute)
		b.step()
		b.said(opening("198.51.100.7"))
	})
}

// The machine of a bot that stands by may be in trouble for weeks before it is needed.
func TestTroubleOfAMachineThatStandsByIsToldByWhoSpeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, voices := twoDesks(t)
		free := int64(1 << 40)
		b.health.Free = func() (int64, error) { return free, nil }
		a.expect()
		free = 80_000_000
		a.expect("🔴 bot-b, which stands by: its disk is nearly full: 80.0 MB free")
		has(t, a.types(ann, "/status"), "Trouble with bot-b", "bot-b stands by since 01:00 (its disk is nearly full: 80.0 MB free)")
		free = 110_000_000 // just above the limit
		a.expect()
		free = 1 << 40
		a.expect("🟢 bot-b: its disk has room again")

		failed := func(d *desk, reason string) {
			if err := d.store.SourceFailed(t.Context(), "web1", reason, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		failed(b, store.NoFile)
		time.Sleep(2 * time.Minute)
		a.expect("🔴 bot-b, which stands by: it cannot read web1")
		failed(b, "")
		a.expect("🟢 bot-b: it can read its sources again")
		failed(a, store.NoFile) // what both have is not its machine's
		failed(b, store.NoFile)
		time.Sleep(2 * time.Minute)
		if got := a.look(); len(got) != 1 || strings.Contains(got[0], "bot-b") {
			t.Errorf("said %q, want that web1 cannot be read", got)
		}
		free = 80_000_000
		voices[0].lost = true
		if got := a.look(); len(got) != 1 || !strings.Contains(got[0], "bot-b is gone") {
			t.Errorf("said %q, want that it is gone", got)
		}
	})
}

func TestStatusSaysWhoSpeaks(t *testing.T) {
	w, now := Words{Zone: time.UTC}, time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return now.Add(-d) }
	b := Partner{Name: "bot-b", Since: at(2 * time.Hour), Seen: at(5 * time.Second)}
	lost := Partner{Name: "bot-b", Since: at(2 * time.Hour), Seen: at(time.Hour)}
	for want, v := range map[string]VoiceStatus{
		"": {},
		"voice: bot-a speaks since 11:00, bot-b stands by since 10:00\n": {Name: "bot-a", Speaks: true, Speaker: "bot-a", Since: at(time.Hour), Partners: []Partner{b}},
		"voice: bot-a speaks since 11:00, bot-b is gone since 11:00\n":   {Name: "bot-a", Speaks: true, Speaker: "bot-a", Since: at(time.Hour), Partners: []Partner{lost}},
		"voice: bot-a speaks since 11:00, nobody stands by\n":            {Name: "bot-a", Speaks: true, Speaker: "bot-a", Since: at(time.Hour)},
		"voice: nobody speaks, bot-b stands by since 10:00\n":            {Name: "bot-a", Partners: []Partner{b}},
	} {
		if got := w.voiceLine(v, now).String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
