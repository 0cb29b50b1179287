package store

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

// fail records a failed attempt at the time now, after which the chat is held.
func fail(t *testing.T, s *Store, chat Chat, now time.Time, length time.Duration) {
	t.Helper()
	err := s.RecordAttempt(t.Context(), Attempt{Chat: chat, At: now, Outcome: NotSent, Failed: true, Hold: length})
	if err != nil {
		t.Fatal(err)
	}
}

// A clock that is set back, in the process that has set a hold or before the next one, prolongs no hold beyond its
// length. The times of this test have no monotonic clock, like those of a database.
func TestR31ClockSetBackProlongsNoHold(t *testing.T) {
	chat := Chat{"telegram", "-1001"}
	for name, restarts := range map[string]bool{"the same process": false, "the next process": true} {
		t.Run(name, func(t *testing.T) {
			for _, by := range []time.Duration{time.Minute, 2 * time.Hour, 24 * time.Hour, 400 * 24 * time.Hour} {
				for _, length := range []time.Duration{time.Second, 20 * time.Second, 12_966 * time.Second} {
					path := filepath.Join(t.TempDir(), "test.db")
					s := openAt(t, path)
					now := time.Unix(1795349000, 0)
					fail(t, s, Chat{"telegram", "42"}, now, length)
					fail(t, s, chat, now, length)
					if restarts {
						s = openAt(t, path)
					}
					now = now.Add(-by)
					for range 2 { // looking at it does not prolong it
						if left := heldFor(t, s, chat, now); left > length || left < length-time.Second {
							t.Errorf("set back by %v: held for %v, want %v", by, left, length)
						}
						now = now.Add(length / 2)
						if left := heldFor(t, s, chat, now); left > length/2+time.Second || left == 0 && length > time.Second {
							t.Errorf("set back by %v, after half of %v: held for %v", by, length, left)
						}
						now = now.Add(-length / 2)
					}
					if s = openAt(t, path); heldFor(t, s, chat, now.Add(length+2*time.Second)) > 0 {
						t.Errorf("set back by %v: still held after %v", by, length)
					}
				}
			}
		})
	}
}

// A hold of the platform is one of all its chats, and the longer of two holds counts.
func TestHoldsAddNothingUp(t *testing.T) {
	s := empty(t)
	a, b := Chat{"telegram", "1"}, Chat{"telegram", "2"}
	now := time.Now()
	fail(t, s, a, now, time.Minute)
	fail(t, s, a, now, time.Second)
	err := s.RecordAttempt(t.Context(), Attempt{
		Chat: a, At: now, Outcome: NotSent, Hold: 10 * time.Second, Held: Chat{Platform: "telegram"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for chat, want := range map[Chat]time.Duration{a: time.Minute, b: 10 * time.Second, {"discord", "1"}: 0} {
		if got := heldFor(t, s, chat, now); got != want {
			t.Errorf("%s is held for %v, want %v", chat, got, want)
		}
	}
}

// A machine that slept has a wall clock that went on: no hold outlasts it.
func TestHoldIsOverByEitherClock(t *testing.T) {
	now := time.Now()
	h := newHold(now, time.Minute)
	if left := h.left(now.Add(59 * time.Second)); left != time.Second {
		t.Errorf("%v left, want a second", left)
	}
	if left := h.left(now.Round(0).Add(time.Hour)); left != 0 {
		t.Errorf("%v left by the wall clock, want none", left)
	}
}

// A registry is left alone for as long as it was meant to be, and an address is asked about again, after a clock was
// set back.
func TestR31ClockSetBackSilencesNoRegistry(t *testing.T) {
	now := time.Unix(1795349000, 0)
	r := Registry{Server: "whois.example"}
	r.Silence(now, 15*time.Minute)
	if r.SetBack(now) || !r.SilentTill.Equal(now.Add(15*time.Minute)) {
		t.Errorf("%+v, want it unchanged", r)
	}
	now = now.Add(-24 * time.Hour)
	if !r.SetBack(now) || r.SetBack(now) || !r.SilentTill.Equal(now.Add(15*time.Minute)) {
		t.Errorf("silent until %v, now it is %v", r.SilentTill, now)
	}

	s := empty(t)
	banned(t, s, map[string]Country{"203.0.113.7": ""})
	q := question(t, s, "203.0.113.7")
	q.Server, q.Asks = "whois.example", 1
	if err := s.PutOff(t.Context(), q, now, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for by, want := range map[time.Duration]int{0: 0, time.Minute: 0, time.Hour: 1, -24 * time.Hour: 1} {
		news, err := s.News(t.Context(), now.Add(by), time.Time{}, 10)
		if err != nil || len(news) != want {
			t.Errorf("%v later: %d queries, want %d; %v", by, len(news), want, err)
		}
		queue, err := s.Queue(t.Context(), "whois.example", now.Add(by), 10)
		if err != nil || len(queue) != want {
			t.Errorf("%v later: %d queries in the queue, want %d; %v", by, len(queue), want, err)
		}
	}
}

func heldFor(t *testing.T, s *Store, chat Chat, now time.Time) time.Duration {
	t.Helper()
	left, err := s.HeldFor(t.Context(), chat, now)
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(context.WithoutCancel(t.Context()), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
