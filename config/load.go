package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"

	"friendlyfire/store"
)

// Loader reads a configuration file, and writes into it.
type Loader struct {
	// File is the path; "" is DefaultFile.
	File string
	// Defaults are the built-in configuration, for where DefaultFile is missing.
	Defaults []byte
	// Sections makes new sections of the chat platforms, with their defaults; nil: there are none.
	Sections func() []Section
}

// Purpose is what a configuration is loaded for. It decides what must be there, beside being free of contradictions.
type Purpose int

const (
	// ToAsk is for commands that only ask the database. The files that the configuration names are not opened, so that
	// the commands work for users who may not read a token; tokens are empty.
	ToAsk Purpose = iota
	// ToForward is for the agent of a fleet, which alerts of nobody and has no chats: no friends are wanted, and no token
	// is read. The files that the sources name must be readable.
	ToForward
	// ToPair is for a bot that may have no chat yet. The files named must be readable, and tokens are read.
	ToPair
	// ToRun is for the bot itself: as ToPair, and a platform with a token must have chats, too.
	ToRun
)

// Load reads the configuration. The error is an *Error with all mistakes.
func (l Loader) Load(purpose Purpose) (*Config, error) {
	path := l.Path()
	data, err := readBounded(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && path == DefaultFile:
		return l.parse(BuiltIn, l.Defaults, purpose)
	case err != nil:
		return nil, &Error{Mistakes: []Mistake{{File: path, Text: reason(err)}}}
	}
	return l.parse(path, data, purpose)
}

// LoadText is Load of a text that may become that of the file.
func (l Loader) LoadText(text []byte, purpose Purpose) (*Config, error) {
	return l.parse(l.Path(), text, purpose)
}

// Path is that of the file.
func (l Loader) Path() string { return cmp.Or(l.File, DefaultFile) }

// maxFile is the largest configuration that is read, in bytes: enough for a thousand sources.
const maxFile = 256 << 10

// readBounded reads a file that is no larger than maxFile.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if len(data) > maxFile {
		return nil, fmt.Errorf("is larger than a configuration can be: more than %d KiB", maxFile>>10)
	}
	return data, err
}

// parse is Load of what was read from the file; the name is for messages.
func (l Loader) parse(file string, data []byte, purpose Purpose) (*Config, error) {
	c := newConfig()
	c.File = file
	if l.Sections != nil {
		c.Platforms = l.Sections()
	}
	r := newReader(file, c.Platforms)
	if root := r.parse(data); root != nil {
		r.section(root, reflect.ValueOf(c).Elem())
		r.validate(c, purpose)
	}
	if len(r.mistakes) > 0 {
		return nil, r.err()
	}
	return c, nil
}

// reason returns why a file cannot be used, without its path, which may be a secret in the wrong place.
func reason(err error) string {
	e, ok := errors.AsType[*fs.PathError](err)
	if !ok {
		return err.Error()
	}
	text := "cannot be read: " + e.Err.Error()
	if errors.Is(err, fs.ErrPermission) {
		text += " to user " + store.UserName(os.Geteuid())
	}
	return text
}
