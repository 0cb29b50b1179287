package ingest

import (
	"bytes"
	"errors"
	"time"

	"friendlyfire/store"
)

// reason is what is wrong with a line that is no ban. There are few, so that they can be counted, and none holds
// anything of the line.
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

// errNoBan is a line that is not meant to be a ban: a header, an empty line.
var errNoBan = errors.New("no ban")

// parser makes bans of the lines of one file.
type parser struct {
	log     bool    // fail2ban.log itself, not a table
	columns columns // in force
	clock   localTime
	fields  [][]byte // of the line at hand
	known   texts    // addresses and jails met before
}

// newParser goes on where the cursor stands. The format is "csv", "log", or "auto": by what the file begins with.
func newParser(format string, zone *time.Location, c store.Cursor, begins []byte) *parser {
	return &parser{
		log:     format == "log" || format == "auto" && bytes.Contains(begins, []byte(" fail2ban.")),
		columns: newColumns(c.Columns),
		clock:   localTime{zone: zone, last: c.LastTime.Unix()},
		known:   texts{},
	}
}

// parse reads one line. It may find both a ban and a reason to complain: a writer that was stopped within a line
// leaves its beginning glued to the next one. The error is errNoBan, a reason, or nil.
func (p *parser) parse(line []byte) (b store.Ban, found bool, err error) {
	b, err = p.whole(line)
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
	header := p.header(line[:at]) // the original writer's header has no newline
	b, restErr := p.whole(line[at:])
	if restErr != nil {
		return b, false, err
	}
	if header {
		return b, true, nil
	}
	return b, true, errUnfinished
}

func (p *parser) whole(line []byte) (store.Ban, error) {
	if bytes.IndexByte(line, 0) >= 0 {
		return store.Ban{}, errControl // a crash may leave a run of them
	}
	if p.log {
		return p.parseLog(line)
	}
	return p.parseCSV(line)
}

// lastDate returns where in the line the last date stands that a row could begin with, -1 if nowhere.
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

// texts are the cleaned forms of foreign texts, by the texts themselves: most come again and again.
type texts map[string]string

// maxTexts bounds their memory.
const maxTexts = 20_000

func (t texts) get(raw []byte, clean func(string) string) string {
	if s, ok := t[string(raw)]; ok {
		return s
	}
	if len(t) >= maxTexts {
		clear(t)
	}
	s := clean(string(raw))
	t[string(raw)] = s
	return s
}

func cleanJail(s string) string { return store.Clean(s, 60) }
