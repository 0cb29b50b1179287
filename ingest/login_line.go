package ingest

import (
	"bytes"
	"net/netip"
	"time"

	"friendlyfire/store"
)

// loginParser finds the logins that succeeded in a system's log, in whatever envelope its lines come. A login counts
// only if the program that can have it wrote it, and if its message begins with what that program writes then: names
// that were tried stand further behind, whatever they are.
type loginParser struct {
	lines logParser // of which the envelopes and the times are read
	now   time.Time // later logins, by more than the clocks of two machines may differ, are none
}

func newLoginParser(clock *localTime, written, now time.Time) *loginParser {
	return &loginParser{logParser{logState: &logState{}, clock: clock, written: written}, now}
}

const (
	errLogin  = reason("a login in a form that is not known")
	errFuture = reason("a login of the future")
)

// parse parses a line. The error of a line that is no login is an other, which says what it is, or a reason.
func (p *loginParser) parse(line []byte) (store.Login, error) {
	if bytes.IndexByte(line, 0) >= 0 {
		return store.Login{}, errControl
	}
	if line = p.lines.strip(line); len(line) == 0 {
		return store.Login{}, otherBlank
	}
	e, program, message := p.open(line)
	at, timeErr := p.lines.time(&e.stamp) // of every line: the order of all tells which of two repeated hours it is
	switch {
	case e.module != nil:
		return store.Login{}, otherFail2Ban
	case !e.given():
		return store.Login{}, otherContinued
	}
	read := loginService(program)
	if read == nil {
		return store.Login{}, otherProgram
	}
	login, err := read(program, message)
	switch {
	case err != nil:
		return login, err
	case timeErr != nil:
		return login, timeErr
	case at.Sub(p.now) > futureSkew:
		return login, errFuture
	case isPrivate(login.Address):
		return login, otherPrivate
	}
	login.Time = at
	return login, nil
}

// futureSkew is how far a clock or a zone may be wrong.
const futureSkew = 48 * time.Hour

// isPrivate reports whether an address is not of the public Internet, so that logins from it say nothing of bans: this
// machine, its neighbours, and the shared addresses of RFC 6598.
func isPrivate(a netip.Addr) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)
	return !a.IsGlobalUnicast() || a.IsPrivate() || shared.Contains(a)
}

// open splits a line into its envelope, the program that wrote it, and the message.
func (p *loginParser) open(line []byte) (e envelope, program, message []byte) {
	if line[0] != '{' {
		e = open(line)
		program, message = cutProgram(&e)
		return e, program, message
	}
	text, at, _, name := readJSON(line)
	if name != "" { // the message is the program's, from its first character on
		return envelope{stamp: jsonStamp(at)}, []byte(name), []byte(text)
	}
	e = open(p.lines.strip([]byte(text)))
	if outer := jsonStamp(at); outer.given() && !e.zoned {
		e.stamp = outer
	}
	program, message = cutProgram(&e)
	return e, program, message
}

// cutProgram cuts host and program off the message of an envelope: "web1 sshd[812]: Accepted …", "web1 sshd 812 - -
// Accepted …" in RFC 5424, with facility and level beside the host on some systems. The program is nil if there is
// none.
func cutProgram(e *envelope) (program, message []byte) {
	s := e.message
	if e.rfc5424 {
		_, s = cutWord(s)
		program, s = cutWord(s)
		return program, skipStructured(s)
	}
	host, facility := false, false
	for {
		word, rest := cutWord(s)
		switch {
		case len(word) > 1 && word[len(word)-1] == ':':
			name, pid, numbered := bytes.Cut(word[:len(word)-1], []byte{'['})
			if numbered && (len(pid) < 2 || pid[len(pid)-1] != ']' || !isDigits(pid[:len(pid)-1])) {
				return nil, nil
			}
			return name, rest
		case !facility && isFacility(word):
			facility = true
		case !host && isHost(word):
			host = true
		default:
			return nil, nil
		}
		s = rest
	}
}

// isFacility reports whether a word is a facility and a level of syslog: auth.info, <authpriv.notice>.
func isFacility(word []byte) bool {
	word = bytes.TrimSuffix(bytes.TrimPrefix(word, []byte{'<'}), []byte{'>'})
	facility, level, ok := bytes.Cut(word, []byte{'.'})
	if !ok {
		return false
	}
	switch string(level) {
	case "debug", "info", "notice", "warn", "warning", "err", "error", "crit", "alert", "emerg":
	default:
		return false
	}
	switch string(facility) {
	case "auth", "authpriv", "mail", "daemon", "security", "user":
		return true
	}
	return bytes.HasPrefix(facility, []byte("local"))
}
