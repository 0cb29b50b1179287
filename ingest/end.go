package ingest

import (
	"bytes"
	"time"

	"friendlyfire/store"
)

// Fail2Ban says in its log when bans end, and when they go on:
//
//	[sshd] Unban 203.0.113.7                                              it is over, or Fail2Ban or the jail stops
//	[sshd] Restore Ban 203.0.113.7                                        since 0.10, after a start
//	[sshd] Increase Ban 203.0.113.7 (2 # 20m -> 2026-11-27 10:21:01)      it lasts longer than is usual
//	[sshd] Increase Ban 203.0.113.7 (9 # permanent -> infinite)
//	Starting Fail2ban v1.0.2                                              nobody is banned
//	Creating new jail 'sshd'                                              nobody is banned by this jail
//
// What was banned when it was killed is neither lifted nor, once its time is over, restored.

var (
	serverStarts = []byte("Starting Fail2ban v")
	jailStarts   = []byte("Creating new jail '")
)

// noteEnd sends what a line says about when bans end; kind is what classify says that it is.
func (p *logParser) noteEnd(e *envelope, at time.Time, jail, text []byte, kind error) {
	of, _ := kind.(other) //nolint:errorlint // others are never wrapped
	switch of {
	case otherUnban:
		p.sendEnd(store.Lifted, e, at, jail, text)
	case otherRestored:
		p.noteRestored(e, at, jail)
		p.sendEnd(store.Resumed, e, at, jail, text)
	case otherProlonged:
		address, until, ok := p.prolonged(text, at)
		if b := p.newEnd(store.Prolonged, e, at, jail, address); ok && b.Address != "" {
			b.Until = until
			p.end(b)
		}
	case otherServer:
		if bytes.HasPrefix(e.message, serverStarts) {
			p.end(p.newEnd(store.Started, e, at, nil, nil))
		} else if name, ok := bytes.CutPrefix(e.message, jailStarts); ok {
			if name, ok := bytes.CutSuffix(name, []byte{'\''}); ok && len(name) > 0 {
				p.end(p.newEnd(store.Started, e, at, name, nil))
			}
		}
	}
}

func (p *logParser) newEnd(kind store.EndKind, e *envelope, at time.Time, jail, text []byte) store.End {
	b := store.End{Kind: kind, At: at, Jail: p.cache.get(jail, cleanJail)}
	if text != nil {
		b.Address = p.cache.get(text, address)
	}
	if e.host != nil {
		b.Source = p.cache.get(e.host, cleanJail)
	}
	return b
}

// sendEnd sends what a line says about the ban of an address.
func (p *logParser) sendEnd(kind store.EndKind, e *envelope, at time.Time, jail, text []byte) {
	if b := p.newEnd(kind, e, at, jail, text); b.Address != "" {
		p.end(b)
	}
}

// noteRestored sends that the jail has started when it first restores a ban, if no line has said so: at the log level
// of bans, Fail2Ban does not.
func (p *logParser) noteRestored(e *envelope, at time.Time, jail []byte) {
	if p.resumed == nil {
		p.resumed = map[string]time.Time{}
	}
	key := string(e.host) + " " + string(jail)
	last, again := p.resumed[key]
	if again || len(p.resumed) < maxResumed {
		p.resumed[key] = at
	}
	if at.Sub(p.changed) > restoreTime && (!again || at.Sub(last) > restoreTime) {
		p.end(p.newEnd(store.Started, e, at, jail, nil))
	}
}

// maxResumed is of how many jails it is known when they last restored a ban.
const maxResumed = 10_000

// prolonged reads until when the ban of an address lasts; zero: for ever.
func (p *logParser) prolonged(text []byte, at time.Time) (address []byte, until time.Time, ok bool) {
	open := bytes.LastIndex(text, []byte(" ("))
	if open < 0 {
		return nil, until, false
	}
	address = text[:open]
	_, length, _ := bytes.Cut(text[open:], []byte(" # "))
	length, end, ok := bytes.Cut(bytes.TrimSuffix(length, []byte{')'}), []byte(" -> "))
	switch {
	case !ok || string(length) == "permanent":
		return address, until, ok
	case p.local: // in the zone of the line
		date, clock, _ := bytes.Cut(end, []byte{' '})
		day, ok1 := parseDate(date)
		seconds, ok2 := parseTime(clock)
		if ok1 && ok2 {
			y, m, d := day.Date()
			return address, time.Date(y, m, d, 0, 0, int(seconds), 0, p.clock.zone), true
		}
	}
	seconds, ok := parseLength(length)
	return address, at.Add(time.Duration(seconds) * time.Second), ok
}

// parseLength reads how long a ban is, in seconds: 2d 7h 15m, and before 1.0 2 days, 7:15:00.
func parseLength(s []byte) (seconds int64, ok bool) {
	if days, clock, found := bytes.Cut(s, []byte(", ")); found {
		n, unit := cutWord(days)
		whole, ok1 := natural(n)
		rest, ok2 := parseLength(clock)
		return whole*24*3600 + rest, ok1 && ok2 && bytes.HasPrefix(unit, []byte("day")) && whole < 1e6
	}
	if len(s) == len("7:15:00") && s[1] == ':' {
		s = append([]byte{'0'}, s...)
	}
	if seconds, ok = parseTime(s); ok {
		return seconds, true
	}
	units := map[byte]int64{'s': 1, 'm': 60, 'h': 3600, 'd': 24 * 3600, 'w': 7 * 24 * 3600, 'y': 365 * 24 * 3600}
	for len(s) > 0 {
		word, rest := cutWord(s)
		last := max(0, len(word)-1)
		n, ok := natural(word[:last])
		unit := units[s[last]]
		if !ok || unit == 0 || n >= 1e6 {
			return 0, false
		}
		seconds, s = seconds+n*unit, rest
	}
	return seconds, seconds > 0
}
