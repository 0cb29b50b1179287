package ingest

import (
	"slices"
	"strings"
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
	colStamp           // DATETIME: date and time; takes precedence over DATE and TIME
	colHost            // HOST: of the banned address, or of something else
	colCount
)

var columnNames = [colCount]string{
	"DATE", "TIME", "IP_ADDRESS", "JAIL", "FAILURES", "BANTIME", "BANCOUNT", "EPOCH", "MATCHES", "DATETIME", "HOST",
}

// Names of columns that are in no header.
const (
	onlyIP    = "IP" // in the place of IP_ADDRESS: an address, and nothing else that may be banned
	unknown   = "?"
	ignored   = "-"
	continued = "+" // the field belongs to the column on its left
)

// columns tells the position of each column in a line.
type columns struct {
	names       []string      // of the header; nil: there has been none
	at          [colCount]int // -1: missing
	addressOnly bool          // the column of addresses is onlyIP
	strict      bool          // one of our own forms, of which every field is known
}

// newColumns returns the columns of a header, whose names are separated by commas; "" means that there was no header.
func newColumns(header string) columns {
	var c columns
	if header != "" {
		c.names = strings.Split(header, ",")
	}
	for i, name := range columnNames {
		c.at[i] = slices.Index(c.names, name)
	}
	if c.at[colAddress] < 0 {
		c.at[colAddress] = slices.Index(c.names, onlyIP)
		c.addressOnly = c.at[colAddress] >= 0
	}
	c.strict = header == originalHeader || header == richHeaderShort || header == richHeaderLong
	return c
}

// The columns of files without a header: those of bcambl/fail2ban-blacklist, and those of the action in
// deploy/fail2ban, with and without log lines.
var (
	originalHeader  = strings.Join(columnNames[:colJail], ",")
	richHeaderShort = strings.Join(columnNames[:colMatches], ",")
	richHeaderLong  = strings.Join(columnNames[:colMatches+1], ",")

	original = newColumns(originalHeader)
	rich     = newColumns(richHeaderLong)
)

// timed reports whether the columns tell a whole time.
func (c *columns) timed() bool {
	return c.at[colEpoch] >= 0 || c.at[colStamp] >= 0 || c.at[colDate] >= 0 && c.at[colTime] >= 0
}

// Delimiters, in the order in which they are tried: of two that fit, the rarer one was chosen for a reason.
var delimiters = []struct {
	byte
	name    string
	unknown reason // why a line cannot be read in which it stands, if nothing else can be said
}{
	{'\t', "tab", "separated by tabs, and its columns are not known: begin the file with a header"},
	{';', "semicolon", "separated by semicolons, and its columns are not known: begin the file with a header"},
	{'|', "pipe", "separated by |, and its columns are not known: begin the file with a header"},
	{',', "comma", errNoAddressColumn},
	{' ', "blank", errNoAddressColumn},
}

// What a line lacks that is in no form that is known, and what to write instead.
const (
	errNoAddressColumn = reason("no column of addresses: name it IP_ADDRESS in a header")
	errAddressColumns  = reason("several columns of addresses: name that of the banned one IP_ADDRESS in a header")
	errNoTimeColumn    = reason("no column with a time: write 2026-11-27 10:01:01, or unix seconds")
	errTimeColumns     = reason("several columns with a time: name that of the ban DATETIME in a header")
	errBlanks          = reason("separated by blanks, and its columns are not known: begin the file with a header")
	errOrder           = reason("day and month cannot be told apart: write the date as 2026-11-27")
	errZone            = reason("time of another zone: write its offset, as in 2026-11-27T10:01:01+01:00")
	errColumns         = reason("more than 60 columns")
)

// dateOrder says in which order a file writes day and month where that can be doubted, as in 03/04/2026.
type dateOrder int

const (
	orderUnknown dateOrder = iota
	orderMonthFirst
	orderDayFirst
	orderMixed // there are lines of either kind
)

var orderNames = []string{"", "month-first", "day-first", "mixed"}

// settle decides in which order the date is written. A date that can be read in one way only proves its own order, and
// from then on that of the file; one that can be read in two ways is decided by what others have proved. It reports
// false if nothing decides.
func (o *dateOrder) settle(m *moment) bool {
	switch {
	case !m.monthFirst && !m.dayFirst, m.month == m.day:
		return true
	case m.monthFirst != m.dayFirst:
		proved, other := orderMonthFirst, orderDayFirst
		if m.dayFirst {
			proved, other = other, proved
			m.month, m.day = m.day, m.month
		}
		switch *o {
		case orderUnknown:
			*o = proved
		case other:
			*o = orderMixed
		}
		return true
	case *o == orderDayFirst:
		m.month, m.day = m.day, m.month
		return true
	}
	return *o == orderMonthFirst
}

// dialect is how a CSV file is written: what separates its fields, what its columns are, and how it writes dates.
//
// A header decides, by its names. Columns that it does not name, all if there is none, are found by what is in them, by
// the first line in which that succeeds: an address, a time. The jail is the only column of a lower-case word. Two
// columns of addresses, or two of times of which the later comes first, are not decided.
type dialect struct {
	columns
	separator byte // 0: comma
	order     dateOrder
	utc       bool // times without a zone are in UTC
	own       bool // there is no header, and lines are in one of our own forms, by their number of fields
	ready     bool // the columns of address and time are known
}

func (d *dialect) delimiter() byte {
	if d.separator == 0 {
		return ','
	}
	return d.separator
}

func (d *dialect) decided() bool { return d.ready }

// with returns the dialect with these columns.
func (d *dialect) with(c columns) dialect {
	e := *d
	e.columns, e.own = c, false
	e.ready = c.at[colAddress] >= 0 && c.timed()
	e.strict = c.strict && e.delimiter() == ','
	return e
}

const ownName, utcName = "headerless", "utc"

// parseDialect returns the dialect that String wrote.
func parseDialect(text string) (d dialect) {
	names, options, _ := strings.Cut(text, " ")
	for option := range strings.FieldsSeq(options) {
		for _, delimiter := range delimiters {
			if option == delimiter.name && delimiter.byte != ',' {
				d.separator = delimiter.byte
			}
		}
		d.order = max(d.order, dateOrder(slices.Index(orderNames, option)))
		d.utc = d.utc || option == utcName
	}
	if names == ownName {
		d.columns, d.own, d.ready = newColumns(""), true, true
		return d
	}
	return d.with(newColumns(names))
}

// String returns the names of the columns, separated by commas, and after blanks what else is not as in our own forms.
// It is "" if nothing is known.
func (d *dialect) String() string {
	text := strings.Join(d.names, ",")
	if d.own {
		text = ownName
	}
	if text == "" {
		return ""
	}
	for _, delimiter := range delimiters {
		if delimiter.byte == d.separator {
			text += " " + delimiter.name
		}
	}
	if d.order != orderUnknown {
		text += " " + orderNames[d.order]
	}
	if d.utc {
		text += " " + utcName
	}
	return text
}

// forFields returns the columns for a line with this number of fields.
func (d *dialect) forFields(fields int) (*columns, error) {
	if d.own {
		switch fields {
		case len(original.names):
			return &original, nil
		case len(rich.names) - 1, len(rich.names):
			return &rich, nil
		}
	}
	c := &d.columns
	want := len(c.names)
	if d.own {
		want = len(original.names)
	}
	switch {
	case fields == want:
		return c, nil
	case fields == want-1 && c.at[colMatches] == want-1:
		return c, nil // the log lines are omitted
	case fields == want+1 && c.strict && want == len(rich.names)-1:
		return &rich, nil // log lines follow although the header has no column for them
	case fields < want:
		return nil, errFew
	}
	return nil, errMany
}
