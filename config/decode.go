package config

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"

	"friendlyfire/store"
)

// kindNames are what TOML values are called in messages.
var kindNames = map[unstable.Kind]string{
	unstable.String: "text in quotes", unstable.Integer: "a number", unstable.Float: "a fraction",
	unstable.Bool: "true or false", unstable.Array: "a list", unstable.Table: "a section",
	unstable.ArrayTable: "a list of sections", unstable.LocalTime: "a bare time", unstable.LocalDate: "a bare date",
	unstable.LocalDateTime: "a bare date", unstable.DateTime: "a bare date",
}

// is reports whether n is of a kind, and notes a mistake if not.
func (r *reader) is(n *node, want unstable.Kind) bool {
	if n.kind != want {
		r.mistake(n.name, "expected %s, found %s", kindNames[want], kindNames[n.kind])
	}
	return n.kind == want
}

// section reads a table into a struct, by the names in the struct's tags.
func (r *reader) section(n *node, into reflect.Value) {
	fields := map[string]reflect.Value{}
	for field, value := range into.Fields() {
		fields[field.Tag.Get("toml")] = value
	}
	delete(fields, "-")
	if n.name == "" { // the whole document: sections of others are in it
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

// value reads a node by the type that it is for.
func (r *reader) value(n *node, field reflect.Value) {
	switch into := field.Addr().Interface().(type) {
	case *string:
		if r.is(n, unstable.String) {
			*into = n.text
		}
	case *bool:
		if r.is(n, unstable.Bool) {
			*into = n.text == "true"
		}
	case *int:
		if r.is(n, unstable.Integer) {
			i, err := strconv.ParseInt(n.text, 0, 32)
			if err != nil {
				r.mistake(n.name, "is too large")
			}
			*into = int(i)
		}
	case *time.Duration:
		readText(r, n, into, `a duration in quotes, such as "15m"`, parseDuration)
	case **time.Location:
		readText(r, n, into, `a time zone in quotes, such as "Europe/Brussels"`, parseZone)
	case **TimeOfDay:
		readText(r, n, into, `a time in quotes, such as "08:00"`, parseTimeOfDay)
	case **SFTPFile:
		readText(r, n, into, `"user@host:22/path/to/file"`, parseSFTP)
	case *store.Friends:
		r.friends(n, into)
	case *[]string:
		r.identifiers(n, into)
	case *[]Source:
		r.sources(n, into)
	default:
		if r.is(n, unstable.Table) {
			r.section(n, field)
		}
	}
}

// readText reads what TOML has no type for, and so is written in quotes. A pointer is nil for "".
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
	if n.kind != unstable.ArrayTable && !r.is(n, unstable.Array) {
		return
	}
	for _, item := range n.items {
		s := NewSource()
		if r.is(item, unstable.Table) {
			r.section(item, reflect.ValueOf(&s).Elem())
		}
		*into = append(*into, s)
	}
}

func (r *reader) friends(n *node, into *store.Friends) {
	if !r.is(n, unstable.Array) {
		return
	}
	for _, item := range n.items {
		if !r.is(item, unstable.String) {
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

// identifiers reads a list of chats or users, numbers or text. What is right for a platform is checked later.
func (r *reader) identifiers(n *node, into *[]string) {
	if !r.is(n, unstable.Array) {
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

// parseFriend reads a country or a network; the other one is zero.
func parseFriend(s string) (store.Country, netip.Prefix, error) {
	if country, ok := store.ParseCountry(s); ok {
		return country, netip.Prefix{}, nil
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return "", netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return "", p, fmt.Errorf(`%s is no country's ISO code, such as "BE", and no network, such as "203.0.113.0/24"`, show(s))
	case p.Masked() != p:
		return "", p, fmt.Errorf("%s has bits of a host; the network is %q", show(s), p.Masked())
	}
	return "", p, nil
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf(`%s is no duration, such as "90s", "15m" or "24h"`, show(s))
	}
	return d, nil
}

func parseZone(s string) (*time.Location, error) {
	zone, err := time.LoadLocation(s)
	if err != nil {
		return nil, fmt.Errorf(`%s is no time zone, such as "Europe/Brussels", "UTC" or "Local"`, show(s))
	}
	return zone, nil
}

func parseTimeOfDay(s string) (*TimeOfDay, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return nil, fmt.Errorf(`%s is no time of day, such as "08:00"; "" is never`, show(s))
	}
	return &TimeOfDay{Hour: t.Hour(), Minute: t.Minute()}, nil
}

var sftpForm = regexp.MustCompile(`^([^\s:/]+)@(\[[0-9a-fA-F:.]+\]|[^\s@:/\[\]]+)(:[0-9]+)?(/.*[^/])$`)

// parseSFTP reads user@host:port/path. The port may be left out.
func parseSFTP(s string) (*SFTPFile, error) {
	if user, _, ok := strings.Cut(s, "@"); ok && strings.Contains(user, ":") {
		return nil, errors.New("must hold no password: key_file names the key that logs in")
	}
	m := sftpForm.FindStringSubmatch(s)
	if m == nil {
		return nil, errors.New("expected user@host:22/path/to/file")
	}
	f := &SFTPFile{User: m[1], Address: m[2] + m[3], Path: m[4]}
	if m[3] == "" {
		f.Address += ":22"
	}
	if problem := badAddress(f.Address); problem != "" {
		return nil, errors.New(problem)
	}
	return f, nil
}

// show quotes a value of a key that holds no secret, cut where it is long.
func show(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		s = string(runes[:40]) + "…"
	}
	return strconv.Quote(s)
}
