package ingest

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"friendlyfire/store"
)

// The columns of a CSV file, by their names in its header. They may come in any order, and other columns are ignored.
const (
	colDate     = iota // DATE: 2006-01-02, local
	colTime            // TIME: 15:04:05 or, as bcambl/fail2ban-blacklist writes it, 15:04-05; local
	colAddress         // IP_ADDRESS: or whatever was banned
	colJail            // JAIL
	colFailures        // FAILURES
	colBanTime         // BANTIME: seconds, negative for a permanent ban
	colBanCount        // BANCOUNT
	colEpoch           // EPOCH: of the ban, unix seconds; takes precedence over DATE and TIME
	colMatches         // MATCHES: base64 of the log lines that caused the ban; may be omitted if it is the last
	colCount
)

var columnNames = [colCount]string{
	"DATE", "TIME", "IP_ADDRESS", "JAIL", "FAILURES", "BANTIME", "BANCOUNT", "EPOCH", "MATCHES",
}

// columns tells the position of each column in a line.
type columns struct {
	names []string      // of the header; nil: there has been none
	at    [colCount]int // -1: missing
}

// newColumns returns the columns of a header, whose names are separated by commas; "" means that there was no header.
func newColumns(header string) columns {
	if header == "" {
		return columns{}
	}
	c := columns{names: strings.Split(header, ",")}
	for i, name := range columnNames {
		c.at[i] = slices.Index(c.names, name)
	}
	return c
}

// The columns of files without a header: those of bcambl/fail2ban-blacklist, and those of the action in
// deploy/fail2ban.
var (
	original = newColumns(strings.Join(columnNames[:colJail], ","))
	rich     = newColumns(strings.Join(columnNames[:], ","))
)

func (c *columns) header() string { return strings.Join(c.names, ",") }

// forFields returns the columns for a line with this number of fields.
func (c *columns) forFields(fields int) (*columns, error) {
	if c.names == nil {
		switch fields {
		case len(original.names):
			return &original, nil
		case len(rich.names) - 1, len(rich.names):
			return &rich, nil
		}
	}
	want := max(len(c.names), len(original.names))
	switch {
	case fields == want:
		return c, nil
	case fields == want-1 && c.at[colMatches] == want-1:
		return c, nil // the log lines are omitted
	case fields == want+1 && slices.Equal(c.names, rich.names[:colMatches]):
		return &rich, nil // log lines follow although the header has no column for them
	case fields < want:
		return nil, errFew
	}
	return nil, errMany
}

// header sets the columns from a header, and reports whether the line is one. Unknown names are not kept.
func (p *parser) header(line []byte) bool {
	if lastDate(line) >= 0 {
		return false
	}
	names := strings.Split(strings.ToUpper(string(line)), ",")
	for i, name := range names {
		names[i] = strings.Trim(name, "\" \t\ufeff")
		if !slices.Contains(columnNames[:], names[i]) {
			names[i] = "?"
		}
	}
	if !slices.Contains(names, columnNames[colAddress]) {
		return false
	}
	p.columns = newColumns(strings.Join(names, ","))
	return true
}

// parseCSV parses a line of a CSV file. For a header it sets the columns and returns errNoBan.
func (p *parser) parseCSV(line []byte) (b store.Ban, err error) {
	line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff")))
	if len(line) == 0 {
		return b, errNoBan
	}
	if (line[0] < '0' || line[0] > '9') && p.header(line) {
		return b, errNoBan
	}
	p.split(line)
	c, err := p.columns.forFields(len(p.fields))
	if err != nil {
		return b, err
	}
	if b.Address = p.cache.get(p.field(c, colAddress), address); b.Address == "" {
		return b, errAddress
	}
	b.Jail = p.cache.get(p.field(c, colJail), cleanJail)
	failures, err1 := p.optional(c, colFailures)
	banTime, err2 := p.optional(c, colBanTime)
	banCount, err3 := p.optional(c, colBanCount)
	if err1 != nil || err2 != nil || err3 != nil {
		if len(p.fields) > len(p.columns.names) && c != &p.columns {
			return b, errMany // the extra field is not log lines
		}
		return b, errNumber
	}
	b.Failures, b.BanTime, b.BanCount = int(failures), banTime, int(banCount)
	b.Matches = matches(p.field(c, colMatches))
	if epoch := p.field(c, colEpoch); len(epoch) > 0 {
		if len(p.field(c, colDate)) > len(time.DateOnly) {
			return b, errTime // something is joined to it
		}
		b.HasEpoch = true
		b.Time, err = p.clock.epoch(epoch)
	} else {
		b.Time, err = p.clock.read(p.field(c, colDate), p.field(c, colTime))
	}
	return b, err
}

// split splits the line into its fields. Quotes have a meaning only around a whole field, so that a stray one does no
// harm; values contain no commas.
func (p *parser) split(line []byte) {
	p.fields = p.fields[:0]
	for more := true; more; {
		var field []byte
		field, line, more = bytes.Cut(line, []byte{','})
		field = bytes.TrimSpace(field)
		if n := len(field); n >= 2 && field[0] == '"' && field[n-1] == '"' {
			field = field[1 : n-1]
		}
		p.fields = append(p.fields, field)
	}
}

// field returns a column of the current line, nil if the line lacks it.
func (p *parser) field(c *columns, column int) []byte {
	if i := c.at[column]; i >= 0 && i < len(p.fields) {
		return p.fields[i]
	}
	return nil
}

// optional parses a numeric column, which is 0 if it is missing or empty.
func (p *parser) optional(c *columns, column int) (int64, error) {
	field := p.field(c, column)
	if len(field) == 0 {
		return 0, nil
	}
	return number(field)
}
