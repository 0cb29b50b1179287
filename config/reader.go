package config

import (
	"cmp"
	"fmt"
	"slices"

	"friendlyfire/store"
)

// secretHere is what is said about any key that holds a secret, or whose name asks for one.
const secretHere = "a secret never stands in this file: put it alone into a file that only its owner can read, " +
	"and name that file in token_file or key_file"

// reader turns a document into a Config, and collects the mistakes on the way. It does so in three steps: parse makes
// nodes of the text (toml.go), section puts their values into structs (decode.go), validate judges those (validate.go).
type reader struct {
	file     string          // its name in messages
	sections []Section       // of the chat platforms
	lines    map[string]int  // by key, of every key that is given
	wrong    map[string]bool // keys with a mistake; a second one is not told
	mistakes []Mistake
	starts   []uint32 // of the lines, in bytes
	read     int      // tables and values so far
	refused  bool     // the document is too large; that is its one mistake
}

func newReader(file string, sections []Section) *reader {
	return &reader{file: file, sections: sections, lines: map[string]int{}, wrong: map[string]bool{}}
}

// mistake notes what is wrong with a key, at the line where it is given.
func (r *reader) mistake(key, format string, args ...any) {
	if !r.wrong[key] {
		r.mistakeAt(r.lines[key], key, format, args...)
	}
}

// missing notes that a key should be given, at the line of another key.
func (r *reader) missing(key, near, format string, args ...any) {
	if !r.wrong[key] {
		r.mistakeAt(cmp.Or(r.lines[key], r.lines[near]), key, format, args...)
	}
}

// mistakeAt notes a mistake without asking whether the key has one already. Tokens in its text are hidden.
func (r *reader) mistakeAt(line int, key, format string, args ...any) {
	r.wrong[key] = true
	r.mistakes = append(r.mistakes, Mistake{
		File: r.file, Line: line, Key: r.hide(key), Text: r.hide(fmt.Sprintf(format, args...)),
	})
}

// hide returns s without what looks like a token of any platform, cleaned and cut.
func (r *reader) hide(s string) string {
	for _, section := range r.sections {
		if form := section.TokenForm(); form != nil {
			s = form.ReplaceAllLiteralString(s, "(not shown)")
		}
	}
	return store.Clean(s, 500)
}

// holdsToken reports whether anything in s looks like a token of any platform.
func (r *reader) holdsToken(s string) bool {
	return slices.ContainsFunc(r.sections, func(section Section) bool {
		form := section.TokenForm()
		return form != nil && form.MatchString(s)
	})
}

// err returns the mistakes as an *Error.
func (r *reader) err() error {
	slices.SortStableFunc(r.mistakes, func(a, b Mistake) int { return cmp.Compare(a.Line, b.Line) })
	return &Error{Mistakes: r.mistakes}
}
