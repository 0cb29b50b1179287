package ingest

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"friendlyfire/store"
)

// The columns of a table, by the names in its header, in any order. Others may stand among them and are not looked at.
const (
	colDate     = iota // DATE: 2006-01-02, local
	colTime            // TIME: 15:04:05 or, by the original writer, 15:04-05; local
	colAddress         // IP_ADDRESS: or whatever was banned
	colJail            // JAIL
	colFailures        // FAILURES
	colBanTime         // BANTIME: seconds, negative for ever
	colBanCount        // BANCOUNT
	colEpoch           // EPOCH: of the ban, unix seconds; wins over DATE and TIME
	colMatches         // MATCHES: base64 of the log lines that made the ban; may be left out where it is the last
	colCount
)

var columnNames = [colCount]string{"DATE", "TIME", "IP_ADDRESS", "JAIL", "FAILURES", "BANTIME", "BANCOUNT", "EPOCH", "MATCHES"}

// columns tell where in a line each column stands.
type columns struct {
	names []string      // of the header; nil: there has been none
	at    [colCount]int // -1: nowhere
}

// newColumns are those of a header, its names separated by commas; "" where there has been no header.
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

// The orders in which columns stand where no header says otherwise: that of bcambl/fail2ban-blacklist, and that of
// the action in deploy/fail2ban.
var (
	original = newColumns(strings.Join(columnNames[:colJail], ","))
	rich     = newColumns(strings.Join(columnNames[:], ","))
)

func (c *columns) header() string { return strings.Join(c.names, ",") }

// of returns the columns for a line of so many fields.
func (c *columns) of(fields int) (*columns, error) {
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
		return c, nil // the log lines are left out
	case fields == want+1 && slices.Equal(c.names, rich.names[:colMatches]):
		return &rich, nil // or they are not
	case fields < want:
		return nil, errFew
	}
	return nil, errMany
}

// header takes a line that names columns, and reports whether it is one. Of names that mean nothing here nothing is
// kept.
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

// parseCSV reads a line of a table. A header changes the columns and is errNoBan.
func (p *parser) parseCSV(line []byte) (b store.Ban, err error) {
	line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff")))
	if len(line) == 0 {
		return b, errNoBan
	}
	if (line[0] < '0' || line[0] > '9') && p.header(line) {
		return b, errNoBan
	}
	p.split(line)
	c, err := p.columns.of(len(p.fields))
	if err != nil {
		return b, err
	}
	if b.Address = p.known.get(p.field(c, colAddress), address); b.Address == "" {
		return b, errAddress
	}
	b.Jail = p.known.get(p.field(c, colJail), cleanJail)
	failures, err1 := p.optional(c, colFailures)
	banTime, err2 := p.optional(c, colBanTime)
	banCount, err3 := p.optional(c, colBanCount)
	if err1 != nil || err2 != nil || err3 != nil {
		if len(p.fields) > len(p.columns.names) && c != &p.columns {
			return b, errMany // it is not that log lines follow
		}
		return b, errNumber
	}
	b.Failures, b.BanTime, b.BanCount = int(failures), banTime, int(banCount)
	b.Matches = matches(p.field(c, colMatches))
	if epoch := p.field(c, colEpoch); len(epoch) > 0 {
		if len(p.field(c, colDate)) > len(time.DateOnly) {
			return b, errTime // something is glued to it
		}
		b.HasEpoch = true
		b.Time, err = p.clock.epoch(epoch)
	} else {
		b.Time, err = p.clock.read(p.field(c, colDate), p.field(c, colTime))
	}
	return b, err
}

// split finds the line's fields. A quote has no meaning but around a whole field, so that a stray one harms nothing;
// no value has a comma.
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

// field returns a column of the line at hand, nil if it has none.
func (p *parser) field(c *columns, column int) []byte {
	if i := c.at[column]; i >= 0 && i < len(p.fields) {
		return p.fields[i]
	}
	return nil
}

func (p *parser) optional(c *columns, column int) (int64, error) {
	field := p.field(c, column)
	if len(field) == 0 {
		return 0, nil
	}
	return number(field)
}
