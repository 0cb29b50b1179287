package config

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// splice returns the document with e in it. The result is for the parser to judge.
func splice(doc []byte, e Entry) []byte {
	bom := len(doc) - len(bytes.TrimPrefix(doc, []byte("\ufeff")))
	place := find(doc[bom:], e)
	newline := "\n"
	if bytes.Contains(doc, []byte("\r\n")) {
		newline = "\r\n"
	}
	literal := e.literal(e.ID)
	switch {
	case place.value.end > 0 && place.kind != e.kind():
		return doc // it holds something else altogether
	case place.value.end > 0 && e.Only:
		return replaceAt(doc, bom+place.value.start, bom+place.value.end, literal)
	case place.item > 0:
		return replaceAt(doc, bom+place.item, bom+place.item, ", "+literal)
	case place.value.end > 0:
		return replaceAt(doc, bom+place.value.end-1, bom+place.value.end-1, literal) // before the bracket
	}
	line := e.line([]string{e.ID}) + newline
	at := bom + place.header
	if place.header == 0 {
		at, line = len(doc), newline+"["+e.Section+"]"+newline+line
	}
	if at > 0 && doc[at-1] != '\n' {
		line = newline + line
	}
	return slices.Concat(doc[:at], []byte(line), doc[at:])
}

// replaceAt puts text in place of doc[start:end]. A comment behind it on the line stays in its column, where blanks allow.
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

// keyPosition is where a key of a section stands, in offsets of the document; 0: nowhere.
type keyPosition struct {
	header int                      // behind the line of the section's header
	value  struct{ start, end int } // of the key
	kind   unstable.Kind            // of the value
	item   int                      // behind the last item of the value, which is a list
}

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
		case x.Kind == unstable.ArrayTable:
			section = "[]" // no key of ours
		case x.Kind == unstable.Table:
			section = name
			if name == e.Section {
				found.header = len(doc)
				if i := bytes.IndexByte(doc[last.Offset:], '\n'); i >= 0 {
					found.header = int(last.Offset) + i + 1
				}
			}
		case strings.TrimPrefix(section+"."+name, ".") == e.Section+"."+e.Key:
			value := x.Value()
			found.value.end = int(x.Raw.Offset + x.Raw.Length)
			found.value.start, found.kind = int(value.Raw.Offset), value.Kind
			for it := value.Children(); it.Next(); {
				found.item = int(it.Node().Raw.Offset + it.Node().Raw.Length)
			}
		}
	}
	return found
}
