package ingest

import (
	"bytes"
	"iter"
	"time"
)

// maxFields is how many fields a line may have.
const maxFields = 60

// split splits the line into its fields. A field in quotes may contain the delimiter, and quotes, each written twice.
// Any other quote has no meaning, so that a stray one does no harm.
func (p *csvParser) split(line []byte) {
	p.fields = p.fields[:0]
	delimiter := p.delimiter()
	if delimiter == ' ' {
		for line = bytes.TrimSpace(line); len(line) > 0 && len(p.fields) <= maxFields; {
			end := bytes.IndexAny(line, " \t")
			if end < 0 {
				end = len(line)
			}
			p.fields = append(p.fields, unquote(line[:end]))
			line = bytes.TrimLeft(line[end:], " \t")
		}
		return
	}
	p.unquoted = p.unquoted[:0]
	for more := true; more && len(p.fields) <= maxFields; {
		if len(line) > 0 && (line[0] == '"' || line[0] == ' ') {
			var field []byte
			var quoted bool
			if field, line, more, quoted = p.quoted(line, delimiter); quoted {
				p.fields = append(p.fields, field)
				continue
			}
		}
		field := line
		end := bytes.IndexByte(line, delimiter)
		if more = end >= 0; more {
			field, line = line[:end], line[end+1:]
		}
		if n := len(field); n > 0 && (isEdge(field[0]) || isEdge(field[n-1])) {
			field = unquote(bytes.TrimSpace(field))
		}
		p.fields = append(p.fields, field)
	}
}

// isEdge reports whether a field that begins or ends with this byte may have to be trimmed.
func isEdge(c byte) bool { return c <= '"' || c >= 0x80 }

// unquote removes quotes around a whole field.
func unquote(field []byte) []byte {
	if n := len(field); n >= 2 && field[0] == '"' && field[n-1] == '"' {
		return field[1 : n-1]
	}
	return field
}

// quoted takes a field in quotes off the start of the line. It reports false, and takes nothing, if there is none whose
// end can be told.
func (p *csvParser) quoted(line []byte, delimiter byte) (field, rest []byte, more, ok bool) {
	text := bytes.TrimLeft(line, " ")
	if len(text) == 0 || text[0] != '"' {
		return nil, line, true, false
	}
	text = text[1:]
	doubled, end := false, 0
	for {
		i := bytes.IndexByte(text[end:], '"')
		if i < 0 {
			return nil, line, true, false
		}
		if end += i; end+1 == len(text) || text[end+1] != '"' {
			break
		}
		doubled = true
		end += 2
	}
	field, rest = text[:end], bytes.TrimLeft(text[end+1:], " \r")
	if len(rest) > 0 {
		if rest[0] != delimiter {
			return nil, line, true, false
		}
		rest, more = rest[1:], true
	}
	if doubled {
		from := len(p.unquoted)
		for i := 0; i < len(field); i++ {
			if p.unquoted = append(p.unquoted, field[i]); field[i] == '"' {
				i++ // it is written twice
			}
		}
		field = p.unquoted[from:]
	}
	return bytes.TrimSpace(field), rest, more, true
}

// rowStarts yields the places in a line, from the last one, at which a row that begins with a date could begin.
func rowStarts(line []byte, delimiter byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		tries := 0
		for at := len(line) - len(time.DateOnly) - 1; at > 0 && tries < 4; at-- {
			if line[at+4] != '-' && line[at+4] != '/' {
				continue
			}
			after := line[at+len(time.DateOnly)]
			if after != delimiter && after != ' ' && after != 'T' && after != '"' {
				continue
			}
			m, ok := parseMoment(line[at : at+len(time.DateOnly)])
			if !ok || !m.hasDate {
				continue
			}
			start := at
			if line[at-1] == '"' {
				start--
			}
			if start == 0 {
				continue
			}
			if tries++; !yield(start) {
				return
			}
		}
	}
}

// decodeUTF16 decodes a line of a file in UTF-16, of which a newline ends the line in the midst of a character. It
// reports false if the line is none. Characters that are not Latin are replaced.
func decodeUTF16(line []byte) (text []byte, ok bool) {
	low := -1 // parity of the bytes that tell a Latin character
	switch {
	case bytes.HasPrefix(line, []byte("\xff\xfe")):
		line, low = line[2:], 0
	case bytes.HasPrefix(line, []byte("\xfe\xff")):
		line, low = line[2:], 1
	}
	var zeros [2]int
	for i, c := range line {
		if c == 0 {
			zeros[i%2]++
		}
	}
	if low < 0 {
		if low = 0; zeros[0] > 0 {
			low = 1
		}
		if zeros[low] > 0 || zeros[1-low] < len(line)/4 {
			return nil, false
		}
	}
	if zeros[1-low] == 0 || zeros[low] > 0 {
		return nil, false
	}
	for i, c := range line {
		switch {
		case i%2 != low:
		case i > 0 && line[i-1] != 0 && low == 1, low == 0 && i+1 < len(line) && line[i+1] != 0:
			text = append(text, "\ufffd"...)
		default:
			text = append(text, string(rune(c))...)
		}
	}
	return bytes.Trim(text, "\r\n"), true
}
