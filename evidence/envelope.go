package evidence

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// unwrap takes a message out of what it is wrapped in on its way: JSON of Docker or the journal, the name of a
// container, the stamps of relays. It returns the innermost stamp, and what follows it.
func unwrap(line string) (at time.Time, rest string) {
	const deep = 3
	rest = line
	for range deep {
		inner, stamp, ok := unwrapJSON(rest)
		if !ok {
			break
		}
		rest = inner
		if !stamp.IsZero() {
			at = stamp
		}
	}
	if name, after, ok := strings.Cut(rest, " | "); ok && plausible(strings.TrimSpace(name)) { // docker compose
		rest = strings.TrimLeft(after, " ")
	}
	for range deep {
		stamp, after := parseStamp(rest)
		if stamp.IsZero() {
			break
		}
		at, rest = stamp, after
		if stream, after, ok := strings.Cut(rest, " "); ok && (stream == "stdout" || stream == "stderr") { // Kubernetes
			_, rest, _ = strings.Cut(after, " ")
			continue
		}
		relay, after, ok := strings.Cut(rest, " ")
		if stamp, _ := parseStamp(after); !ok || stamp.IsZero() || strings.ContainsAny(relay, ":[{(") {
			break
		}
		rest = after
	}
	return at, rest
}

// unwrapJSON takes a line out of an object of Docker's json-file or of the journal: {"log":"…","time":"…"}, or
// {"SYSLOG_IDENTIFIER":"sshd","_PID":"812","MESSAGE":"…","__REALTIME_TIMESTAMP":"…"}.
func unwrapJSON(line string) (inner string, at time.Time, ok bool) {
	if !strings.HasPrefix(line, "{") || !strings.Contains(line, `"log"`) && !strings.Contains(line, `"MESSAGE"`) {
		return "", at, false
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &fields) != nil {
		return "", at, false
	}
	text := func(key string) (s string) {
		if json.Unmarshal(fields[key], &s) == nil {
			return s
		}
		var numbers []int // what is no UTF-8, as the journal writes it
		_ = json.Unmarshal(fields[key], &numbers)
		raw := make([]byte, len(numbers))
		for i, n := range numbers {
			raw[i] = byte(n) //nolint:gosec // a byte, or it is no message
		}
		return string(raw)
	}
	if fields["log"] != nil {
		at, _ = parseStamp(text("time") + " ")
		return strings.TrimRight(text("log"), "\r\n"), at, true
	}
	if fields["MESSAGE"] == nil {
		return "", at, false
	}
	if us, err := strconv.ParseInt(text("__REALTIME_TIMESTAMP"), 10, 64); err == nil {
		at = time.UnixMicro(us).UTC()
	}
	tag := text("SYSLOG_IDENTIFIER")
	if pid := text("_PID"); pid != "" {
		tag += "[" + pid + "]"
	}
	return tag + ": " + text("MESSAGE"), at, true
}

// parseEpoch reads a stamp in seconds: "1795858200.123456 ".
func parseEpoch(line string) (at time.Time, rest string, ok bool) {
	const digits = 10
	if len(line) <= digits || line[digits] != '.' && line[digits] != ' ' {
		return at, line, false
	}
	seconds, err := strconv.ParseInt(line[:digits], 10, 64)
	if err != nil || seconds < 1e9 {
		return at, line, false
	}
	fraction, rest, ok := strings.Cut(line[digits:], " ")
	if strings.Trim(fraction, ".0123456789") != "" {
		return at, line, false
	}
	return time.Unix(seconds, 0).UTC(), strings.TrimLeft(rest, " "), ok
}

// noYear is the year of stamps that have none.
const noYear = 0

// parseStamp reads the stamp that a line begins with, and returns the rest. Zones are left out: only the time between
// lines matters. A line without a stamp that is known has the zero time.
func parseStamp(line string) (at time.Time, rest string) {
	line = strings.TrimPrefix(line, "\ufeff")
	if strings.HasPrefix(line, "1 2") { // RFC 5424 without its priority
		line = line[2:]
	}
	if after, ok := strings.CutPrefix(line, "<"); ok { // RFC 5424: <38>1 2026-11-28T15:01:12Z
		if _, after, ok = strings.Cut(after, ">"); ok {
			line = strings.TrimPrefix(after, "1 ")
		}
	}
	if at, rest, ok := parseEpoch(line); ok {
		return at, rest
	}
	bracket := strings.HasPrefix(line, "[")
	s := strings.TrimPrefix(line, "[")
	for _, l := range layouts {
		for short := range 2 {
			n := l.length - short
			if len(s) < n || s[l.colon-short] != ':' {
				continue
			}
			if t, err := time.Parse(l.text, s[:n]); err == nil {
				return t, afterStamp(line, s[n:], bracket, l.year)
			}
		}
	}
	return time.Time{}, line
}

// layouts of stamps, with their longest length and the place of the first colon of the time in that. A day below ten
// has one character less where spaces are not doubled.
var layouts = []struct {
	text          string
	length, colon int
	year          bool // the year follows the time
}{
	{text: "Jan _2 15:04:05", length: 15, colon: 9},
	{text: "2006-01-02T15:04:05", length: 19, colon: 13},
	{text: "2006-01-02 15:04:05", length: 19, colon: 13},
	{text: "2006/01/02 15:04:05", length: 19, colon: 13},
	{text: "02-Jan-2006 15:04:05", length: 20, colon: 14},
	{text: "Mon Jan _2 15:04:05", length: 19, colon: 13, year: true},
}

// afterStamp drops what else belongs to a stamp: fractions, a zone, the year, a bracket.
func afterStamp(line, rest string, bracket, year bool) string {
	if bracket {
		_, after, ok := strings.Cut(line, "]")
		if !ok {
			return line
		}
		return strings.TrimLeft(strings.TrimPrefix(after, ":"), " ")
	}
	i := strings.IndexFunc(rest, unicode.IsSpace)
	if i < 0 {
		return rest
	}
	rest = strings.TrimLeft(rest[i:], " ")
	if year {
		_, rest, _ = strings.Cut(rest, " ")
	}
	return rest
}
