package bot

import (
	"strings"
	"time"

	"friendlyfire/evidence"
	"friendlyfire/store"
)

// failures are those that led to the bans of an address, each once: several jails may have counted the same.
type failures struct {
	known   map[int64]int // the ban to which the failures of that second led
	bans    int
	counted int  // by Fail2Ban, or known
	drawn   int  // whose times are known
	unsaid  bool // of some ban nobody has said how many there were
	other   bool // some may not have been of passwords
	jails   map[string]bool
}

// of are the moments of the failures that led to the ban, as far as they are known and no other ban has had them.
func (f *failures) of(b store.Ban, zone *time.Location) (times []time.Time) {
	if strings.HasPrefix(b.Jail, "recidive") { // its failures are bans
		return nil
	}
	e := evidence.Read(b.Matches)
	seconds := evidence.Times(b.Matches, b.Pace, b.Time)
	counted := max(b.Failures, e.Attempts, len(seconds))
	if f.known == nil {
		f.known, f.jails = map[int64]int{}, map[string]bool{}
	}
	f.bans++
	f.unsaid = f.unsaid || counted == 0
	f.jails[b.Source+"/"+b.Jail] = true
	for _, at := range seconds {
		if first, had := f.known[at.Unix()]; had && first != f.bans {
			counted--
			continue
		}
		f.known[at.Unix()] = f.bans
		times = append(times, at.In(zone))
	}
	f.counted, f.drawn = f.counted+counted, f.drawn+len(times)
	f.other = f.other || len(times) > 0 && !e.Typed()
	return times
}

// label is "9 failed passwords": those whose times are known, and of how many; "" for none. What several jails have
// counted without saying when may be the same.
func (f *failures) label() string {
	noun := "failed password"
	if f.other {
		noun = "failure"
	}
	switch {
	case f.drawn == 0:
		return ""
	case f.unsaid, f.counted > f.drawn && len(f.jails) > 1:
		return "at least " + plural(f.drawn, noun)
	case f.counted > f.drawn:
		return number(f.drawn) + " of " + plural(f.counted, noun)
	}
	return plural(f.drawn, noun)
}
