package bot

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/act"
	"friendlyfire/store"
)

// An answer that takes long is given in two steps, and keeps no alert waiting.
func TestASlowHelperIsToldInTwoSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		helper := d.acting()
		helper.takes = 11 * time.Second
		helper.answer = act.Answer{Outcome: act.Unclear, Text: "Fail2Ban does not answer; the ban may be lifted"}
		d.ban("198.51.100.7", "BE")
		d.step()
		asked := d.types(ann, "/unban 198.51.100.7")
		begun := time.Now()
		told := d.types(ann, commandOf(t, asked, "Yes, unban"))
		has(t, told, "Being unbanned", "takes its time")
		if took := time.Since(begun); took > 4*time.Second {
			t.Errorf("an answer after %v", took)
		}
		d.ban("198.51.100.8", "BE")
		d.step()
		d.said(opening("198.51.100.7"), opening("198.51.100.8"))
		time.Sleep(15 * time.Second)
		d.step()
		d.said(opening("198.51.100.7"), opening("198.51.100.8"), "Perhaps unbanned")
		has(t, d.sender.sent[2], "the ban may be lifted")
		if d.sender.sent[2].Silent {
			t.Error("what went wrong does not ring")
		}
	})
}

// An answer that nobody could give because the program stopped is given once it runs again.
func TestAnAnswerThatTheStopKeptBackIsGivenLater(t *testing.T) {
	const takes = 2*time.Second + actLook/4
	for _, after := range []time.Duration{time.Second, takes + actLook/4} { // before the act has ended, and before that is seen
		t.Run(after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				helper := d.acting()
				helper.takes = takes
				ctx, stop := context.WithCancel(t.Context())
				r := ann
				r.Text = commandOf(t, d.types(ann, "/trust 203.0.113.7 7d"), "Yes, trust")
				time.AfterFunc(after, stop)
				d.commands.Answer(ctx, r)
				time.Sleep(5 * time.Second)
				for range 2 {
					if err := d.commands.Acting.Step(t.Context(), "web1"); err != nil {
						t.Fatal(err)
					}
					d.step()
				}
				d.said("203.0.113.7 on web1: Trusted for 7 days")
				helper.was(t, "trust 203.0.113.7 604800s")
			})
		})
	}
}

// What was under way when the program ended may have happened, which is said; what was not begun is not done any more.
func TestA04WhatACrashLeavesIsSaidAndNotDoneAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		helper := d.acting()
		d.ban("198.51.100.7", "BE")
		d.ban("198.51.100.8", "BE")
		d.step()
		d.commands.Acting.Wake = func(string) {} // the program is about to end
		for i, address := range []string{"198.51.100.7", "198.51.100.8"} {
			d.types(ann, commandOf(t, d.types(ann, "/unban "+address), "Yes, unban"))
			if i == 0 {
				open, err := d.store.OpenActs(t.Context(), "web1")
				if err != nil || len(open) != 1 {
					t.Fatal(open, err)
				}
				for want := range 2 {
					if claimed, err := d.store.TryAct(t.Context(), open[0].ID, time.Now()); err != nil || claimed != (want == 0) {
						t.Fatal(claimed, err)
					}
				}
			}
		}
		time.Sleep(10 * time.Minute)
		before := len(d.sender.sent)
		for range 2 {
			if err := d.commands.Acting.Step(t.Context(), "web1"); err != nil {
				t.Fatal(err)
			}
			d.steps(10)
		}
		helper.was(t)
		var told []string
		for _, m := range d.sender.sent[before:] {
			told = append(told, m.Text.String())
		}
		all := strings.Join(told, "\n")
		perhaps, not := strings.Count(all, "Perhaps unbanned"), strings.Count(all, "Not unbanned")
		if perhaps != 1 || not != 1 {
			t.Errorf("told %q", all)
		}
	})
}

// What a command does in a process of its own is left to it, and given up only if it has ended over it.
func TestABotLeavesTheActsOfACommandAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		helper := d.acting()
		err := d.store.AskActs(t.Context(), store.Act{
			Verb: "untrust", Source: "web1", Address: "198.51.100.7", Token: "t", User: "root", AskedAt: time.Now(),
		})
		n, err2 := d.store.ConfirmActs(t.Context(), "t", store.Chat{}, "root", time.Now())
		all, err3 := d.store.ActsByToken(t.Context(), "t")
		if err := errors.Join(err, err2, err3); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if claimed, err := d.store.TryAct(t.Context(), all[0].ID, time.Now()); !claimed || err != nil {
			t.Fatal(claimed, err)
		}
		for _, want := range []store.ActOutcome{"", store.ActUnclear} {
			if err := d.commands.Acting.Step(t.Context(), "web1"); err != nil {
				t.Fatal(err)
			}
			if all, err := d.store.ActsByToken(t.Context(), "t"); err != nil || all[0].Outcome != want {
				t.Errorf("outcome %q, %v, want %q", all[0].Outcome, err, want)
			}
			time.Sleep(3 * time.Minute)
		}
		helper.was(t)
	})
}

// What several servers answer is one message, once all of them have.
func TestAnswersOfSeveralServersAreToldTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		quick := d.acting()
		slow := &server{takes: 8 * time.Second}
		d.commands.Acting.Servers["web2"] = slow
		asked := d.types(ann, "/trust 203.0.113.7 7d")
		has(t, asked, "Trust 203.0.113.7 on web1, web2 for 7 days?")
		told := d.types(ann, commandOf(t, asked, "Yes, trust"))
		has(t, told, "on web1: Trusted", "on web2: Being trusted", "takes its time")
		for range 20 {
			time.Sleep(time.Second)
			d.step()
		}
		d.said("203.0.113.7 on web2: Trusted for 7 days")
		has(t, d.sender.sent[0], "203.0.113.7 on web1: Trusted for 7 days")
		quick.was(t, "trust 203.0.113.7 604800s")
		slow.was(t, "trust 203.0.113.7 604800s")
	})
}
