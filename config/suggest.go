package config

import (
	"reflect"
	"strings"
)

// unknown notes a key that does not exist, and which one may be meant. The value may be anything, so it is not shown.
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
	const isNone = "is no key of friendlyfire"
	switch where, meant := r.meantKey(table, key); {
	case meant == "":
		r.mistake(name, isNone)
	case where == table:
		r.mistake(name, isNone+"; did you mean %q?", meant)
	case where == "":
		r.mistake(name, isNone+"; %q stands above all sections", meant)
	default:
		r.mistake(name, isNone+"; %q stands in [%s]", meant, where)
	}
}

// meantKey guesses which key is meant: one of the same section that differs by no more than two keystrokes, or else one
// of the same name in another section. It returns "" for both if there is none.
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

// keys returns all keys that exist, and the names of sections: "source", "source.every".
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

// keystrokes returns the Levenshtein distance of a and b: how many bytes to add, drop or change.
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
