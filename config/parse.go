package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"friendlyfire/store"
)

// parseFriend parses a country or a network, and returns the zero value for the other. An address is a network of one.
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
		if code, ok := store.CountryNamed(s); ok {
			return "", p, fmt.Errorf(`%s has the ISO code %q: write that`, show(s), code)
		}
		if code, ok := store.CountryLike(s); ok {
			return "", p, fmt.Errorf(`%s is no country; did you mean %s? Its ISO code is %q: write that`, show(s), code.Name(), code)
		}
		return "", p, fmt.Errorf(
			`%s is no country's ISO code, such as "BE", and no network, such as "203.0.113.0/24" or "AS5432"`, show(s))
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

func parseHours(s string) (*Hours, error) {
	first, last, _ := strings.Cut(s, "-")
	from, err := parseTimeOfDay(strings.TrimSpace(first))
	to, err2 := parseTimeOfDay(strings.TrimSpace(last))
	switch {
	case err != nil || err2 != nil:
		return nil, fmt.Errorf(`%s is not from one time of day to another, such as "22:00-07:00"; "" is never`, show(s))
	case *from == *to:
		return nil, fmt.Errorf(`%s ends when it begins; it is to end before that, such as "22:00-07:00"`, show(s))
	}
	return &Hours{*from, *to}, nil
}

var sftpForm = regexp.MustCompile(`^([^\s:/]+)@(\[[0-9a-fA-F:.]+\]|[^\s@:/\[\]]+)(:[0-9]+)?(/.*[^/])$`)

// parseSFTP parses user@host:port/path. Without a port it is 22.
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

var sshForm = regexp.MustCompile(`^ssh://([^\s:/@]+)@(\[[0-9a-fA-F:.]+\]|[^\s@:/\[\]]+)(:[0-9]+)?$`)

// parseSSH parses ssh://user@host:port. Without a port it is 22.
func parseSSH(s string) (*SSHAccount, error) {
	m := sshForm.FindStringSubmatch(s)
	if m == nil {
		return nil, errors.New("expected ssh://user@host:22")
	}
	a := &SSHAccount{User: m[1], Address: m[2] + cmp.Or(m[3], ":22")}
	if problem := badAddress(a.Address); problem != "" {
		return nil, errors.New(problem)
	}
	return a, nil
}

// show returns a value in quotes, without what is beyond 40 characters. It is for keys that hold no secret.
func show(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		s = string(runes[:40]) + "…"
	}
	return strconv.Quote(s)
}
