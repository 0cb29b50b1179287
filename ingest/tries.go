package ingest

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"strconv"
	"time"

	"friendlyfire/store"
)

// Fail2Ban says of each failure that it counts, and of each ban, but of a ban not by which failures it came:
//
//	[sshd] Found 203.0.113.7 - 2026-11-28 12:00:00                    since 0.10; before, without a time
//	[sshd] Found 203.0.113.7, bad - 2026-11-28 12:00:00, 1 # -> 2     the same failure, which counts for more
//	[sshd] Ban 203.0.113.7
//
// So the failures since the last ban of an address are remembered, as long as they count.

// tries are the failures of addresses that are not banned yet. Where there are too many addresses, those that have not
// failed for longest are forgotten.
type tries struct {
	seed       maphash.Seed
	now, older map[uint64]run // by the hash of jail and address; of what is in older, none has failed since now was begun
	begun      int64          // when now was begun, by the lines

	findTimes         map[jailName]int64 // in seconds
	shortest, longest int64              // of them, and of what is usual

	day      [len(time.DateOnly)]byte
	midnight int64 // of day, as if it was in UTC
}

// mostRuns is of how many addresses each of the two maps knows: both take 9 MB, if as many fail within a findtime.
const mostRuns = 1 << 15

// jailName is a jail of a host, which is "" where it is not known or does not matter.
type jailName struct{ host, jail string }

// run is the failures of one address in one jail. Its times are on the clock of the server, whatever zone that has.
type run struct {
	first, last int64 // times of failures
	written     int64 // when the last line of them was
	count       int32
	kept        int32
	gaps        [keptGaps]uint16 // seconds between the last failures
}

// keptGaps is how many times between failures are kept: a jail rarely bans after more.
const keptGaps = 12

// usualFindTime is how long failures count in seconds, unless the jail is known to have another findtime: as in
// jail.conf, with which Fail2Ban comes.
const usualFindTime = 600

// maxFindTimes is of how many jails the findtime is remembered.
const maxFindTimes = 10_000

// restart says that Fail2Ban has begun to count anew.
func (t *tries) restart() { t.now, t.older = nil, nil }

// setFindTime takes over how long the failures of a jail count.
func (t *tries) setFindTime(host, jail string, seconds int64) {
	if t.findTimes == nil {
		t.findTimes, t.shortest, t.longest = map[jailName]int64{}, usualFindTime, usualFindTime
	}
	if len(t.findTimes) < maxFindTimes {
		t.findTimes[jailName{host, jail}] = seconds
		t.shortest, t.longest = min(t.shortest, seconds), max(t.longest, seconds)
	}
}

// counts reports whether a failure counts together with one that many seconds later.
func (t *tries) counts(host, jail []byte, later int64) bool {
	if t.findTimes == nil {
		return later < usualFindTime
	}
	return later < t.shortest || later < t.findTime(host, jail)
}

func (t *tries) findTime(host, jail []byte) int64 {
	return cmp.Or(t.findTimes[jailName{string(host), string(jail)}], t.findTimes[jailName{"", string(jail)}], usualFindTime)
}

// found notes a failure, by a line that was written at a time. text is what follows "Found".
func (t *tries) found(host, jail, text []byte, written time.Time) {
	const stamp = len(" - 2026-11-28 12:00:00")
	at := written.Unix()
	if n := len(text) - stamp; n > 0 && string(text[n:n+3]) == " - " {
		own, ok := t.read(text[n+3:])
		if !ok {
			return
		}
		text, at = text[:n], own
	} else if bytes.Contains(text, []byte(", bad - ")) {
		return
	}
	t.age(written.Unix())
	key := t.key(host, jail, text)
	r, known := t.now[key]
	if !known {
		r = t.older[key]
	}
	if r.count > 0 && t.counts(host, jail, at-r.last) {
		r.add(max(0, at-r.last))
		r.last = max(r.last, at)
	} else {
		r = run{first: at, last: at}
	}
	r.count, r.written = r.count+1, written.Unix()
	t.now[key] = r
}

// age forgets failures that count no more, and those of longest ago if there are too many.
func (t *tries) age(written int64) {
	switch {
	case t.now == nil:
		t.seed, t.now, t.begun = maphash.MakeSeed(), map[uint64]run{}, written
	case len(t.now) >= mostRuns, written-t.begun > max(t.longest, usualFindTime):
		t.older, t.now, t.begun = t.now, map[uint64]run{}, written
	}
}

// key is the hash of an address in a jail of a host, which is nil where it does not matter.
func (t *tries) key(host, jail, address []byte) uint64 {
	const odd = 0x9e3779b97f4a7c15 // so that the parts cannot change places
	key := maphash.Bytes(t.seed, jail)*odd + maphash.Bytes(t.seed, address)
	if host != nil {
		key = key*odd + maphash.Bytes(t.seed, host)
	}
	return key
}

// add keeps a time between failures, and forgets the first one if there is no room.
func (r *run) add(gap int64) {
	if r.kept == keptGaps {
		copy(r.gaps[:], r.gaps[1:])
		r.kept--
	}
	r.gaps[r.kept] = uint16(min(gap, 1<<16-1))
	r.kept++
}

// read reads 2026-11-28 12:00:00, as if it was in UTC.
func (t *tries) read(stamp []byte) (unix int64, ok bool) {
	const date = len(time.DateOnly)
	if !bytes.Equal(stamp[:date], t.day[:]) {
		day, ok := parseDate(stamp[:date])
		if !ok {
			return 0, false
		}
		copy(t.day[:], stamp)
		t.midnight = day.Unix()
	}
	seconds, ok := parseTime(stamp[date+1:])
	return t.midnight + seconds, ok
}

// banned adds to a ban by which failures it came, and forgets them. A ban by hand comes by none, perhaps long after
// some.
func (t *tries) banned(host, jail, address []byte, b *store.Ban) {
	if t.now == nil {
		return
	}
	key := t.key(host, jail, address)
	r, known := t.now[key]
	if !known {
		r = t.older[key]
	}
	delete(t.now, key)
	delete(t.older, key)
	const delay = 60 // seconds: Fail2Ban may be busy
	if r.count > 0 && t.counts(host, jail, b.Time.Unix()-r.written-delay) {
		b.Failures, b.Pace = int(r.count), r.pace()
	}
}

// pace is the run as store.Ban has it.
func (r *run) pace() string {
	if r.count < 2 {
		return ""
	}
	text := strconv.AppendInt(nil, r.last-r.first, 10)
	for _, gap := range r.gaps[:r.kept] {
		text = strconv.AppendInt(append(text, ' '), int64(gap), 10)
	}
	return string(text)
}
