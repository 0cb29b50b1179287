package evidence

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Times are the moments of the failures that made a ban, as far as they are known, in order: by its log lines or, where
// those tell of fewer, by the pace that store.Ban keeps. The last failure brought the ban. Stamps of lines tell neither
// their zone nor always their year, so that only what they have of a quarter of an hour is taken from them: zones
// differ by whole ones.
func Times(matches, pace string, ban time.Time) []time.Time {
	_, all := read(matches)
	times := byLines(all, ban)
	if byPace := byPace(pace, ban); len(byPace) > len(times) {
		times = byPace
	}
	return times
}

// byLines are the moments of attempts, the last of which came within a quarter of an hour before the ban, or a little
// after it by another clock.
func byLines(all []moment, ban time.Time) (times []time.Time) {
	const quarter, slow = 15 * 60, 60 // seconds
	all = slices.DeleteFunc(all, func(m moment) bool { return m.at.IsZero() })
	if len(all) == 0 {
		return nil
	}
	last := all[len(all)-1]
	apart := ((ban.Unix()-last.at.Unix()+slow)%quarter+quarter)%quarter - slow
	for _, m := range all {
		if gap, ok := last.since(m); ok {
			times = append(times, ban.Add(-time.Duration(apart)*time.Second-gap))
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// byPace are the moments of the failures: the last at the ban, those before it by the times between them, and the
// first.
func byPace(pace string, ban time.Time) []time.Time {
	var seconds []time.Duration
	for word := range strings.FieldsSeq(pace[:min(len(pace), maxLine)]) {
		n, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return nil
		}
		seconds = append(seconds, time.Duration(n)*time.Second)
	}
	if len(seconds) == 0 {
		return nil
	}
	times, at := []time.Time{ban}, ban
	for _, gap := range slices.Backward(seconds[1:]) {
		at = at.Add(-gap)
		times = append(times, at)
	}
	if first := ban.Add(-seconds[0]); first.Before(at) {
		times = append(times, first)
	}
	slices.Reverse(times)
	return times
}

// Typed reports whether all that was tried are passwords, as far as is known: the lines name methods, and no other one.
func (e *Evidence) Typed() bool {
	return len(e.Methods) > 0 && !slices.ContainsFunc(e.Methods, func(method string) bool {
		return method == "publickey" || method == "hostbased" || strings.HasPrefix(method, "gssapi")
	})
}
