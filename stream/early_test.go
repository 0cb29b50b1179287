package stream

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func heard(n int) *nats.Msg {
	m := nats.NewMsg("bans.web1")
	m.Header.Set(jetstream.MsgIDHeader, fmt.Sprint(n))
	m.Data = []byte(fmt.Sprint(n))
	return m
}

func TestF03WhatTheStreamDoesNotBringIsGivenOutOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var woken atomic.Int32
		e := early{wake: func() { woken.Add(1) }}
		for n := range 3 {
			e.hear(heard(n))
		}
		e.came("bans.web1", "1")
		e.came("bans.web2", "2") // another's of the same id
		time.Sleep(earlyAfter - time.Millisecond)
		if all := e.take(time.Now()); len(all) != 0 || woken.Load() != 0 {
			t.Errorf("%d were given out too early, and %d times somebody was woken", len(all), woken.Load())
		}
		time.Sleep(earlyEvery)
		synctest.Wait()
		all := e.take(time.Now())
		if len(all) != 2 || string(all[0].Data) != "0" || string(all[1].Data) != "2" || woken.Load() == 0 {
			t.Errorf("given out were %v, and %d times somebody was woken", all, woken.Load())
		}
		e.hear(heard(0)) // published again, since nobody has acknowledged it
		time.Sleep(2 * earlyAfter)
		if all := e.take(time.Now()); len(all) != 0 {
			t.Errorf("%d were given out again", len(all))
		}
		e.came("bans.web1", "0")
		e.came("bans.web1", "2")
		if len(e.waiting) != 0 || e.bytes != 0 {
			t.Errorf("%d are still kept, with %d bytes", len(e.waiting), e.bytes)
		}
	})
}

// What is heard late, or published again, is as known as what the stream brings in time.
func TestWhatTheStreamHasBroughtIsNotGivenOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := early{wake: func() { t.Error("somebody was woken") }}
		e.came("bans.web1", "1")
		e.hear(heard(1))
		time.Sleep(2 * earlyAfter)
		synctest.Wait()
		if all := e.take(time.Now()); len(all) != 0 {
			t.Errorf("given out were %v", all)
		}
		for n := range 5 * earlyMost {
			e.came("bans.web1", fmt.Sprint(n))
		}
		if n := len(e.settled.all); n != earlyMost || len(e.settled.order) != n {
			t.Errorf("%d are known, want %d", n, earlyMost)
		}
	})
}

// A flood is left to the stream, but for a bounded part.
func TestWhatIsHeardIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := early{wake: func() {}}
		for n := range 5 * earlyMost {
			e.hear(heard(n))
		}
		long := heard(-1)
		long.Data = make([]byte, MaxMessage+1)
		e.hear(long)
		e.hear(nats.NewMsg("bans.web1")) // without a name
		if len(e.waiting) > earlyMost || len(e.order) > earlyMost {
			t.Fatalf("%d wait, want %d at most", len(e.waiting), earlyMost)
		}
		time.Sleep(earlyAfter)
		n, steps := 0, 0
		for all := e.take(time.Now()); len(all) > 0; all = e.take(time.Now()) {
			n, steps = n+len(all), steps+1
			if len(all) > earlyTake {
				t.Errorf("%d were given out at a time", len(all))
			}
			time.Sleep(earlyEvery)
		}
		if n != earlyMost {
			t.Errorf("%d were given out, want %d", n, earlyMost)
		}
		for n := range 3 * earlyMost { // and what was given out is forgotten in its turn
			e.hear(heard(10*earlyMost + n))
			if n%earlyTake == 0 {
				time.Sleep(2 * earlyAfter)
				e.take(time.Now())
			}
		}
		if len(e.waiting) > earlyMost || len(e.settled.all) > earlyMost {
			t.Errorf("%d are kept", len(e.waiting))
		}
	})
}
