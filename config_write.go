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
		before, err = defaultConfig, nil
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
