package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Entry is an identifier that a key in the section of a platform must hold.
type Entry struct {
	Section, Key string
	ID           string
	Only         bool // the key holds one identifier, not a list
	Bare         bool // numbers are written without quotes
}

// Held returns the identifiers that the key of e holds in c.
func (c *Config) Held(e Entry) []string {
	switch field := c.sectionKey(e.Section, e.Key); {
	case !field.IsValid():
		return nil
	case field.Kind() == reflect.Slice:
		return field.Interface().([]string) //nolint:forcetypeassert // a section has no other lists
	case field.String() != "":
		return []string{field.String()}
	}
	return nil
}

// sectionKey returns the field of the section that has the key, or the zero Value.
func (c *Config) sectionKey(section, key string) (field reflect.Value) {
	for _, s := range c.Platforms {
		if s.Name() != section {
			continue
		}
		for f, value := range reflect.ValueOf(s).Elem().Fields() {
			if f.Tag.Get("toml") == key {
				return value
			}
		}
	}
	return field
}

// with returns what the key of e is to hold: what it holds in c and e.
func (c *Config) with(e Entry) []string {
	held := c.Held(e)
	if slices.Contains(held, e.ID) {
		return held
	}
	return append(slices.Clone(held), e.ID)
}

// Lines returns what a person pastes into the file: the sections and their keys, with what the keys hold in c and what
// the entries add.
func (c *Config) Lines(entries []Entry) string {
	var b strings.Builder
	section := ""
	for _, e := range entries {
		if e.Section != section {
			fmt.Fprintf(&b, "[%s]\n", e.Section)
			section = e.Section
		}
		fmt.Fprintf(&b, "%s\n", e.line(c.with(e)))
	}
	return b.String()
}

// line returns the key with these identifiers as its value.
func (e Entry) line(ids []string) string {
	literals := make([]string, len(ids))
	for i, id := range ids {
		literals[i] = e.literal(id)
	}
	value := strings.Join(literals, ", ")
	if !e.Only {
		value = "[" + value + "]"
	}
	return e.Key + " = " + value
}

// kind returns the TOML type of the key.
func (e Entry) kind() unstable.Kind {
	if e.Only {
		return unstable.String
	}
	return unstable.Array
}

var number = regexp.MustCompile(`^-?[0-9]+$`)

// literal returns an identifier as it is written in the file.
func (e Entry) literal(id string) string {
	if e.Bare && number.MatchString(id) {
		return id
	}
	return strconv.Quote(id)
}

// Write puts the entries into the configuration file. Everything else in it stays byte for byte. The file is replaced
// whole or not at all, and only by one that can be loaded. A DefaultFile that does not exist is made from l.Defaults.
// The error is an *Error if the file already has mistakes.
func (l Loader) Write(entries []Entry) error {
	path, before, err := l.Text()
	if err != nil {
		return err
	}
	after, err := l.WithEntries(before, entries)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	return ReplaceFile(path, after)
}

// Text returns the path and the content of the configuration file; a DefaultFile that does not exist has that of
// l.Defaults.
func (l Loader) Text() (path string, text []byte, err error) {
	path = l.Path()
	text, err = readBounded(path)
	if errors.Is(err, fs.ErrNotExist) && path == DefaultFile {
		text, err = l.Defaults, nil
	}
	return path, text, err
}

// WithEntries returns the text of a configuration with the entries in it. The error is an *Error if it already has
// mistakes.
func (l Loader) WithEntries(before []byte, entries []Entry) (after []byte, err error) {
	path := l.Path()
	c, err := l.parse(path, before, ToPair)
	if err != nil {
		return nil, err
	}
	after = before
	for _, e := range slices.Backward(entries) { // a new line becomes the first of its section
		if !slices.Contains(c.Held(e), e.ID) {
			after = splice(after, e)
		}
	}
	written, err := l.parse(path, after, ToPair)
	if err != nil {
		return nil, fmt.Errorf("%s stays as it is, since it would be wrong with the new lines; write them by hand\n%w",
			path, err)
	}
	for _, e := range entries {
		if want, got := c.with(e), written.Held(e); !slices.Equal(want, got) {
			return nil, fmt.Errorf("%s stays as it is: %s.%s would be %q, not %q; write it by hand",
				path, e.Section, e.Key, got, want)
		}
	}
	return after, nil
}
