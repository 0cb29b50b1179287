package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Entry is an identifier that a key of a platform's section is to hold.
type Entry struct {
	Section, Key string
	ID           string
	Only         bool // the key holds one identifier; else it is a list
	Bare         bool // an identifier that is a number is written without quotes
}

// Held returns what the key of e holds.
func (c *Config) Held(e Entry) []string {
	switch field := c.sectionKey(e.Section, e.Key); {
	case !field.IsValid():
		return nil
	case field.Kind() == reflect.Slice:
		return field.Interface().([]string) //nolint:forcetypeassert // lists of a section are of identifiers
	case field.String() != "":
		return []string{field.String()}
	}
	return nil
}

// with returns what the key of e will hold.
func (c *Config) with(e Entry) []string {
	held := c.Held(e)
	if slices.Contains(held, e.ID) {
		return held
	}
	return append(slices.Clone(held), e.ID)
}

// Lines are what a person pastes: the sections with their keys, merged with what c has.
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

// line is the key with the values.
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

// kind is what the key holds in TOML.
func (e Entry) kind() unstable.Kind {
	if e.Only {
		return unstable.String
	}
	return unstable.Array
}

var number = regexp.MustCompile(`^-?[0-9]+$`)

// literal is an identifier as it is written.
func (e Entry) literal(id string) string {
	if e.Bare && number.MatchString(id) {
		return id
	}
	return strconv.Quote(id)
}

// Write puts the entries into a configuration file, as it is now. Everything else in it stays byte for byte. It is
// replaced at once or not at all, and only by one that can be loaded. The shipped configuration is the beginning of
// DefaultFile where there is none.
func (l Loader) Write(entries []Entry) error {
	path := cmp.Or(l.File, DefaultFile)
	before, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && path == DefaultFile {
		before, err = l.Defaults, nil
	}
	if err != nil {
		return err
	}
	c, err := l.parse(path, before, ToPair)
	if err != nil {
		return err
	}
	after := before
	for _, e := range slices.Backward(entries) { // a new line goes to the top of its section
		if !slices.Contains(c.Held(e), e.ID) {
			after = splice(after, e)
		}
	}
	written, err := l.parse(path, after, ToPair)
	if err != nil {
		return fmt.Errorf("%s stays as it is, since it would be wrong with the new lines; write them by hand\n%w", path, err)
	}
	for _, e := range entries {
		if want, got := c.with(e), written.Held(e); !slices.Equal(want, got) {
			return fmt.Errorf("%s stays as it is: %s.%s would be %q, not %q; write it by hand", path, e.Section, e.Key, got, want)
		}
	}
	if bytes.Equal(before, after) {
		return nil
	}
	return replaceFile(path, after)
}

// replaceFile gives a file a new content in one move, keeping its mode and its owner, and the link that leads to it.
func replaceFile(path string, content []byte) error {
	mode, owner := fs.FileMode(0o600), (*syscall.Stat_t)(nil)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		mode = info.Mode().Perm()
		owner, _ = info.Sys().(*syscall.Stat_t)
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err == nil {
		_, err = f.Write(content)
		if err == nil && owner != nil {
			err = f.Chown(int(owner.Uid), int(owner.Gid))
		}
		if err == nil {
			err = f.Chmod(mode)
		}
		if err == nil {
			err = f.Sync()
		}
		err = errors.Join(err, f.Close())
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("%s stays as it is: %w", path, err)
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
