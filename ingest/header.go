package ingest

import (
	"bytes"
	"slices"
	"strings"
)

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
