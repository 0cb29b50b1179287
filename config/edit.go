package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// sourceList is the key of the list of sources.
const sourceList = "source"

// Setting is what a key is to hold. Section is "" for the keys at the top, and "source" is the first [[source]].
type Setting struct {
	Section, Key string
	// Text is the value of a key that holds one text.
	Text string
	// Texts are the value of a key that holds a list, which is not nil.
	Texts []string
}

// name is how people call the key.
func (s Setting) name() string { return strings.TrimPrefix(s.Section+"."+s.Key, ".") }

func (s Setting) kind() unstable.Kind {
	if s.Texts != nil {
		return unstable.Array
	}
	return unstable.String
}

func (s Setting) literal() string {
	if s.Texts == nil {
		return quote(s.Text)
	}
	all := make([]string, len(s.Texts))
	for i, text := range s.Texts {
		all[i] = quote(text)
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// quote returns a basic string of TOML.
func quote(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// Set returns the text of a configuration in which the keys hold these values. Everything else in it stays byte for
// byte. The result can be loaded, unless what it lacks is a file that it names.
func (l Loader) Set(text []byte, settings []Setting) ([]byte, error) {
	for _, s := range slices.Backward(settings) { // a new line becomes the first of its section
		text = set(text, s)
	}
	for _, s := range settings {
		at := find(text, Entry{Section: s.Section, Key: s.Key}).value
		if string(text[at.start:at.end]) != s.literal() {
			return nil, fmt.Errorf("%s cannot be written into %s: write it by hand, %s = %s",
				s.name(), l.Path(), s.Key, s.literal())
		}
	}
	_, err := l.LoadText(text, ToAsk)
	return text, err
}

func set(text []byte, s Setting) []byte {
	bom := len(text) - len(bytes.TrimPrefix(text, []byte("\ufeff")))
	at := find(text[bom:], Entry{Section: s.Section, Key: s.Key})
	switch {
	case at.value.end > 0 && at.kind != s.kind():
		return text // which is found wrong afterwards
	case at.value.end > 0:
		return replaceAt(text, bom+at.value.start, bom+at.value.end, s.literal())
	}
	newline := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		newline = "\r\n"
	}
	line, offset := s.Key+" = "+s.literal()+newline, bom+at.header
	if at.header == 0 && s.Section != "" {
		header := "[" + s.Section + "]"
		if s.Section == sourceList {
			header = "[[source]]"
		}
		offset, line = len(text), newline+header+newline+line
	}
	if offset > bom && text[offset-1] != '\n' {
		line = newline + line
	}
	return slices.Concat(text[:offset], []byte(line), text[offset:])
}
