package config

import (
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"

	"friendlyfire/store"
)

// kindNames are what the types of TOML are called in messages.
var kindNames = map[unstable.Kind]string{
	unstable.String: "text in quotes", unstable.Integer: "a number", unstable.Float: "a fraction",
	unstable.Bool: "true or false", unstable.Array: "a list", unstable.Table: "a section",
	unstable.ArrayTable: "a list of sections", unstable.LocalTime: "a bare time", unstable.LocalDate: "a bare date",
	unstable.LocalDateTime: "a bare date", unstable.DateTime: "a bare date",
}

// expect reports whether n is of the kind that is wanted, and notes a mistake if it is not.
func (r *reader) expect(n *node, want unstable.Kind) bool {
	if n.kind != want {
		r.mistake(n.name, "expected %s, found %s", kindNames[want], kindNames[n.kind])
	}
	return n.kind == want
}

// section reads a table into a struct. The toml tags of the fields are the keys.
func (r *reader) section(n *node, into reflect.Value) {
	fields := map[string]reflect.Value{}
	for field, value := range into.Fields() {
		fields[field.Tag.Get("toml")] = value
	}
	delete(fields, "-")
	if n.name == "" { // the whole document has the sections of the platforms, too
		for _, s := range r.sections {
			fields[s.Name()] = reflect.ValueOf(s).Elem()
		}
	}
	for _, key := range n.keys {
		if field, ok := fields[key]; ok {
			r.value(n.table[key], field)
		} else {
			r.unknown(n, key)
		}
	}
}

// value reads a node into a field. The type of the field says what is expected.
func (r *reader) value(n *node, field reflect.Value) {
	switch into := field.Addr().Interface().(type) {
	case *string:
		if r.expect(n, unstable.String) {
			*into = n.text
		}
	case *bool:
		if r.expect(n, unstable.Bool) {
			*into = n.text == "true"
		}
	case *int:
		if r.expect(n, unstable.Integer) {
			i, err := strconv.ParseInt(n.text, 0, 32)
			if err != nil {
				r.mistake(n.name, "is too large")
			}
			*into = int(i)
		}
	case *time.Duration:
		readText(r, n, into, `a duration in quotes, such as "15m"`, parseDuration)
	case *Period:
		readText(r, n, into, `a duration in quotes, such as "30d"`, parsePeriod)
	case **time.Location:
		readText(r, n, into, `a time zone in quotes, such as "Europe/Brussels"`, parseZone)
	case **TimeOfDay:
		readText(r, n, into, `a time in quotes, such as "08:00"`, parseTimeOfDay)
	case **Hours:
		readText(r, n, into, `hours in quotes, such as "22:00-07:00"`, parseHours)
	case **SFTPFile:
		readText(r, n, into, `"user@host:22/path/to/file"`, parseSFTP)
	case *store.Friends:
		r.friends(n, into)
	case *[]string:
		r.identifiers(n, into)
	case *[]Source:
		r.sources(n, into)
	case *[]Logins:
		r.logins(n, into)
	default:
		if r.expect(n, unstable.Table) {
			r.section(n, field)
		}
	}
}

// readText reads a value of a type that TOML does not have, which is written in quotes. "" makes a pointer nil.
func readText[T any](r *reader, n *node, into *T, expected string, parse func(string) (T, error)) {
	if n.kind != unstable.String {
		r.mistake(n.name, "expected %s, found %s", expected, kindNames[n.kind])
		return
	}
	if n.text == "" && reflect.TypeFor[T]().Kind() == reflect.Pointer {
		*into = *new(T)
		return
	}
	v, err := parse(n.text)
	if err != nil {
		r.mistake(n.name, "%v", err)
		return
	}
	*into = v
}

func (r *reader) sources(n *node, into *[]Source) {
	if n.kind == unstable.Table {
		r.mistake(n.name, "needs two brackets, [[%s]]: there may be several", n.name)
		return
	}
	if n.kind != unstable.ArrayTable && !r.expect(n, unstable.Array) {
		return
	}
	for _, item := range n.items {
		s := NewSource()
		if r.expect(item, unstable.Table) {
			r.section(item, reflect.ValueOf(&s).Elem())
		}
		*into = append(*into, s)
	}
}

func (r *reader) friends(n *node, into *store.Friends) {
	if !r.expect(n, unstable.Array) {
		return
	}
	for _, item := range n.items {
		if !r.expect(item, unstable.String) {
			continue
		}
		if system, meant, err := store.ParseASN(item.text); meant {
			switch {
			case err != nil:
				r.mistake(item.name, "%s %v", show(item.text), err)
			case into.HasASN(system):
				r.mistake(item.name, "is listed twice")
			default:
				into.Systems = append(into.Systems, system)
			}
			continue
		}
		country, network, err := parseFriend(item.text)
		switch {
		case err != nil:
			r.mistake(item.name, "%v", err)
		case slices.Contains(into.Countries, country) || slices.Contains(into.Networks, network):
			r.mistake(item.name, "is listed twice")
		case country != "":
			into.Countries = append(into.Countries, country)
		default:
			into.Networks = append(into.Networks, network)
		}
	}
}

// identifiers reads a list of chats or users, which may be numbers or text. The platform validates them later.
func (r *reader) identifiers(n *node, into *[]string) {
	if !r.expect(n, unstable.Array) {
		return
	}
	for _, item := range n.items {
		text := item.text
		if i, err := strconv.ParseInt(text, 0, 64); err == nil && item.kind == unstable.Integer {
			text = strconv.FormatInt(i, 10)
		}
		if slices.Contains(*into, text) {
			r.mistake(item.name, "is listed twice")
		}
		*into = append(*into, text)
	}
}
