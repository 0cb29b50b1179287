package config

import (
	"errors"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// ParseAPI parses the address of a platform's API: https, or http on this machine. It may have a path, but nothing that
// is secret or would get lost: no password, query or fragment. A slash at its end is dropped.
func ParseAPI(address string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(address, "/"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("expected the URL of a server, such as https://example.org")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must hold no password, query or fragment")
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		return nil, errors.New("needs https: http would show the token on the way, and is for this machine only")
	}
	return u, nil
}

// IsRemote reports whether the API at a base URL is on another machine, which has a clock of its own.
func IsRemote(api string) bool {
	u, err := url.Parse(api)
	return err == nil && !IsLoopback(u.Hostname())
}

// IsLoopback reports whether connections to host never leave this machine. localhost is the only name of which that is
// known.
func IsLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// badAddress returns what is wrong with a host:port, "" if nothing is.
func badAddress(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "expected host:port, such as 127.0.0.1:9109 or [::1]:9109"
	}
	if n, err := strconv.ParseUint(port, 10, 32); err != nil || n < 1 || n > math.MaxUint16 {
		return "expected a port from 1 to 65535"
	}
	return ""
}
