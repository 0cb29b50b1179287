package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"friendlyfire/store"
)

// Error is a configuration with mistakes: all of them, in the order of their lines.
type Error struct{ Mistakes []Mistake }

// Error returns the mistakes, one per line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// Mistake is one thing to mend. It never shows a secret, nor more of the file than a short wrong value.
type Mistake struct {
	File string
	Line int    // from 1; 0 where the mistake stands on no line
	Key  string // "telegram.chats[2]", lists counted from one; "" for the whole file
	Text string // what is wrong, and what is expected
}

// String returns file:line: key: text.
func (m Mistake) String() string {
	place := m.File
	if m.Line > 0 {
		place = fmt.Sprintf("%s:%d", m.File, m.Line)
	}
	if m.Key == "" {
		return place + ": " + m.Text
	}
	return place + ": " + m.Key + ": " + m.Text
}

const secretHere = "a secret never stands in this file: put it alone into a file that only its owner can read, " +
	"and name that file in token_file or key_file"

// reader turns a document into a Config and collects what is wrong on the way.
type reader struct {
	file     string
	sections []Section       // of others
	lines    map[string]int  // of every key that is given
	wrong    map[string]bool // keys with a mistake, of which no second is told
	mistakes []Mistake
}

func newReader(file string, sections []Section) *reader {
	return &reader{file: file, sections: sections, lines: map[string]int{}, wrong: map[string]bool{}}
}

// mistake notes what is wrong with a key, on the line where it is given.
func (r *reader) mistake(key, format string, args ...any) {
	if !r.wrong[key] {
		r.mistakeAt(r.lines[key], key, format, args...)
	}
}

// missing notes a key that should be given, on the line of another one.
func (r *reader) missing(key, near, format string, args ...any) {
	if !r.wrong[key] {
		r.mistakeAt(cmp.Or(r.lines[key], r.lines[near]), key, format, args...)
	}
}

func (r *reader) mistakeAt(line int, key, format string, args ...any) {
	r.wrong[key] = true
	hide := func(s string) string {
		for _, section := range r.sections {
			s = section.TokenForm().ReplaceAllLiteralString(s, "(not shown)")
		}
		return store.Clean(s, 500)
	}
	r.mistakes = append(r.mistakes, Mistake{
		File: r.file, Line: line, Key: hide(key), Text: hide(fmt.Sprintf(format, args...)),
	})
}

func (r *reader) err() error {
	slices.SortStableFunc(r.mistakes, func(a, b Mistake) int { return cmp.Compare(a.Line, b.Line) })
	return &Error{Mistakes: r.mistakes}
}

// unknown notes a key that does not exist, with what may have been meant. Its value may be anything: it is not shown.
func (r *reader) unknown(section *node, key string) {
	name := section.child(key)
	for _, word := range []string{"token", "password", "passphrase", "secret"} {
		if strings.Contains(strings.ToLower(key), word) && !strings.HasSuffix(key, "file") {
			r.mistake(name, secretHere)
			return
		}
	}
	table := section.name
	if strings.HasPrefix(table, "source[") {
		table = "source"
	}
	const text = "is no key of friendlyfire"
	switch where, meant := r.meantKey(table, key); {
	case meant == "":
		r.mistake(name, text)
	case where == table:
		r.mistake(name, text+"; did you mean %q?", meant)
	case where == "":
		r.mistake(name, text+"; %q stands above all sections", meant)
	default:
		r.mistake(name, text+"; %q stands in [%s]", meant, where)
	}
}

// meantKey finds the key that was meant: one of the same section within two keystrokes, or one of that very name in
// another section.
func (r *reader) meantKey(table, key string) (where, meant string) {
	for _, name := range r.keys() {
		section, last, ok := strings.Cut(name, ".")
		if !ok {
			section, last = "", name
		}
		if section == table && keystrokes(strings.ToLower(key), last) <= min(2, len(last)/2) {
			return section, last
		}
		if last == key && meant == "" {
			where, meant = section, last
		}
	}
	return where, meant
}

// keys lists all keys, sections among them: "source", "source.every".
func (r *reader) keys() []string {
	var walk func(prefix string, t reflect.Type) []string
	walk = func(prefix string, t reflect.Type) (keys []string) {
		for f := range t.Fields() {
			tag := f.Tag.Get("toml")
			if tag == "-" {
				continue
			}
			keys = append(keys, prefix+tag)
			if t := f.Type; t == reflect.TypeFor[[]Source]() {
				keys = append(keys, walk(prefix+tag+".", t.Elem())...)
			} else if t.Kind() == reflect.Struct && t.Name() == "" {
				keys = append(keys, walk(prefix+tag+".", t)...)
			}
		}
		return keys
	}
	keys := walk("", reflect.TypeFor[Config]())
	for _, s := range r.sections {
		keys = append(append(keys, s.Name()), walk(s.Name()+".", reflect.TypeOf(s).Elem())...)
	}
	return keys
}

// keystrokes is the Levenshtein distance: how many letters to add, drop or change.
func keystrokes(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
