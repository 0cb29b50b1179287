// Package evidence reads what the log lines of a ban show: which service was tried, under which names, by which
// methods, how often and at what pace.
//
// It knows log lines and nothing else: neither the database nor who asks. A line that it does not understand is no
// evidence, and is counted as such. Names come from whoever was banned: they are cleaned and bounded here.
package evidence

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Existence is what a line says of a name: many services keep it to themselves.
type Existence int8

// The service does not say whether the account exists, or says that it does or does not.
const (
	Unsaid Existence = iota
	Exists
	Missing
)

// Name is a user name that was tried, and how often.
type Name struct {
	Text     string // cleaned, of at most 64 characters
	Exists   Existence
	Attempts int
}

// Evidence is what the log lines of one ban show.
type Evidence struct {
	Services []string // as "sshd", in the order of the lines
	Names    []Name   // in the order in which they were tried; at most 50
	Methods  []string // as "password", "publickey", or a mechanism of SASL as "plain"

	// Connections and Attempts count what was tried, not lines: a line "Invalid user" and one "Failed password" may be
	// of the same attempt. An agent that offers several keys in one connection has made one attempt.
	Connections int
	Attempts    int

	// Silent counts connections that ended without any attempt to log in.
	Silent int

	// Gaps are the times between attempts, as far as the lines tell, in order. Where a clock ran back there is none.
	Gaps []time.Duration

	// Turns is how often an attempt was made under another name than the one before.
	Turns int

	Accepted []string // names that logged in, if lines say so
	Jails    []string // that banned the address before, of lines of Fail2Ban's own log
	Marks    []string // what only scanners do, in words

	SamePassword   bool // a password was wrong more than once, always for one name
	SharedPassword bool // a password was wrong for several names

	Lines   int // that were read
	Unknown int // of these, lines that are no evidence, as they are not understood

	// Failures are those that are known to have happened within Lasted; 0: it is known of none.
	Failures int
	Lasted   time.Duration
}

// Bounds of what is read, so that hostile lines cost little.
const (
	maxLines = 500
	maxLine  = 4096 // bytes
	maxNames = 50
	maxCount = 1000 // attempts that one line can stand for
)

// Read reads the log lines of one ban, oldest first, as store.Ban keeps them.
func Read(matches string) Evidence {
	e, _ := read(matches)
	return e
}

// read is Read, with the moments of the attempts.
func read(matches string) (e Evidence, all []moment) {
	a := account{groups: map[groupKey]*group{}}
	for line := range strings.Lines(matches) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if e.Lines == maxLines {
			break
		}
		e.Lines++
		s, ok := parseLine(line[:min(len(line), maxLine)])
		if !ok {
			e.Unknown++
			continue
		}
		e.add(s)
		a.add(s)
	}
	all = a.settle(&e)
	return e, all
}

// AddPace adds what is known of the failures besides their lines: their number, and their pace as store.Ban keeps it.
func (e *Evidence) AddPace(failures int, pace string) {
	var all []time.Duration
	for word := range strings.FieldsSeq(pace[:min(len(pace), maxLine)]) {
		n, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return
		}
		all = append(all, time.Duration(n)*time.Second)
	}
	if len(all) == 0 || failures < 2 {
		return
	}
	e.Failures, e.Lasted = failures, all[0]
	if len(e.Gaps) > 0 {
		return
	}
	e.Gaps = all[1:]
	if e.Lasted > 0 { // two failures of the same second may be of one attempt
		e.Gaps = slices.DeleteFunc(e.Gaps, func(gap time.Duration) bool { return gap == 0 })
	}
}

// Span is the time from the first attempt to the last, as far as the lines tell; 0: they do not.
func (e *Evidence) Span() time.Duration {
	var sum time.Duration
	for _, g := range e.Gaps {
		sum += g
	}
	return sum
}

// add takes over what does not have to be counted.
func (e *Evidence) add(s statement) {
	e.Services = appendNew(e.Services, cleanName(s.service))
	e.Methods = appendNew(e.Methods, cleanName(s.method))
	e.Jails = appendNew(e.Jails, cleanName(s.jail))
	e.Marks = appendNew(e.Marks, s.mark)
	if s.kind == accepted {
		e.Accepted = appendNew(e.Accepted, cleanName(s.user))
	}
}

func appendNew(all []string, s string) []string {
	if s == "" || len(all) == maxNames || slices.Contains(all, s) {
		return all
	}
	return append(all, s)
}
