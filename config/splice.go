package config

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// splice returns the document with e in it. It knows only the common forms of TOML, so the caller must parse the result
// and see whether it says what it should.
func splice(doc []byte, e Entry) []byte {
	bom := len(doc) - len(bytes.TrimPrefix(doc, []byte("\ufeff")))
	at := find(doc[bom:], e)
	newline := "\n"
	if bytes.Contains(doc, []byte("\r\n")) {
		newline = "\r\n"
	}
	literal := e.literal(e.ID)
	switch {
	case at.value.end > 0 && at.kind != e.kind():
		return doc // the key holds something of another type
	case at.value.end > 0 && e.Only:
		return replaceAt(doc, bom+at.value.start, bom+at.value.end, literal)
	case at.item > 0:
		return replaceAt(doc, bom+at.item, bom+at.item, ", "+literal)
	case at.value.end > 0:
		return replaceAt(doc, bom+at.value.end-1, bom+at.value.end-1, literal) // before the bracket
	}
	line := e.line([]string{e.ID}) + newline
	offset := bom + at.header
	if at.header == 0 {
		offset, line = len(doc), newline+"["+e.Section+"]"+newline+line
	}
	if offset > 0 && doc[offset-1] != '\n' {
		line = newline + line
	}
	return slices.Concat(doc[:offset], []byte(line), doc[offset:])
}

// replaceAt puts text in place of doc[start:end]. A comment after it on the line stays in its column if there are
// enough spaces before it.
func replaceAt(doc []byte, start, end int, text string) []byte {
	rest := doc[end:]
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	if code, _, found := bytes.Cut(line, []byte("#")); found && !bytes.ContainsAny(code, "\"'") {
		tail := bytes.TrimRight(code, " ")
		blanks := len(code) - len(tail)
		drop := min(max(0, blanks-1), max(0, len(text)-(end-start)))
		rest = slices.Concat(tail, rest[len(tail)+drop:])
	}
	return slices.Concat(doc[:start], []byte(text), rest)
}

// keyPosition is where a key stands, as offsets in the document. 0: it has no such thing.
type keyPosition struct {
	header int                      // end of the line with the header of the section
	value  struct{ start, end int } // of the key
	kind   unstable.Kind            // of the value
	item   int                      // end of the last item, if the value is a list
}

// find returns the position of the key of e.
func find(doc []byte, e Entry) (found keyPosition) {
	p := &unstable.Parser{}
	p.Reset(doc)
	section := ""
	for p.NextExpression() {
		x := p.Expression()
		if x.Kind == unstable.Comment {
			continue
		}
		var names []string
		var last unstable.Range
		for it := x.Key(); it.Next(); {
			names, last = append(names, string(it.Node().Data)), it.Node().Raw
		}
		name := strings.Join(names, ".")
		switch {
		case x.Kind == unstable.ArrayTable && (name != e.Section || name != sourceList || found.header > 0):
			section = "[]" // only the first source is written to
		case x.Kind == unstable.Table || x.Kind == unstable.ArrayTable:
			section = name
			if name == e.Section {
				found.header = len(doc)
				if i := bytes.IndexByte(doc[last.Offset:], '\n'); i >= 0 {
					found.header = int(last.Offset) + i + 1
				}
			}
		case strings.TrimPrefix(section+"."+name, ".") == strings.TrimPrefix(e.Section+"."+e.Key, "."):
			value := x.Value()
			found.value.end = int(x.Raw.Offset + x.Raw.Length)
			found.value.start, found.kind = int(value.Raw.Offset), value.Kind
			if value.Kind == unstable.Array { // whose place the parser does not tell
				after := int(last.Offset + last.Length)
				found.value.start = after + bytes.IndexByte(doc[after:], '[')
			}
			for it := value.Children(); it.Next(); {
				found.item = int(it.Node().Raw.Offset + it.Node().Raw.Length)
			}
		}
	}
	return found
}
