package bot

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// doubted is a desk whose clock is confirmed, and what lets both of its clocks pass, or starts the program again.
func doubted(t *testing.T, remote bool) (d *desk, log *bytes.Buffer, look func(wall, up time.Duration) string) {
	t.Helper()
	d, log = newDesk(t), &bytes.Buffer{}
	d.health.Log = slog.New(slog.NewTextHandler(log, nil))
	wall, up := time.Now().Round(0), time.Duration(0)
	clock0 := d.health.clock
	open := func() {
		t.Helper()
		clock, err := d.store.OpenClock(t.Context(), remote)
		if err != nil {
			t.Fatal(err)
		}
		d.health.Clock, d.health.clock, up = clock, clock0, 0
	}
	open()
	return d, log, func(byWall, byUp time.Duration) string {
		t.Helper()
		wall = wall.Add(byWall)
		time.Sleep(time.Second) // what is told is told at different times
		if byUp < 0 {
			if err := d.health.Clock.Save(t.Context()); err != nil {
				t.Fatal(err)
			}
			open()
		} else {
			up += byUp
		}
		before := len(d.sender.sent)
		if err := d.health.jump(t.Context(), wall, up); err != nil {
			t.Fatal(err)
		}
		d.step()
		return strings.Join(d.sender.texts()[before:], "|")
	}
}

func TestR31ClockInDoubtIsToldOnceAndItsEndOnce(t *testing.T) {
	const restart, minute, day = -1, time.Minute, 24 * time.Hour
	synctest.Test(t, func(t *testing.T) {
		d, log, look := doubted(t, false)
		look(0, 0)
		for range 8 {
			look(day-minute, restart)
			look(minute, minute)
		}
		if !d.health.Clock.Confirmed() {
			t.Fatal("the clock is not confirmed after a week")
		}
		const said = "The clock may be wrong: it shows 12 Feb 2001, 400 days ahead of when I last ran. " +
			"Until it is set right, or it goes on for a week without being set, I delete nothing."
		if got := look(400*day, restart); got != "🔴 "+said {
			t.Errorf("said %q", got)
		}
		if got := look(minute, minute); got != "" {
			t.Errorf("said %q", got)
		}
		if !strings.Contains(log.String(), said) {
			t.Errorf("logged %q", log)
		}
		status, err := d.commands.status(t.Context())
		text := status.Text.String()
		if err != nil || !strings.HasPrefix(text, "🔴 Trouble with the clock. ") ||
			!strings.Contains(text, "\nclock: "+said+"\n") {
			t.Errorf("status %q, %v", text, err)
		}
		got := look(minute-400*day, minute)
		if !strings.HasPrefix(got, "The clock was set back by 400 days: from 12 Feb 2001 to ") ||
			!strings.HasSuffix(got, "🟢 The clock is right again: it shows 01:02") {
			t.Errorf("said %q", got)
		}
		got = look(minute+10*day, minute)
		if !strings.HasPrefix(got, "The clock was set forward by 10 days: from ") ||
			!strings.Contains(got, "The clock may be wrong: it shows Wed 19 Jan 01:03, 10 days ahead of ") {
			t.Errorf("said %q", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		d, _, look := doubted(t, true)
		look(0, 0)
		d.health.Clock.Witness("telegram", true, time.Now())
		look(minute, minute)
		// After a month off, a platform confirms the clock before anybody has been told.
		look(30*day, restart)
		d.health.Clock.Witness("telegram", true, time.Now())
		look(minute, minute)
		d.said()
		if !d.health.Clock.Confirmed() {
			t.Error("the clock is not confirmed")
		}
		// If none does, the chats will know as soon as they can be reached.
		look(30*day, restart)
		if got, want := look(minute, minute), "🔴 The clock may be wrong: it shows Wed 1 Mar 01:02, 30 days ahead of "+
			"when I last ran. Until it is set right, or a chat platform gives the same time, I delete nothing."; got != want {
			t.Errorf("said %q", got)
		}
		d.health.Clock.Witness("telegram", true, time.Now())
		if got := look(minute, minute); !strings.HasPrefix(got, "🟢 The clock is right again: it shows ") {
			t.Errorf("said %q", got)
		}
		d.health.Clock.Witness("telegram", true, time.Now().Add(-5*time.Hour))
		if got, want := look(minute, minute), "🔴 The clock is wrong: it shows Wed 1 Mar 01:05, 5 h ahead of what telegram says. "+
			"Until it is set right, I delete nothing."; got != want {
			t.Errorf("said %q", got)
		}
	})
}
