package ingest

import (
	"bytes"
	"errors"
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

// aliases are names that people give to columns, without what is no letter or digit, best first.
var aliases = []struct{ column, names string }{
	{onlyIP, "ipaddress bannedip banip ip ipaddr ipv4 sourceip srcip clientip remoteip attackerip bannedaddress " +
		"sourceaddress srcaddr remoteaddr remoteaddress clientaddress address addr"},
	{"HOST", "host remotehost rhost source src client attacker offender banned"},
	{"DATETIME", "timeofban bannedat bantimestamp datetime timestamp localtime createdat created startedat started " +
		"when"},
	{"DATE", "date day bandate"},
	{"TIME", "time clock timeofday"},
	{"EPOCH", "epoch unixtime unixtimestamp unix epochtime epochms unixms timestampms ts"},
	{"JAIL", "jail jailname name filter service rule"},
	{"FAILURES", "failures attempts failcount failurecount countoffailures failedattempts fails"},
	{"BANTIME", "bantime duration banduration bantimes banseconds"},
	{"BANCOUNT", "bancount timesbanned"},
	{"MATCHES", "matches"},
	{ignored, "end endtime expires expiry expire expiresat until banneduntil unban unbantime unbanat unbannedat " +
		"unbandate timeofunban endofban banend server serverip serveraddress hostname localip destip dstip " +
		"destination dst " +
		"destinationip dest country city lastseen firstseen lastfailure timeoffail"},
}

// column returns the column that a name in a header means, and how well it fits: the lower, the better.
func column(name string) (column string, rank int) {
	if name == columnNames[colAddress] {
		return name, 0
	}
	name, _, _ = strings.Cut(name, "(")
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
	for _, suffix := range []string{"utc", "gmt"} {
		if bare := strings.TrimSuffix(name, suffix); bare != "" {
			name = bare
		}
	}
	for _, alias := range aliases {
		if i := slices.Index(strings.Fields(alias.names), name); i >= 0 {
			return alias.column, i + 1
		}
	}
	return unknown, 0
}

// maxHeader is the length of the longest header, in bytes.
const maxHeader = 4 << 10

// header sets the columns from a header, and reports whether the line is one. Unknown names are not kept.
func (p *csvParser) header(line []byte) bool { return p.readHeader(line, false) }

// readHeader is header, which may be foreign: of names that are unknown.
func (p *csvParser) readHeader(line []byte, foreign bool) bool {
	if len(line) > maxHeader {
		return false
	}
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	comment := bytes.HasPrefix(line, []byte("#"))
	line = bytes.TrimLeft(line, " #%")
	best, bestKnown := dialect{}, 0
	least := 1
	if comment {
		least = 2
	}
	for _, delimiter := range delimiters {
		if delimiter.byte == ' ' && best.names != nil {
			break // blanks are within names
		}
		q := csvParser{dialect: dialect{separator: delimiter.byte}}
		if delimiter.byte == ',' {
			q.separator = 0
		}
		if q.split(line); len(q.fields) > maxFields {
			continue
		}
		known, ok := q.name(foreign)
		if ok && known >= least && (best.names == nil || known > bestKnown) {
			best, bestKnown = q.dialect, known
		}
	}
	if best.names == nil {
		return false
	}
	if best.order == orderUnknown {
		best.order = p.order
	}
	p.dialect = best
	return true
}

// name sets the columns from the fields of a header, and returns how many of them it knows.
func (p *csvParser) name(foreign bool) (known int, ok bool) {
	names := make([]string, len(p.fields))
	places := map[string]int{} // of the best name for each column
	ranks := make([]int, len(names))
	for i, field := range p.fields {
		if len(field) > 0 && !isName(field) {
			return 0, false
		}
		name := strings.ToUpper(strings.Trim(string(field), "\" \t\ufeff"))
		names[i], ranks[i] = column(name)
		p.hints(strings.ToLower(name), names[i])
		if names[i] == unknown || names[i] == ignored {
			continue
		}
		known++
		at, again := places[names[i]]
		switch {
		case again && ranks[at] <= ranks[i]:
			names[i] = unknown
			continue
		case again:
			names[at] = unknown
		}
		places[names[i]] = i
	}
	_, exact := places["IP_ADDRESS"]
	ip, isIP := places[onlyIP]
	host, isHost := places["HOST"]
	if isIP && exact {
		names[ip] = ignored
	}
	if isHost && (exact || isIP) {
		names[host] = ignored
	}
	addressed := exact || isIP || isHost && known > 1
	if p.separator == ' ' && known < len(names) && !exact {
		return 0, false
	}
	if foreign && !addressed {
		addressed = len(names) > 1 && p.separator != ' ' && !slices.ContainsFunc(p.fields, isEmpty)
		known = len(names)
	}
	p.dialect = p.with(newColumns(strings.Join(names, ",")))
	return known, addressed
}

func isEmpty(field []byte) bool { return len(field) == 0 }

// isName reports whether the field can be a name in a header: it does not begin like a value.
func isName(field []byte) bool {
	c := field[0]
	return len(field) <= 40 && (isLetter(c) || c >= 0x80 || c == '_' || c == '"' || c == '#') &&
		onlyAddress(string(field)) == ""
}

// hints learns from a name how times are written.
func (p *csvParser) hints(name, column string) {
	switch {
	case strings.Contains(name, "mm/dd"), strings.Contains(name, "m/d/"), strings.Contains(name, "mm-dd-y"):
		p.order = orderMonthFirst
	case strings.Contains(name, "dd/mm"), strings.Contains(name, "d/m/"), strings.Contains(name, "dd-mm-y"):
		p.order = orderDayFirst
	}
	if column == "DATETIME" || column == "TIME" || column == "DATE" {
		p.utc = p.utc || strings.HasSuffix(strings.TrimRight(name, ")] "), "utc") ||
			strings.HasSuffix(strings.TrimRight(name, ")] "), "gmt")
	}
}

// isRemark reports whether the line is a comment, or the border of a table.
func isRemark(line []byte) bool {
	switch line[0] {
	case '#':
		return true
	case '/':
		return bytes.HasPrefix(line, []byte("//"))
	case 's', 'S':
		return len(line) <= len("sep=;") && len(line) >= len("sep=") && bytes.EqualFold(line[:4], []byte("sep="))
	case '+', '-', '|', '=', ':':
		return len(bytes.Trim(line, "+-|=: ")) == 0 && len(line) > 2
	}
	return false
}

// undecidedRow parses a line while the columns are not known. It decides them if the line tells them.
func (p *csvParser) undecidedRow(line []byte, b *store.Ban) (err error) {
	if p.header(line) {
		return otherHeader
	}
	if isRemark(line) {
		return otherRemark
	}
	if p.names == nil && p.isOwn(line) {
		p.dialect = dialect{columns: newColumns(""), own: true, ready: true, order: p.order}
		return p.read(b)
	}
	if p.names == nil && p.readHeader(line, true) {
		return otherHeader
	}
	before := p.dialect
	if p.dialect, err = p.infer(line); err != nil {
		p.dialect = before
		return err
	}
	if err = p.read(b); err != nil && !errors.Is(err, errOrder) {
		p.dialect = before
	}
	return err
}

// isOwn splits the line, and reports whether it is in one of our own forms.
func (p *csvParser) isOwn(line []byte) bool {
	p.separator = 0
	p.split(line)
	n := len(p.fields)
	if n != len(original.names) && n != len(rich.names)-1 && n != len(rich.names) {
		return false
	}
	if _, ok := parseDate(p.fields[colDate]); !ok {
		return false
	}
	if _, ok := parseTime(p.fields[colTime]); !ok {
		return false
	}
	if n == len(original.names) {
		return onlyAddress(string(p.fields[colAddress])) != ""
	}
	numbers := 0
	for _, field := range p.fields[colFailures:colMatches] {
		if isNumber(field) {
			numbers++
		}
	}
	return numbers > 1
}

// infer finds out the dialect by what the fields of the line hold, and leaves its fields split.
func (p *csvParser) infer(line []byte) (dialect, error) {
	if p.names != nil {
		if p.split(line); len(p.fields) == len(p.names) {
			return p.complete(p.dialect)
		}
	}
	var why error = errNoAddressColumn
	for _, delimiter := range delimiters {
		d := dialect{order: p.order, separator: delimiter.byte}
		if delimiter.byte == ',' {
			d.separator = 0
		}
		p.dialect = d
		p.split(line)
		n := len(p.fields)
		if n > maxFields {
			return d, errColumns
		}
		found, err := p.complete(d.with(newColumns(strings.TrimSuffix(strings.Repeat(unknown+",", n), ","))))
		switch {
		case err == nil, isOther(err):
			return found, err
		case n < 2:
			if errors.Is(err, errNoTimeColumn) {
				why = err
			}
		case !errors.Is(err, errNoAddressColumn):
			why = err
		case errors.Is(why, errNoAddressColumn):
			why = delimiter.unknown
		}
	}
	return dialect{}, why
}

// complete finds the columns that the dialect does not know in the fields of the line.
func (p *csvParser) complete(d dialect) (dialect, error) {
	names := slices.Clone(d.names)
	headerless := !slices.ContainsFunc(names, func(name string) bool { return name != unknown })
	if d.at[colAddress] < 0 {
		at := -1
		for i, name := range names {
			if name != unknown && name != "HOST" || onlyAddress(string(p.fields[i])) == "" {
				continue
			}
			if at >= 0 {
				return d, errAddressColumns
			}
			at = i
		}
		if at < 0 {
			return d, errNoAddressColumn
		}
		names[at] = onlyIP
	}
	if !d.timed() {
		if err := p.findTime(names); err != nil {
			return d, err
		}
	}
	if headerless {
		p.findJail(names)
		if d.separator == ' ' && !p.isPlain(names) {
			return d, errBlanks
		}
	}
	if o := p.saysNoBan(&d.columns); o != "" {
		return d, o
	}
	return d.with(newColumns(strings.Join(names, ","))), nil
}

// found is a time in the fields of a line.
type found struct {
	moment
	date, clock int // columns; the same: it is one
	width       int // fields, of a file that is separated by blanks
}

// findTime finds the columns of the ban's time.
func (p *csvParser) findTime(names []string) error {
	all := p.findTimes(names)
	if len(all) == 0 {
		return errNoTimeColumn
	}
	first := all[0]
	for _, f := range all[1:] {
		slack := int64(0)
		if f.absolute != first.absolute {
			slack = 26 * 3600
		}
		if f.approximate() < first.approximate()-slack {
			return errTimeColumns
		}
	}
	switch {
	case first.date != first.clock:
		names[first.date], names[first.clock] = "DATE", "TIME"
	case first.epoch:
		names[first.date] = "EPOCH"
	default:
		names[first.date] = "DATETIME"
		for i := 1; i < first.width; i++ {
			names[first.date+i] = continued
		}
	}
	return nil
}

// findTimes returns all times in the fields of the line, in the order of the columns.
func (p *csvParser) findTimes(names []string) (all []found) {
	var dates, clocks []found
	for i := 0; i < len(names); i++ {
		switch names[i] {
		case unknown, "DATE", "TIME", "BANTIME":
		default:
			continue
		}
		f, ok := p.timeAt(i, names)
		switch {
		case !ok:
			continue
		case f.full():
			all = append(all, f)
		case f.hasDate:
			dates = append(dates, f)
		default:
			clocks = append(clocks, f)
		}
		i += f.width - 1
	}
	for n, d := range dates {
		for m, c := range clocks {
			if c.date == d.date+1 || len(dates) == 1 && len(clocks) == 1 || n == m && len(dates) == len(clocks) {
				d.hasClock, d.seconds, d.clock = true, c.seconds, c.date
				all = append(all, d)
				break
			}
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return min(a.date, a.clock) - min(b.date, b.clock) })
	return all
}

// timeAt returns the time that begins in this field.
func (p *csvParser) timeAt(i int, names []string) (f found, ok bool) {
	most := 1
	if p.separator == ' ' {
		most = min(6, len(names)-i)
	}
	text := []byte{}
	for n := range most {
		if names[i+n] != unknown && n > 0 {
			break
		}
		if n > 0 {
			text = append(text, ' ')
		}
		text = append(text, p.fields[i+n]...)
		m, isTime := parseMoment(text)
		if isTime && (n == 0 || m.full() && m.zone == "") {
			f, ok = found{m, i, i, n + 1}, true
		}
	}
	return f, ok
}

// approximate returns the time in unix seconds, as if it were written in UTC, month first.
func (f *found) approximate() int64 {
	if f.epoch {
		return f.unix
	}
	return time.Date(f.year, time.Month(f.month), f.day, 0, 0, 0, 0, time.UTC).Unix() + f.seconds - f.offset
}

// findJail finds the column of the jail, if there is only one that can be it, and what Fail2Ban's
// "get JAIL banip --with-time" writes after the time: + 600 = 2026-11-27 10:11:01.
func (p *csvParser) findJail(names []string) {
	jail := -1
	for i, name := range names {
		if name != unknown {
			continue
		}
		if i+2 < len(names) && string(p.fields[i]) == "+" && string(p.fields[i+2]) == "=" && isNumber(p.fields[i+1]) {
			names[i], names[i+1], names[i+2] = ignored, "BANTIME", ignored
			for j := i + 3; j < len(names); j++ {
				names[j] = ignored
			}
			return
		}
		if isJail(p.fields[i]) {
			if jail >= 0 {
				return
			}
			jail = i
		}
	}
	if jail >= 0 {
		names[jail] = "JAIL"
	}
}

// isJail reports whether the field can be a jail: a lower-case word.
func isJail(field []byte) bool {
	if len(field) == 0 || len(field) > 60 || field[0] < 'a' || field[0] > 'z' ||
		says(field, banWords) || noBan(field) != "" {
		return false
	}
	for _, c := range field {
		if !isLetter(c) && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// isPlain reports whether there is nothing but a time, an address, a jail and numbers in the line. Otherwise blanks
// separate words, not columns.
func (p *csvParser) isPlain(names []string) bool {
	for i, name := range names {
		field := p.fields[i]
		if name == unknown && !isNumber(field) && !says(field, banWords) && noBan(field) == "" {
			return false
		}
	}
	return true
}
