package ingest

import (
	"bytes"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"friendlyfire/store"
)

// logParser parses fail2ban.log, in whatever envelope its lines come.
type logParser struct {
	*logState
	clock *localTime
	cache textCache

	written  time.Time // when the file was last written to: tells the year of times without one
	yearless [len("01-02")]byte
	year     [len("2006")]byte // of yearless

	plain     []byte // a line without colours
	local     bool   // the last line had a time, and without a zone
	low, high bool   // Fail2Ban has written at the level of bans or below, and above

	end  func(store.End)  // takes what lines say about when bans end; nil: nobody wants to know
	rule func(store.Rule) // takes what lines say about the rules of jails; nil: nobody wants to know
}

// parse parses a line. The error of a line that is no ban is an other, which says what it is.
func (p *logParser) parse(line []byte) (store.Ban, error) {
	if line = p.strip(line); len(line) == 0 {
		return store.Ban{}, otherBlank
	}
	if line[0] == '{' {
		return p.parseJSON(line)
	}
	e := open(line)
	return p.parseEnvelope(&e, line)
}

// strip drops a byte order mark, colours, and blanks at both ends.
func (p *logParser) strip(line []byte) []byte {
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	if bytes.IndexByte(line, '\x1b') >= 0 {
		line = p.withoutColours(line)
	}
	return bytes.TrimSpace(line)
}

// withoutColours drops escape sequences such as ESC [ 36 m.
func (p *logParser) withoutColours(line []byte) []byte {
	p.plain = p.plain[:0]
	for {
		before, after, found := bytes.Cut(line, []byte("\x1b["))
		p.plain = append(p.plain, before...)
		if !found {
			return p.plain
		}
		line = after[len(after)-len(bytes.TrimLeft(after, "0123456789;")):]
		if len(line) > 0 {
			line = line[1:]
		}
	}
}

// The keys under which logs in JSON have their parts: Docker's json-file, journalctl -o json, and what shippers of logs
// commonly write.
var (
	jsonMessage = []string{"log", "MESSAGE", "message", "msg", "line", "short_message"}
	jsonTime    = []string{"time", "__REALTIME_TIMESTAMP", "timestamp", "@timestamp", "ts"}
	jsonHost    = []string{"_HOSTNAME", "hostname", "host"}
	jsonProgram = []string{"SYSLOG_IDENTIFIER", "program", "appname"}
)

// readJSON reads a line that is a JSON object; "" is what it does not say.
func readJSON(line []byte) (message, at, host, program string) {
	gjson.ParseBytes(line).ForEach(func(key, value gjson.Result) bool {
		for _, part := range []struct {
			keys []string
			into *string
		}{{jsonMessage, &message}, {jsonTime, &at}, {jsonHost, &host}, {jsonProgram, &program}} {
			for _, k := range part.keys {
				if key.Str == k && *part.into == "" && value.Type != gjson.JSON {
					*part.into = value.String()
				}
			}
		}
		return true
	})
	return message, at, host, program
}

// parseJSON parses a line that is a JSON object.
func (p *logParser) parseJSON(line []byte) (store.Ban, error) {
	message, at, host, program := readJSON(line)
	text := p.strip([]byte(message))
	if len(text) == 0 {
		return store.Ban{}, classifyOther(&envelope{}, line)
	}
	e := open(text)
	if outer := jsonStamp(at); outer.given() && !e.zoned {
		e.stamp = outer
	}
	if e.host == nil && host != "" {
		e.host = []byte(host)
	}
	if e.module == nil && strings.HasPrefix(program, "fail2ban") {
		e.module = fail2banName
	}
	return p.parseEnvelope(&e, text)
}

// jsonStamp reads RFC 3339, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970.
func jsonStamp(text string) stamp {
	if n := len(text); n >= 10 && isDigits([]byte(text)) {
		unix, ok := natural([]byte(text[:10]))
		return stamp{unix: unix, zoned: ok && (n == 10 || n == 13 || n == 16 || n == 19)}
	}
	t, rest, _ := readStamp([]byte(text))
	if len(rest) > 0 {
		return stamp{}
	}
	return t
}

// parseEnvelope parses the message of a line.
func (p *logParser) parseEnvelope(e *envelope, line []byte) (b store.Ban, err error) {
	at, timeErr := p.time(&e.stamp) // of every line: the order of all tells which of two repeated hours it is
	p.noteHost(e.host)
	p.noteLevel(e)
	jail, text, err := classify(e, line)
	switch err {
	case nil:
		return p.ban(e, at, timeErr, jail, text)
	case otherFound: //nolint:errorlint // others are never wrapped
		if timeErr == nil {
			p.tries.found(e.host, jail, text, at)
		}
	case otherUnban:
		p.noteUnban(jail, text)
	case otherServer:
		p.noteServer(e.message, at)
		fallthrough
	case otherFail2Ban:
		if timeErr == nil {
			p.noteRule(e, at)
		}
	}
	if timeErr == nil && p.end != nil {
		p.noteEnd(e, at, jail, text, err)
	}
	return b, err
}

// ban is the ban that a line reports.
func (p *logParser) ban(e *envelope, at time.Time, timeErr error, jail, text []byte) (b store.Ban, err error) {
	if bytes.Contains(text, []byte(" fail2ban.")) {
		return b, errUnfinished // two lines in one
	}
	if first, more := cutWord(text); len(more) > 0 && isAddress(first) {
		return b, errForm // jails may ban any words, but what follows an address is not known
	}
	if timeErr != nil {
		return b, timeErr
	}
	if p.restores(jail, text, at) {
		if p.end != nil {
			p.sendEnd(store.Resumed, e, at, jail, text)
		}
		return b, otherRestored
	}
	if b.Address = p.cache.get(text, address); b.Address == "" {
		return b, errAddress
	}
	b.Jail, b.Time = p.cache.get(jail, cleanJail), at
	p.tries.banned(e.host, jail, text, &b)
	if e.host != nil {
		b.Source = p.cache.get(e.host, cleanJail)
	}
	return b, nil
}

// What a message that begins with a jail in brackets goes on with.
var (
	banVerb    = []byte("Ban ")
	unbanVerb  = []byte("Unban ")
	otherVerbs = []struct {
		verb []byte
		kind error // an other
	}{
		{[]byte("Found "), otherFound},
		{[]byte("Ignore "), otherIgnored},
		{[]byte("Restore Ban "), otherRestored},
		{[]byte("Increase Ban "), otherProlonged},
		{[]byte("Reban "), otherAgain},
	}
	alreadyBanned = []byte(" already banned")
)

// classify says what a message is about: a ban of the text by the jail, where the error is nil; else the error is an
// other, whose text may go on after an address, or errForm if a ban is meant in a form that is not known.
func classify(e *envelope, line []byte) (jail, text []byte, err error) {
	m := e.message
	end := -1
	if len(m) > 0 && m[0] == '[' && (e.module != nil || e.host == nil) {
		end = bytes.Index(m, []byte("] "))
	}
	if end < 0 {
		return nil, nil, classifyOther(e, line)
	}
	jail, text = m[1:end], skipSpace(m[end+2:])
	if after, ok := bytes.CutPrefix(text, banVerb); ok {
		return jail, skipSpace(after), nil
	}
	if after, ok := bytes.CutPrefix(text, unbanVerb); ok {
		return jail, skipSpace(after), otherUnban
	}
	for _, v := range otherVerbs {
		if after, ok := bytes.CutPrefix(text, v.verb); ok {
			return jail, skipSpace(after), v.kind
		}
	}
	if bytes.HasSuffix(text, alreadyBanned) {
		return nil, nil, otherAgain
	}
	return nil, nil, classifyOther(e, line)
}

// What Fail2Ban says when it, or a jail, starts or stops.
var serverMarks = [][]byte{
	[]byte("Starting Fail2ban"), []byte("Stopping all jails"), []byte("Exiting Fail2ban"),
	[]byte("Shutdown in progress"),
	[]byte("Changed logging target"), []byte("Creating new jail"), []byte("' started"), []byte("' stopped"),
}

// classifyOther is classify for a message that names no jail, or does something else with it.
func classifyOther(e *envelope, line []byte) error {
	if e.module == nil {
		switch {
		case bytes.Contains(line, []byte("] Ban ")):
			return errForm
		case !e.given():
			return otherContinued
		}
		return otherProgram
	}
	if saysBans(e.module) && meansBan(e.message) {
		return errForm
	}
	for _, mark := range serverMarks {
		if bytes.Contains(e.message, mark) {
			return otherServer
		}
	}
	return otherFail2Ban
}

// meansBan reports whether a message is about a ban: it has the word, or it names a jail, a word that begins with it,
// and an address.
func meansBan(message []byte) bool {
	begins, address := false, false
	for word, rest := cutWord(message); len(word) > 0; word, rest = cutWord(rest) {
		if string(word) == "Ban" && len(rest) > 0 {
			return true
		}
		begins = begins || len(word) > len("ban") && bytes.EqualFold(word[:len("ban")], []byte("ban"))
		address = address || isAddress(bytes.Trim(word, "()[],;:'\""))
	}
	return begins && address && message[0] == '['
}

// saysBans reports whether a module of Fail2Ban says what it bans. Others, such as its filters, quote attackers.
func saysBans(module []byte) bool {
	switch string(module) {
	case "fail2ban", "fail2ban-server", "fail2ban.actions", "fail2ban.observer":
		return true
	}
	return false
}

// time is the moment of a stamp.
func (p *logParser) time(s *stamp) (time.Time, error) {
	p.local = !s.zoned && s.clock != nil
	switch {
	case s.zoned:
		return p.clock.accept(s.unix)
	case s.clock == nil:
		return time.Time{}, errTime
	case !s.hasYear():
		p.addYear(s)
	}
	return p.clock.read(s.date[:], s.clock)
}

// addYear gives a date the latest year in which it was not yet to come when the file was last written to.
func (p *logParser) addYear(s *stamp) {
	if day := s.date[len("2006-"):]; !bytes.Equal(day, p.yearless[:]) {
		copy(p.yearless[:], day)
		limit := p.written.AddDate(0, 0, 2) // zones and clocks differ
		date := s.date
		for year := limit.Year(); year > limit.Year()-5; year-- { // the 29th of February comes every four years
			copy(date[:], time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006"))
			if at, ok := parseDate(date[:]); ok && at.Before(limit) {
				break
			}
		}
		copy(p.year[:], date[:])
	}
	copy(s.date[:], p.year[:])
}
