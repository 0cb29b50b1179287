package store

import (
	"path/filepath"
	"testing"
	"time"
)

// clockwork moves a wall clock and a monotonic one, and starts the program again on the same database.
type clockwork struct {
	t    *testing.T
	s    *Store
	c    *Clock
	wall time.Time
	up   time.Duration
}

func newClockwork(t *testing.T, remote bool) *clockwork {
	t.Helper()
	w := &clockwork{t: t}
	var err error
	if w.s, err = Open(t.Context(), filepath.Join(t.TempDir(), "friendlyfire.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.s.Close() })
	w.wall = time.Now().Round(0).Truncate(time.Second)
	w.start(remote)
	return w
}

// start is the start of another process.
func (w *clockwork) start(remote bool) {
	w.t.Helper()
	var err error
	if w.c != nil {
		if err := w.c.Save(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	if w.c, err = w.s.OpenClock(w.t.Context(), remote); err != nil {
		w.t.Fatal(err)
	}
	w.up = 0
	w.look()
}

func (w *clockwork) look() {
	w.t.Helper()
	if err := w.c.Look(w.t.Context(), w.wall, w.up); err != nil {
		w.t.Fatal(err)
	}
}

// pass lets time pass on both clocks, with a look every six hours.
func (w *clockwork) pass(d time.Duration) {
	w.t.Helper()
	for end := w.up + d; w.up < end; {
		step := min(6*time.Hour, end-w.up)
		w.up, w.wall = w.up+step, w.wall.Add(step)
		w.look()
	}
}

// set sets the wall clock.
func (w *clockwork) set(by time.Duration) {
	w.t.Helper()
	w.wall = w.wall.Add(by)
	w.look()
}

// says is a witness that gives the time with this difference from the wall clock.
func (w *clockwork) says(name string, remote bool, off time.Duration) {
	w.t.Helper()
	w.c.Witness(name, remote, time.Now().Add(off))
	w.look()
}

func (w *clockwork) want(when string, doubt, confirmed bool) {
	w.t.Helper()
	if d := w.c.Doubt(); (d != nil) != doubt || w.c.Confirmed() != confirmed {
		w.t.Errorf("%s: doubt %+v, confirmed %v; want %v, %v", when, d, w.c.Confirmed(), doubt, confirmed)
	}
}

const aDay = 24 * time.Hour

func TestR31PlatformConfirmsTheClockAfterALongAbsence(t *testing.T) {
	w := newClockwork(t, true)
	w.want("new database", false, false)
	w.pass(8 * aDay)
	w.want("without a word of the platform", false, false)
	w.says("telegram", true, 2*time.Second)
	w.want("the platform agrees", false, true)
	w.start(true)
	w.want("restart", false, true)
	w.wall = w.wall.Add(30 * aDay)
	w.start(true)
	w.want("off for a month", true, false)
	w.pass(8 * aDay)
	w.want("the platform out of reach", true, false)
	w.says("telegram", true, 2*time.Second)
	w.want("the platform agrees again", false, true)
}

func TestR31ClockIsInDoubt(t *testing.T) {
	for _, by := range []time.Duration{400 * aDay, -10 * aDay} {
		for name, begin := range map[string]func(w *clockwork){
			"at the start": func(w *clockwork) { w.wall = w.wall.Add(by); w.start(false) },
			"running":      func(w *clockwork) { w.set(by) },
		} {
			w := newClockwork(t, false)
			w.pass(7 * aDay)
			w.want("a week", false, true)
			begin(w)
			w.want(name, true, false)
			if d := w.c.Doubt(); d.Ahead() != by {
				t.Errorf("%s: ahead by %v, want %v", name, d.Ahead(), by)
			}
			w.pass(3 * aDay)
			w.start(false)
			w.want(name+", three days and a restart", true, false)
			w.set(-by)
			w.want(name+", set back", false, true)
			w.set(by)
			w.pass(6 * aDay)
			w.start(false)
			w.want(name+", six days", true, false)
			w.pass(aDay)
			w.want(name+", a week", false, true)
		}
	}
	w := newClockwork(t, false)
	w.pass(7 * aDay)
	for _, by := range []time.Duration{2 * time.Hour, -2 * time.Hour, aDay, -aDay} {
		w.set(by)
		w.want("set by "+by.String(), false, true)
	}
}

func TestR31PlatformContradictsTheClock(t *testing.T) {
	w := newClockwork(t, false)
	w.pass(7 * aDay)
	w.says("telegram", false, -2*time.Hour) // on this machine, and yet with a clock of its own
	w.want("two hours ahead", true, false)
	if d := w.c.Doubt(); d.Witness != "telegram" || d.Ahead().Round(time.Minute) != 2*time.Hour {
		t.Errorf("%+v, want 2 h ahead of telegram", d)
	}
	w.pass(20 * aDay)
	w.want("twenty days", true, false)
	w.set(-2 * time.Hour)
	w.want("set back", false, true)

	w = newClockwork(t, true)
	w.says("telegram", true, 0)
	w.says("discord", true, 5*time.Hour)
	w.want("one that agrees is believed", false, true)
	w.wall = w.wall.Add(400 * aDay)
	w.start(true)
	w.says("telegram", false, 0)
	w.want("a platform on this machine proves nothing", true, false)
}

func TestR31TimesInTheFutureHeal(t *testing.T) {
	w := newClockwork(t, false)
	w.pass(7 * aDay)
	future := w.wall.Add(400 * aDay)
	chat := Chat{"telegram", "1"}
	for _, err := range []error{
		w.s.RecordAttempt(t.Context(), Attempt{Chat: chat, At: future, Outcome: Sent}),
		w.s.SourceFailed(t.Context(), "web1", NoFile, future),
		w.s.SetValue(t.Context(), "store/born", "9999999999"),
		w.s.SetValue(t.Context(), purgedKey, "9999999999"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.s.Post(t.Context(), Notice{Key: "a", Chat: chat, Body: "{}", CreatedAt: future}); err != nil {
		t.Fatal(err)
	}
	w.set(-10 * aDay)
	if created, err := w.s.CreatedAt(t.Context()); err != nil || created.Unix() != 9999999999 {
		t.Fatalf("created %v %v: a clock in doubt heals nothing", created, err)
	}
	w.set(10 * aDay)
	soon := w.wall.Add(time.Second)
	status, err := w.s.ChatStatus(t.Context(), chat)
	if err != nil || status.SentAt.After(soon) || status.Oldest.After(soon) {
		t.Errorf("%+v %v", status, err)
	}
	all, err := w.s.Sources(t.Context())
	if err != nil || len(all) != 1 || all[0].FailingSince.IsZero() || all[0].FailingSince.After(soon) {
		t.Errorf("%+v %v", all, err)
	}
	if created, err := w.s.CreatedAt(t.Context()); err != nil || created.After(soon) {
		t.Errorf("created %v %v", created, err)
	}
	if kept, err := w.s.KeptSince(t.Context()); err != nil || kept.After(w.wall.Add(aDay)) {
		t.Errorf("all is present from %v on, %v", kept, err)
	}
}
