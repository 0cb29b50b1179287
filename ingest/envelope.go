package ingest

import "bytes"

// envelope is what surrounds a message of Fail2Ban in a line: who wrote it, where and when. Fail2Ban writes some of it
// itself, and syslog, the journal, Docker or a relay add more in front:
//
//	2026-11-27 10:01:01,120 fail2ban.actions        [900]: NOTICE  [sshd] Ban 203.0.113.7
//	2026-11-27 10:01:01,120 fail2ban.actions: WARNING [sshd] Ban 203.0.113.7             before 0.9
//	Nov 27 10:01:01 web1 fail2ban.actions[733]: NOTICE [sshd] Ban 203.0.113.7            RFC 3164
//	<133>1 2026-11-27T10:01:01Z web1 fail2ban 733 - - NOTICE [sshd] Ban 203.0.113.7      RFC 5424
//	fail2ban-1  | 2026-11-27 10:01:01,120 fail2ban.actions [1]: NOTICE [sshd] Ban …      docker compose
//	[pod/fail2ban-0/fail2ban] 2026-11-27 10:01:01,120 fail2ban.actions [1]: NOTICE …     kubectl logs --prefix
//	2026-11-27T10:01:01.1Z stdout F 2026-11-27 10:01:01,120 fail2ban.actions [1]: …      CRI: containerd, Podman
//
// The formats of Fail2Ban are those of its server/server.py and helpers.py (getVerbosityFormat).
type envelope struct {
	stamp
	host    []byte // nil: not given
	module  []byte // fail2ban.actions, fail2ban-server, fail2ban; nil: no program of Fail2Ban is named
	level   []byte // as written, perhaps cut off; nil: not given
	message []byte // the rest

	rfc5424 bool // the line began with the version of RFC 5424
}

// open splits a line. It never fails: what it does not know is left in the message.
func open(line []byte) (e envelope) {
	s := skipContainer(skipSpace(line))
	syslog := false
	for range 3 {
		rest, priority := skipPriority(s)
		t, rest, ok := readStamp(rest)
		if !ok {
			break
		}
		syslog = syslog || priority
		if t.better(&e.stamp) {
			e.stamp = t
		}
		s = skipStream(skipSpace(rest))
	}
	e.rfc5424 = syslog
	e.message = e.readProgram(skipVerbose(s), syslog)
	return e
}

// skipContainer skips the name of a container: fail2ban-1 and a bar, or [pod/fail2ban-0/fail2ban].
func skipContainer(s []byte) []byte {
	if bytes.HasPrefix(s, []byte("[pod/")) {
		if _, rest, ok := bytes.Cut(s, []byte("] ")); ok {
			return skipSpace(rest)
		}
	}
	if len(s) > 7 && s[4] == '-' && s[7] == '-' && isDigits(s[:4]) { // a date, as in most lines
		return s
	}
	bar := bytes.IndexByte(s[:min(len(s), 160)], '|')
	if bar <= 1 || s[bar-1] != ' ' {
		return s
	}
	for _, c := range s[:bar] {
		if !isNameByte(c) && c != ' ' && c != '@' { // fail2ban.1.x7k2@node1 of a swarm
			return s
		}
	}
	return skipSpace(s[bar+1:])
}

// skipStream skips what CRI writes behind its time: stdout or stderr, and whether the line is full or a part of one.
func skipStream(s []byte) []byte {
	if len(s) == 0 || s[0] != 's' {
		return s
	}
	for _, stream := range [][]byte{[]byte("stdout "), []byte("stderr ")} {
		if rest, ok := bytes.CutPrefix(s, stream); ok && len(rest) > 2 && rest[1] == ' ' && (rest[0] == 'F' || rest[0] == 'P') {
			return skipSpace(rest[2:])
		}
	}
	return s
}

// skipPriority skips the priority of syslog, and the version that follows it in RFC 5424.
func skipPriority(s []byte) (rest []byte, version bool) {
	if len(s) == 0 || s[0] != '<' {
		return s, false
	}
	end := bytes.IndexByte(s[:min(len(s), 5)], '>')
	if end < 2 || !isDigits(s[1:end]) {
		return s, false
	}
	s = s[end+1:]
	if len(s) > 2 && s[0] == '1' && s[1] == ' ' {
		return s[2:], true
	}
	return skipSpace(s), false
}

// skipVerbose skips what Fail2Ban writes between time and name when it is told to be verbose: " + 1234 7F12AB34C700 ".
func skipVerbose(s []byte) []byte {
	if len(s) > 0 && s[0] == '+' {
		s = skipSpace(skipDigits(skipSpace(s[1:])))
	}
	if len(s) > 0 && s[0] == 'f' { // fail2ban: no number
		return s
	}
	if word, rest := cutWord(s); isThread(word) {
		return rest
	}
	return s
}

// isThread reports whether a word is the number of a thread, in hexadecimal.
func isThread(word []byte) bool {
	if len(word) < 6 || len(word) > 16 {
		return false
	}
	for _, c := range word {
		if !isDigit(c) && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

var fail2banName = []byte("fail2ban")

// readProgram reads host, program, process and level, and returns the message.
func (e *envelope) readProgram(s []byte, syslog5424 bool) []byte {
	if !bytes.HasPrefix(s, fail2banName) {
		word, rest := cutWord(s)
		if isHost(word) && bytes.HasPrefix(rest, fail2banName) {
			e.host, s = word, rest
		}
	}
	for range 3 { // syslog's name of the program, and Fail2Ban's own
		if !bytes.HasPrefix(s, fail2banName) {
			break
		}
		end := 0
		for end < len(s) && isNameByte(s[end]) {
			end++
		}
		e.module, s = s[:end], skipSpace(s[end:])
		if syslog5424 {
			s, syslog5424 = skipStructured(s), false
		}
		if end = bytes.IndexByte(s, ']'); end > 1 && s[0] == '[' && isDigits(s[1:end]) {
			s = s[end+1:]
		}
		if len(s) > 0 && s[0] == ':' {
			s = s[1:]
		}
		s = skipSpace(s)
	}
	word, rest := cutWord(s)
	if e.module != nil && isThread(word) {
		s = rest
		word, rest = cutWord(s)
	}
	if level := bytes.TrimSuffix(word, []byte{':'}); isLevel(level) {
		e.level, s = level, rest
	}
	if len(s) > 0 && s[0] == '|' { // most verbose: | actions-25: __checkBan |
		if bar := bytes.IndexByte(s[1:], '|'); bar >= 0 {
			s = skipSpace(s[bar+2:])
		}
	}
	return s
}

// skipStructured skips process, message id and structured data of RFC 5424.
func skipStructured(s []byte) []byte {
	for range 2 {
		_, s = cutWord(s)
	}
	if len(s) > 0 && s[0] == '[' {
		if end := bytes.Index(s, []byte("] ")); end >= 0 {
			s = s[end+1:]
		}
	} else if len(s) > 0 && s[0] == '-' {
		s = s[1:]
	}
	return bytes.TrimPrefix(skipSpace(s), []byte("\ufeff"))
}

var levels = [][]byte{
	[]byte("NOTICE"), []byte("INFO"), []byte("WARNING"), []byte("ERROR"), []byte("CRITICAL"), []byte("DEBUG"),
	[]byte("HEAVYDEBUG"), []byte("TRACEDEBUG"),
}

// isLevel reports whether a word is a log level, of which verbose forms show the first five letters.
func isLevel(word []byte) bool {
	if len(word) < len("INFO") || word[0] < 'A' || word[0] > 'Z' {
		return false
	}
	for _, level := range levels {
		if level[0] == word[0] && bytes.HasPrefix(level, word) {
			return true
		}
	}
	return false
}

// isHost reports whether a word can be the name or the address of a host.
func isHost(word []byte) bool {
	for _, c := range word {
		if !isNameByte(c) && c != ':' {
			return false
		}
	}
	return len(word) > 0 && word[len(word)-1] != ':'
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '.' || c == '-' || c == '_'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isDigits(s []byte) bool {
	for _, c := range s {
		if !isDigit(c) {
			return false
		}
	}
	return len(s) > 0
}

// cutWord returns the first word, and what follows the blanks behind it.
func cutWord(s []byte) (word, rest []byte) {
	end := bytes.IndexByte(s, ' ')
	if end < 0 {
		return s, nil
	}
	return s[:end], skipSpace(s[end:])
}

func skipSpace(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	return s
}
