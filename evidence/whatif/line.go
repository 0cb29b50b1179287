package whatif

import (
	"bytes"
	"time"
)

// kind is what a line of fail2ban.log tells.
type kind uint8

const (
	other   kind = iota
	found        // a failure
	more         // further failures are counted, since the address was banned before (bantime.increment)
	banned       // an address is banned
	started      // counting began anew: of one jail, or of all
	created      // a jail is set up, or again; the lines that follow tell its rule
	settled      // the jails are set up: what is told of rules from here on is of nobody knows which
	retries      // its maxretry
	window       // its findtime
)

// event is a line. Its texts are valid until the next line.
type event struct {
	kind          kind
	jail, address []byte
	at            int64 // seconds of the local time of the server, since 1970; 0: not said
	count         int64 // of more, retries and window
}

// clock reads stamps of the form 2026-11-28 15:01:12. Most lines are of the same day as the one before.
type clock struct {
	day     [10]byte
	seconds int64
}

func (c *clock) read(s []byte) int64 {
	const length = len("2026-11-28 15:01:12")
	if len(s) < length || s[4] != '-' || s[13] != ':' || s[16] != ':' || s[10] != ' ' && s[10] != 'T' {
		return 0
	}
	if !bytes.Equal(c.day[:], s[:10]) {
		day, err := time.Parse(time.DateOnly, string(s[:10]))
		if err != nil {
			return 0
		}
		copy(c.day[:], s)
		c.seconds = day.Unix()
	}
	two := func(i int) int64 { return 10*int64(s[i]-'0') + int64(s[i+1]-'0') }
	return c.seconds + 3600*two(11) + 60*two(14) + two(17)
}

// signs are what follows "[jail" in the lines that count.
var signs = []struct {
	text []byte
	kind kind
}{
	{[]byte("] Found "), found},
	{[]byte("] Ban "), banned},
	{[]byte("] Restore Ban "), started}, // of the address: what was counted before is gone
}

// texts are what stands before a line of Fail2Ban where a log is of JSON: of Docker, of the journal, and of shippers.
var texts = [][]byte{[]byte(`"log":"`), []byte(`"MESSAGE":"`), []byte(`"message":"`), []byte(`"MESSAGE" : "`)}

// unwrap takes a line out of JSON.
func unwrap(line []byte) []byte {
	for _, text := range texts {
		if _, rest, ok := bytes.Cut(line, text); ok {
			rest = rest[:max(0, bytes.IndexByte(rest, '"'))]
			return bytes.TrimSuffix(rest, []byte(`\n`))
		}
	}
	return nil
}

// parse reads a line, without its end.
func (c *clock) parse(line []byte) event {
	if len(line) > 0 && line[0] == '{' {
		line = unwrap(line)
	}
	for _, s := range signs {
		i := bytes.Index(line, s.text)
		if i < 0 {
			continue
		}
		jail := bytes.LastIndexByte(line[:i], '[')
		if jail < 0 || !own(line[:jail]) {
			return event{}
		}
		e := event{kind: s.kind, jail: line[jail+1 : i], at: c.read(line)}
		rest := line[i+len(s.text):]
		end := bytes.IndexAny(rest, " ,")
		if end < 0 {
			end = len(rest)
		}
		if e.address = rest[:end]; len(e.address) == 0 {
			return event{}
		}
		if e.kind == found {
			c.failure(&e, rest[end:])
		}
		return e
	}
	return c.server(line)
}

// failure reads the rest of "Found ADDRESS - 2026-11-28 15:01:12" and of "Found ADDRESS, bad - 2026-11-28 15:01:12, 1 #
// -> 2", which counts one more, since a line of the first form is of the same failure.
func (c *clock) failure(e *event, rest []byte) {
	e.count = 1
	bad, ok := bytes.CutPrefix(rest, []byte(", bad"))
	if ok {
		e.kind, rest = more, bad
		_, count, _ := bytes.Cut(rest, []byte(" # -> "))
		e.count = number(count) - 1
		if e.count < 1 {
			e.kind = other
		}
	}
	if after, ok := bytes.CutPrefix(rest, []byte(" - ")); ok {
		if at := c.read(after); at != 0 {
			e.at = at
		}
	}
	if e.at == 0 { // nobody can count what has no time
		e.kind = other
	}
}

// own reports whether what stands before "[jail]" is what Fail2Ban puts there, and no text that it quotes.
func own(prefix []byte) bool {
	const longest = 120
	return len(prefix) < longest && bytes.IndexByte(prefix, '\'') < 0 && bytes.IndexByte(prefix, '"') < 0
}

// server reads lines of the server and of the set-up of jails.
func (c *clock) server(line []byte) event {
	before, message, ok := bytes.Cut(line, []byte(" INFO"))
	if !ok || !own(before) || !bytes.Contains(before, []byte("fail2ban")) {
		return event{}
	}
	message = bytes.TrimLeft(message, " ")
	e := event{at: c.read(line)}
	quoted := func(prefix string) bool {
		rest, ok := bytes.CutPrefix(message, []byte(prefix))
		if ok {
			rest = bytes.TrimPrefix(rest, []byte("u")) // as Python 2 writes it
			rest, ok = bytes.CutPrefix(rest, []byte("'"))
		}
		if ok {
			e.jail, _, ok = bytes.Cut(rest, []byte("'"))
		}
		return ok
	}
	numbered := func(prefixes ...string) bool {
		for _, prefix := range prefixes {
			if rest, ok := bytes.CutPrefix(message, []byte(prefix)); ok {
				e.count = number(rest)
				return e.count > 0
			}
		}
		return false
	}
	ends := func(s string) bool { return bytes.HasSuffix(message, []byte(s)) }
	switch {
	case bytes.HasPrefix(message, []byte("Exiting Fail2ban")), bytes.HasPrefix(message, []byte("Starting Fail2ban")):
		e.kind = started
	case quoted("Jail "):
		switch {
		case ends("' started"), ends("' stopped"):
			e.kind = started
		case ends("' reloaded"):
			e.kind = settled
		}
	case quoted("Creating new jail "), quoted("Reload jail "):
		e.kind = created
	case bytes.HasPrefix(message, []byte("Reload finished")):
		e.kind = settled
	case numbered("maxRetry: ", "Set maxRetry = "): // before 0.10 in the other form
		e.kind = retries
	case numbered("findtime: ", "Set findtime = "):
		e.kind = window
	}
	return e
}

func number(s []byte) (n int64) {
	for _, b := range s {
		if b < '0' || b > '9' {
			break
		}
		if n = 10*n + int64(b-'0'); n > 1<<31 {
			return 1 << 31
		}
	}
	return n
}
