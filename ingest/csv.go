package ingest

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"friendlyfire/store"
)

// csvParser parses the lines of one CSV file, in whatever dialect it is written: see dialect. What it has found out
// about the file is in Columns, with which another parser continues.
type csvParser struct {
	dialect
	clock *localTime
	cache struct{ banned, addresses, jails textCache } // texts met before

	foreign  []byte   // a line that is a header of unknown names
	fields   [][]byte // of the line at hand
	unquoted []byte   // holds fields that had quotes within
	joined   []byte   // holds a time that was taken from several fields
}

// newCSVParser returns a parser that continues with these columns, as Columns returned them; "" if nothing is known
// yet. Times without a zone are read by the clock.
func newCSVParser(columns string, clock *localTime) *csvParser {
	p := &csvParser{dialect: parseDialect(columns), clock: clock}
	p.cache.banned, p.cache.addresses, p.cache.jails = textCache{}, textCache{}, textCache{}
	return p
}

// Columns returns what is known about the file, in up to 200 characters. For the original form it is
// DATE,TIME,IP_ADDRESS.
func (p *csvParser) Columns() string { return p.dialect.String() }

// learn finds out what it can from the first lines of a file, before they are parsed: by the columns that most of them
// agree on, and by the dates that tell day from month. What it knows already it keeps if any of the lines fits it. It
// is for the start of a file, or where nothing is known.
func (p *csvParser) learn(sample []byte) {
	sample = sample[:bytes.LastIndexByte(sample, '\n')+1]
	q := p.fresh(p.dialect)
	if !p.decided() || !q.readsAny(sample) {
		q = p.fresh(p.fresh(dialect{}).agreed(sample))
		q.readsAny(sample)
	}
	if q.names == nil && !q.own {
		return
	}
	p.dialect = q.dialect
	for line := range bytes.Lines(sample) {
		line = trimEnd(line)
		if text, ok := decodeUTF16(line); ok {
			line = text
		}
		if line = trim(line); len(line) > 0 && !isRemark(line) {
			if q.readHeader(line, true) && len(q.names) == len(p.names) {
				p.foreign = bytes.Clone(line)
			}
			return
		}
	}
}

// agreed returns the dialect that a header sets, or that most lines agree on; what they do not tell remains unknown.
func (p *csvParser) agreed(sample []byte) (best dialect) {
	votes := map[string]int{}
	for line := range bytes.Lines(sample) {
		p.dialect = dialect{}
		_, found, _ := p.parse(trimEnd(line))
		switch {
		case !found && p.names != nil && len(votes) > 0:
			return best // what a later header says is not known yet
		case !found && p.names != nil:
			return p.dialect
		case !p.decided():
			continue
		}
		key := p.Columns()
		if votes[key]++; votes[key] > votes[best.String()] {
			best = p.dialect
		}
	}
	best.order = orderUnknown
	return best
}

// fresh returns a parser that has read nothing, of the same zone.
func (p *csvParser) fresh(d dialect) *csvParser {
	q := newCSVParser("", &localTime{zone: p.clock.zone})
	q.dialect = d
	return q
}

// readsAny parses the lines up to a header that follows bans, and reports whether any was a ban.
func (p *csvParser) readsAny(sample []byte) (found bool) {
	for line := range bytes.Lines(sample) {
		before := p.dialect
		if _, isBan, _ := p.parse(trimEnd(line)); isBan {
			found = true
		} else if found && p.String() != before.String() {
			p.dialect = before
			break
		}
	}
	return found
}

func trimEnd(line []byte) []byte { return bytes.TrimRight(line, "\r\n") }

// trim removes a byte order mark, and blanks at the ends.
func trim(line []byte) []byte { return bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff"))) }

// parse parses one line, without its end. It may return both a ban and an error: a writer that was stopped within a
// line leaves its beginning joined to the next one. The error is an other, a reason, or nil.
func (p *csvParser) parse(line []byte) (b store.Ban, found bool, err error) {
	err = p.row(line, &b)
	if _, bad := err.(reason); !bad { //nolint:errorlint // reasons are never wrapped
		return b, err == nil, err
	}
	if text, ok := decodeUTF16(line); ok {
		return p.parse(text)
	}
	if p.foreign != nil && bytes.Equal(trim(line), p.foreign) || !errors.Is(err, errControl) && p.header(line) {
		return store.Ban{}, false, otherHeader
	}
	for at := range rowStarts(line, p.delimiter()) {
		glued := p.header(line[:at]) // bcambl/fail2ban-blacklist writes its header without a newline
		if !p.decided() {
			break
		}
		var rest store.Ban
		if p.row(line[at:], &rest) == nil {
			if glued {
				return rest, true, nil
			}
			return rest, true, errUnfinished
		}
	}
	return store.Ban{}, false, err
}

// row parses a line as it is. The ban is valid if the error is nil.
func (p *csvParser) row(line []byte, b *store.Ban) error {
	line = trim(line)
	switch {
	case len(line) == 0:
		return otherBlank
	case bytes.IndexByte(line, 0) >= 0:
		return errControl // a crash may leave a run of zeros
	case !p.decided():
		return p.undecidedRow(line, b)
	case isRemark(line):
		return otherRemark
	}
	p.split(line)
	return p.read(b)
}

// read reads the ban from the fields of the line at hand.
func (p *csvParser) read(b *store.Ban) error {
	c, err := p.forFields(len(p.fields))
	if err != nil {
		return err
	}
	if o := p.saysNoBan(c); o != "" {
		return o
	}
	if c.strict || !p.addressOnly {
		b.Address = p.cache.banned.get(p.field(c, colAddress), address)
	} else {
		b.Address = p.cache.addresses.get(p.field(c, colAddress), onlyAddress)
	}
	if b.Address == "" {
		return errAddress
	}
	b.Jail = p.cache.jails.get(p.field(c, colJail), cleanJail)
	failures, err1 := p.optional(c, colFailures)
	banTime, err2 := p.optional(c, colBanTime)
	banCount, err3 := p.optional(c, colBanCount)
	if err1 != nil || err2 != nil || err3 != nil {
		if len(p.fields) > len(p.names) && c != &p.columns {
			return errMany // the extra field is not log lines
		}
		return errNumber
	}
	b.Failures, b.BanTime, b.BanCount = int(failures), banTime, int(banCount)
	b.Matches = matches(p.field(c, colMatches))
	b.Time, b.HasEpoch, err = p.time(c)
	return err
}

// time returns the time of the ban, and whether that does not depend on the zone.
func (p *csvParser) time(c *columns) (at time.Time, absolute bool, err error) {
	date, clock := p.field(c, colDate), p.field(c, colTime)
	if epoch := p.field(c, colEpoch); len(epoch) > 0 {
		if len(date) > len(time.DateOnly) {
			if m, ok := parseMoment(date); c.strict || !ok || !m.hasDate {
				return at, false, errTime // something is joined to it
			}
		}
		if c.strict || len(epoch) < 12 && isNumber(epoch) {
			at, err = p.clock.epoch(epoch)
			return at, true, err
		}
		return p.moment(epoch)
	}
	if stamp := p.stamp(c); len(stamp) > 0 {
		return p.moment(stamp)
	}
	if len(date) == len(time.DateOnly) && len(clock) == len(time.TimeOnly) && !p.utc {
		if at, err = p.clock.read(date, clock); err == nil || !errors.Is(err, errTime) {
			return at, false, err
		}
	}
	p.joined = append(append(append(p.joined[:0], date...), ' '), clock...)
	if m, ok := parseMoment(p.joined); ok && m.full() {
		return p.resolve(&m)
	}
	for _, text := range [][]byte{date, clock} { // both may be in either
		if m, ok := parseMoment(text); ok && m.full() {
			return p.resolve(&m)
		}
	}
	return at, false, errTime
}

func isNumber(field []byte) bool {
	_, err := number(field)
	return err == nil
}

// stamp returns the column of date and time. In a file that is separated by blanks it is several fields.
func (p *csvParser) stamp(c *columns) []byte {
	text := p.field(c, colStamp)
	for i := c.at[colStamp] + 1; i > 0 && i < len(p.fields) && c.names[i] == continued; i++ {
		if i == c.at[colStamp]+1 {
			p.joined = append(p.joined[:0], text...)
		}
		p.joined = append(append(p.joined, ' '), p.fields[i]...)
		text = p.joined
	}
	return text
}

func (p *csvParser) moment(text []byte) (at time.Time, absolute bool, err error) {
	m, ok := parseMoment(text)
	if !ok || !m.full() {
		return at, false, errTime
	}
	return p.resolve(&m)
}

// resolve returns the moment's time, and whether that does not depend on the source's zone.
func (p *csvParser) resolve(m *moment) (at time.Time, absolute bool, err error) {
	if m.epoch {
		at, err = p.clock.accept(m.unix)
		return at, true, err
	}
	if !p.order.settle(m) {
		return at, false, errOrder
	}
	if m.year < firstYear || m.year > lastYear {
		return at, false, errYear
	}
	day := time.Date(m.year, time.Month(m.month), m.day, 0, 0, 0, 0, time.UTC)
	if m.absolute || p.utc && m.zone == "" {
		at, err = p.clock.accept(day.Unix() + m.seconds - m.offset)
		return at, true, err
	}
	var date [len(time.DateOnly)]byte
	var clock [len(time.TimeOnly)]byte
	local := day.Add(time.Duration(m.seconds) * time.Second)
	at, err = p.clock.read(local.AppendFormat(date[:0], time.DateOnly), local.AppendFormat(clock[:0], time.TimeOnly))
	if err == nil && m.zone != "" {
		if name, _ := at.In(p.clock.zone).Zone(); name != m.zone {
			return time.Time{}, false, errZone
		}
	}
	return at, false, err
}

// field returns a column of the current line, nil if the line lacks it.
func (p *csvParser) field(c *columns, column int) []byte {
	if i := c.at[column]; i >= 0 && i < len(p.fields) {
		return p.fields[i]
	}
	return nil
}

// optional parses a numeric column, which is 0 if it is missing or empty. Where the columns are somebody's own, other
// text is as good as none.
func (p *csvParser) optional(c *columns, column int) (int64, error) {
	field := p.field(c, column)
	if len(field) == 0 {
		return 0, nil
	}
	n, err := number(field)
	if err != nil && !c.strict {
		return 0, nil
	}
	return n, err
}

// saysNoBan returns what the line is about if it tells, in a column of unknown meaning, that it is no new ban.
func (p *csvParser) saysNoBan(c *columns) other {
	if c.strict {
		return ""
	}
	for i, name := range c.names {
		if name == unknown && i < len(p.fields) {
			if o := noBan(p.fields[i]); o != "" {
				return o
			}
		}
	}
	return ""
}

// banWords are words for a new ban, and noBans for what is none.
var (
	banWords = []string{
		"ban", "banned", "block", "blocked", "deny", "denied", "drop", "dropped", "reject", "rejected", "add",
	}
	noBans = []struct {
		other
		words []string
	}{
		{otherUnban, []string{"unban", "unbanned", "unblock", "unblocked", "lifted", "expired"}},
		{otherRestored, []string{"restore", "restored", "restore ban"}},
		{otherFound, []string{"found"}},
		{otherIgnored, []string{"ignore", "ignored"}},
	}
)

// noBan returns what the field says that the line is about; "" if it does not say that it is no ban.
func noBan(field []byte) other {
	for i := range noBans {
		if says(field, noBans[i].words) {
			return noBans[i].other
		}
	}
	return ""
}

// says reports whether the field is one of the words.
func says(field []byte, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return len(word) == len(field) && bytes.EqualFold(field, []byte(word))
	})
}
