package ingest

import (
	"bytes"
	"time"

	"friendlyfire/store"
)

// reason is what is wrong with a line that cannot be parsed. There are few, so that they can be counted, and none
// contains anything of the line.
type reason string

func (r reason) Error() string { return string(r) }

const (
	errFew        = reason("too few fields")
	errMany       = reason("too many fields")
	errAddress    = reason("no address")
	errTime       = reason("no time")
	errYear       = reason("year before 2000 or after 2099")
	errNumber     = reason("no number")
	errControl    = reason("control character")
	errUnfinished = reason("unfinished line")
	errForm       = reason("a ban in a form that is not known")
)

// other is what a line is that is not meant to be a ban. Like reasons, the kinds are few, so that they can be counted.
type other string

func (o other) Error() string { return "no ban: " + string(o) }

func isOther(err error) bool {
	_, ok := err.(other) //nolint:errorlint // others are never wrapped
	return ok
}

// ofFail2Ban reports whether Fail2Ban has written the line.
func (o other) ofFail2Ban() bool {
	switch o {
	case otherBlank, otherHeader, otherRemark, otherProgram, otherContinued:
		return false
	}
	return true
}

const (
	otherBlank     = other(store.BlankLine)
	otherHeader    = other(store.Header)
	otherRemark    = other(store.Comment)
	otherFound     = other("failure found")
	otherIgnored   = other("ignored address")
	otherAgain     = other(store.AlreadyBanned)
	otherUnban     = other("unban")
	otherRestored  = other("restored ban")
	otherProlonged = other("prolonged ban")
	otherServer    = other("start or stop")
	otherFail2Ban  = other(store.OtherFail2Ban)
	otherProgram   = other(store.OtherProgram)
	otherContinued = other(store.Continued)

	// Of a file of logins.
	otherNoLogin   = other(store.NoLogin)
	otherPrivate   = other(store.PrivateLogin)
	otherNoAddress = other(store.LoginWithoutAddress)
)

// parser parses the lines of one file: fail2ban.log, or a CSV file.
type parser struct {
	log   *logParser // nil: CSV
	csv   *csvParser // nil: a log
	clock *localTime
}

// file is what a parser must know of the file that its lines are from.
type file struct {
	zone    *time.Location
	cursor  store.Cursor // where it continues
	first   []byte       // bytes of the file
	written time.Time    // when it was last written to
	state   *logState    // of the lines before; nil: there were none
}

// newParser returns a parser that continues at the cursor. The format is "csv", "log", or "auto", which decides by the
// first lines of the file. From these it also learns the dialect of a CSV file, unless the cursor knows that.
func newParser(format string, f file) *parser {
	p := &parser{clock: &localTime{zone: f.zone, last: f.cursor.LastTime.Unix()}}
	if format == "log" || format == "auto" && isLog(f.first) {
		state := f.state
		if state == nil {
			state = &logState{}
		}
		p.log = &logParser{logState: state, clock: p.clock, cache: textCache{}, written: f.written}
		p.log.restore(f.cursor.Columns)
		return p
	}
	p.csv = newCSVParser(f.cursor.Columns, p.clock)
	if f.cursor.Offset == 0 || !p.csv.decided() {
		p.csv.learn(f.first)
	}
	return p
}

// decision is what is known of the file's form, in the form that a cursor keeps: the columns of a CSV file, or for a
// log the host that writes it.
func (p *parser) decision() string {
	if p.log != nil {
		return p.log.decision()
	}
	return p.csv.Columns()
}

// isLog reports whether the first lines of a file are those of a log: one names Fail2Ban or is by syslog, or it is
// JSON.
func isLog(first []byte) bool {
	var p logParser
	for line := range bytes.Lines(first) {
		if line = p.strip(line); len(line) == 0 || line[0] == '#' {
			continue
		}
		if line[0] == '{' {
			return true
		}
		if e := open(line); e.module != nil || e.given() && bySyslog(e.message) {
			return true
		}
	}
	return false
}

// bySyslog reports whether what follows a time is a host and a program: "web1 sshd[812]: ".
func bySyslog(s []byte) bool {
	host, rest := cutWord(s)
	program, _ := cutWord(rest)
	return isHost(host) && len(program) > 1 && program[len(program)-1] == ':'
}

// nameServers leaves the names of hosts only to lines of a file that is of several: else the source has a name.
func (p *parser) nameServers(b *store.Batch) {
	if p.log == nil || p.log.relay {
		return
	}
	for i := range b.Bans {
		b.Bans[i].Source = ""
	}
	for i := range b.Ends {
		b.Ends[i].Source = ""
	}
	for i := range b.Rules {
		b.Rules[i].Source = ""
	}
}

// parse parses one line. It may return both a ban and an error: a writer that was stopped within a line leaves its
// beginning joined to the next one. The error is an other, a reason, or nil.
func (p *parser) parse(line []byte) (b store.Ban, found bool, err error) {
	if p.log == nil {
		b, found, err = p.csv.parse(line)
		b.Local = found && !p.clock.given
		return b, found, err
	}
	if bytes.IndexByte(line, 0) >= 0 {
		return b, false, errControl // a crash may leave a run of zeros
	}
	b, err = p.log.parse(line)
	b.Local = err == nil && !p.clock.given
	return b, err == nil, err
}

// textCache maps foreign texts to their cleaned forms: most occur again and again.
type textCache map[string]string

// maxCached bounds the memory of a textCache.
const maxCached = 20_000

func (t textCache) get(raw []byte, clean func(string) string) string {
	if s, ok := t[string(raw)]; ok {
		return s
	}
	if len(t) >= maxCached {
		clear(t)
	}
	s := clean(string(raw))
	t[string(raw)] = s
	return s
}

func cleanJail(s string) string { return store.Clean(s, 60) }
