package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/pelletier/go-toml/v2/unstable"
)

// entry is an identifier that a key of the configuration is to hold.
type entry struct {
	section, key string
	id           string
	only         bool // the key holds one identifier; else it is a list
}

// held returns what the key of e holds.
func (c *Config) held(e entry) []string {
	switch e.section + "." + e.key {
	case "telegram.chats":
		return c.Telegram.Chats
	case "telegram.users":
		return c.Telegram.Users
	case "discord.channels":
		return c.Discord.Channels
	case "discord.users":
		return c.Discord.Users
	case "discord.guild":
		if c.Discord.Guild != "" {
			return []string{c.Discord.Guild}
		}
	}
	return nil
}

// with returns what the key of e will hold.
func (c *Config) with(e entry) []string {
	held := c.held(e)
	if slices.Contains(held, e.id) {
		return held
	}
	return append(slices.Clone(held), e.id)
}

// lines are what a person pastes: the sections with their keys, merged with what c has.
func (c *Config) lines(entries []entry) string {
	var b strings.Builder
	section := ""
	for _, e := range entries {
		if e.section != section {
			fmt.Fprintf(&b, "[%s]\n", e.section)
			section = e.section
		}
		fmt.Fprintf(&b, "%s\n", e.line(c.with(e)))
	}
	return b.String()
}

// line is the key with the values.
func (e entry) line(ids []string) string {
	literals := make([]string, len(ids))
	for i, id := range ids {
		literals[i] = e.literal(id)
	}
	value := strings.Join(literals, ", ")
	if !e.only {
		value = "[" + value + "]"
	}
	return e.key + " = " + value
}

// kind is what the key holds in TOML.
func (e entry) kind() unstable.Kind {
	if e.only {
		return unstable.String
	}
	return unstable.Array
}

var telegramNumber = regexp.MustCompile(`^-?[0-9]+$`)

// literal is an identifier as it is usually written: Telegram's are numbers, but for topics.
func (e entry) literal(id string) string {
	if e.section == "telegram" && telegramNumber.MatchString(id) {
		return id
	}
	return strconv.Quote(id)
}

// writeConfig puts the entries into a configuration file, as it is now. Everything else in it stays byte for byte. It is
// replaced at once or not at all, and only by one that can be loaded. The shipped configuration is the beginning of
// DefaultConfigFile where there is none.
func writeConfig(path string, entries []entry) error {
	before, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && path == DefaultConfigFile {
		before, err = DefaultConfig(), nil
	}
	if err != nil {
		return err
	}
	need := purpose{files: true}
	c, err := parseConfig(path, before, need)
	if err != nil {
		return err
	}
	after := before
	for _, e := range slices.Backward(entries) { // a new line goes to the top of its section
		if !slices.Contains(c.held(e), e.id) {
			after = splice(after, e)
		}
	}
	written, err := parseConfig(path, after, need)
	if err != nil {
		return fmt.Errorf("%s stays as it is, since it would be wrong with the new lines; write them by hand\n%w", path, err)
	}
	for _, e := range entries {
		if want, got := c.with(e), written.held(e); !slices.Equal(want, got) {
			return fmt.Errorf("%s stays as it is: %s.%s would be %q, not %q; write it by hand", path, e.section, e.key, got, want)
		}
	}
	if bytes.Equal(before, after) {
		return nil
	}
	return replaceFile(path, after)
}

// splice returns the document with e in it. The result is for parseConfig to judge.
func splice(doc []byte, e entry) []byte {
	bom := len(doc) - len(bytes.TrimPrefix(doc, []byte("\ufeff")))
	place := find(doc[bom:], e)
	newline := "\n"
	if bytes.Contains(doc, []byte("\r\n")) {
		newline = "\r\n"
	}
	literal := e.literal(e.id)
	switch {
	case place.value.end > 0 && place.kind != e.kind():
		return doc // it holds something else altogether
	case place.value.end > 0 && e.only:
		return replaceAt(doc, bom+place.value.start, bom+place.value.end, literal)
	case place.item > 0:
		return replaceAt(doc, bom+place.item, bom+place.item, ", "+literal)
	case place.value.end > 0:
		return replaceAt(doc, bom+place.value.end-1, bom+place.value.end-1, literal) // before the bracket
	}
	line := e.line([]string{e.id}) + newline
	at := bom + place.header
	if place.header == 0 {
		at, line = len(doc), newline+"["+e.section+"]"+newline+line
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

// place is where a key of a section stands, in offsets of the document; 0: nowhere.
type place struct {
	header int                      // behind the line of the section's header
	value  struct{ start, end int } // of the key
	kind   unstable.Kind            // of the value
	item   int                      // behind the last item of the value, which is a list
}

func find(doc []byte, e entry) (found place) {
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
			if name == e.section {
				found.header = len(doc)
				if i := bytes.IndexByte(doc[last.Offset:], '\n'); i >= 0 {
					found.header = int(last.Offset) + i + 1
				}
			}
		case strings.TrimPrefix(section+"."+name, ".") == e.section+"."+e.key:
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
