package fleet

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// A clock that stands still while a machine sleeps does not tell that the lease is over. The log does.
func TestWhatAnOldSpeakerWritesIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.newPair()
		a.setCut(true)
		time.Sleep(15 * time.Second)
		if a.member.Speaks() || !b.member.Speaks() {
			t.Fatal("the other bot has not taken over")
		}
		a.setCut(false)
		said := store.Said{Attempt: "late", Platform: chat.Platform, Chat: chat.ID}
		if err := a.member.say(t.Context(), store.Said{Attempt: "none"}); err != nil {
			t.Fatal(err) // nothing is said
		}
		said.Fates = []store.Fate{{Key: "ban/one", State: store.FateBegun}}
		if err := a.member.say(t.Context(), said); !errors.Is(err, ErrSilent) && !errors.Is(err, ErrRefused) {
			t.Errorf("what it writes is taken: %v", err)
		}
		if err := a.member.Keep(t.Context(), "telegram/updates/1", "2"); err == nil {
			t.Error("how far it has read is taken")
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if _, seq := w.last("VOICE.said.late.0"); seq > 0 {
			t.Error("it is in the log")
		}
	})
}

func TestWhoSpeaksKnowsWhatIsWrongWithTheOthersMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.newPair()
		for _, want := range []string{"", "it is full", ""} {
			b.mu.Lock()
			b.trouble = want
			b.mu.Unlock()
			time.Sleep(15 * time.Second)
			partners := a.member.Status().Partners
			if len(partners) != 1 || partners[0].Name != "bot-b" || partners[0].Troubles["disk"] != want {
				t.Errorf("partners are %v, want bot-b with the trouble %q", partners, want)
			}
		}
	})
}

func TestNobodySpeaksWhoHasNotHeardWhatWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.newPair()
		b.mu.Lock()
		b.deaf = true
		b.mu.Unlock()
		w.notice("one", a, b)
		time.Sleep(2 * time.Second)
		a.kill()
		time.Sleep(time.Minute)
		if got := w.told(); !slices.Equal(got, []string{"bot-a: one"}) {
			t.Errorf("told %q", got)
		}
		b.mu.Lock()
		b.deaf = false
		b.mu.Unlock()
		w.notice("two", b)
		time.Sleep(5 * time.Second)
		if got := w.told(); !slices.Equal(got, []string{"bot-a: one", "bot-b: two"}) {
			t.Errorf("told %q", got)
		}
	})
}

// Wherever a bot stops while it tells something, the other one tells it, once: with the mark if it may have been told.
func TestWhereverABotStopsTheOtherOneGoesOn(t *testing.T) {
	const one = "one"
	for point, want := range map[string][]string{
		beforeClaim:   {"bot-b: one", "bot-b: two"},
		afterClaim:    {"bot-b: one (may repeat)", "bot-b: two"},
		beforeRequest: {"bot-b: one (may repeat)", "bot-b: two"},
		duringRequest: {"bot-a: one", "bot-b: one (may repeat)", "bot-b: two"},
		beforeOutcome: {"bot-a: one", "bot-b: one (may repeat)", "bot-b: two"},
		afterOutcome:  {"bot-a: one", "bot-b: two"},
	} {
		for _, then := range []string{"killed", "stopped", "cut off"} {
			t.Run(then+" "+point, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					a, b := w.newPair()
					reached := a.stopAt(point)
					w.notice(one, a, b)
					<-reached
					switch then {
					case "killed":
						a.kill()
					case "cut off":
						a.setCut(true)
						a.resume()
					}
					time.Sleep(15 * time.Second)
					w.notice("two", b)
					if then != "killed" {
						w.notice("two", a)
					}
					time.Sleep(5 * time.Second)
					want := want
					if then == "cut off" && point == beforeRequest { // its claim is known to be written, and it may still speak
						want = []string{"bot-a: one", "bot-b: one (may repeat)", "bot-b: two"}
					}
					if got := w.told(); !slices.Equal(got, want) {
						t.Errorf("told %q, want %q", got, want)
					}
					switch then {
					case "killed":
						a.start()
						w.notice("two", a)
					case "stopped":
						a.resume()
					case "cut off":
						a.setCut(false)
					}
					time.Sleep(30 * time.Second)
					w.notice("three", b, a)
					time.Sleep(5 * time.Second)
					want = append(slices.Clone(want), "bot-b: three")
					if got := w.told(); !slices.Equal(got, want) {
						t.Errorf("when the first one is back: told %q, want %q", got, want)
					}
				})
			})
		}
	}
}

// A bot that is asked to stop says first what came of its last attempt, so that nothing is told twice.
func TestWhoIsAskedToStopSaysWhatCameOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.newPair()
		reached := a.stopAt(beforeOutcome)
		w.notice("one", a, b)
		<-reached
		a.cancel()
		a.resume()
		a.ended.Wait()
		if err := a.member.Keep(t.Context(), "deed/one", "done"); err != nil {
			t.Errorf("what was done last is not kept: %v", err)
		}
		if err := a.member.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		w.notice("two", b)
		time.Sleep(3 * time.Second)
		if got := w.told(); !slices.Equal(got, []string{"bot-a: one", "bot-b: two"}) {
			t.Errorf("told %q", got)
		}
		if done, err := b.store.Value(t.Context(), "deed/one"); done != "done" || err != nil {
			t.Errorf("the other bot knows %q (%v) of what was done last", done, err)
		}
	})
}
