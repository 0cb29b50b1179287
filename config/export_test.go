package config

import (
	"fmt"
	"reflect"
)

// The tests of this package are outside it, because they need the sections of the platforms, which import it. This is
// what they see of its inside.
var (
	New          = newConfig
	Reason       = reason
	IsCredential = isCredential
	Splice       = splice
)

// Parse is Load of the text of a file.
func (l Loader) Parse(file string, data []byte, purpose Purpose) (*Config, error) {
	return l.parse(file, data, purpose)
}

// With returns what the key of e is to hold.
func (c *Config) With(e Entry) []string { return c.with(e) }

// Keys returns all keys that exist.
func Keys(sections []Section) []string { return newReader("", sections).keys() }

// Given returns all keys in a document, with the items of lists numbered.
func Given(data []byte, sections []Section) (keys []string) {
	r := newReader("", sections)
	r.parse(data)
	for key := range r.lines {
		keys = append(keys, key)
	}
	return keys
}

// Flat returns the kind and the text of each value in a document, by its whole key; nil if that is no TOML.
func Flat(data []byte, sections []Section) map[string]string {
	r := newReader("", sections)
	root := r.parse(data)
	if root == nil || len(r.mistakes) > 0 {
		return nil
	}
	all := map[string]string{}
	var walk func(n *node)
	walk = func(n *node) {
		all[n.name] = fmt.Sprint(n.kind, " ", n.text)
		for _, c := range n.items {
			walk(c)
		}
		for _, c := range n.table {
			walk(c)
		}
	}
	walk(root)
	return all
}

// SectionOf returns the section of that type in a configuration.
func SectionOf[T Section](c *Config) (found T) {
	for _, s := range c.Platforms {
		if reflect.TypeOf(s) == reflect.TypeFor[T]() {
			found, _ = s.(T)
		}
	}
	return found
}
