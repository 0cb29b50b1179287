package ingest

import (
	"bytes"
	"errors"
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
)

// errNoBan is returned for a line that is not meant to be a ban: a header, an empty line.
var errNoBan = errors.New("no ban")

// parser parses the lines of one file.
type parser struct {
	log     bool    // fail2ban.log itself, not CSV
	columns columns // in force
	clock   localTime
	fields  [][]byte  // of the line at hand
	cache   textCache // addresses and jails met before
}

// newParser returns a parser that continues at the cursor. The format is "csv", "log", or "auto", which decides by the
// first bytes of the file.
func newParser(format string, zone *time.Location, c store.Cursor, first []byte) *parser {
	return &parser{
		log:     format == "log" || format == "auto" && bytes.Contains(first, []byte(" fail2ban.")),
		columns: newColumns(c.Columns),
		clock:   localTime{zone: zone, last: c.LastTime.Unix()},
		cache:   textCache{},
	}
}

// parse parses one line. It may return both a ban and an error: a writer that was stopped within a line leaves its
// beginning joined to the next one. The error is errNoBan, a reason, or nil.
func (p *parser) parse(line []byte) (b store.Ban, found bool, err error) {
	b, err = p.parseWhole(line)
	if _, bad := err.(reason); !bad { //nolint:errorlint // reasons are never wrapped
		return b, err == nil, err
	}
	if p.log {
		return b, false, err
	}
	at := lastDate(line)
	if at <= 0 {
		return b, false, err
	}
	header := p.header(line[:at]) // bcambl/fail2ban-blacklist writes its header without a newline
	b, restErr := p.parseWhole(line[at:])
	if restErr != nil {
		return b, false, err
	}
	if header {
		return b, true, nil
	}
	return b, true, errUnfinished
}

// parseWhole parses a line as it is.
func (p *parser) parseWhole(line []byte) (store.Ban, error) {
	if bytes.IndexByte(line, 0) >= 0 {
		return store.Ban{}, errControl // a crash may leave a run of zeros
	}
	if p.log {
		return p.parseLog(line)
	}
	return p.parseCSV(line)
}

// lastDate returns the index of the last date in the line at which a row could begin, or -1.
func lastDate(line []byte) int {
	for end := bytes.LastIndexByte(line, ','); end >= 0; end = bytes.LastIndexByte(line[:end], ',') {
		if at := end - len(time.DateOnly); at >= 0 {
			if _, ok := parseDate(line[at:end]); ok {
				return at
			}
		}
	}
	return -1
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
