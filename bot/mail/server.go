package mail

import (
	"errors"
	"math"
	"net"
	"net/mail"
	"regexp"
	"strconv"
	"strings"

	"friendlyfire/config"
)

// server is where mail is handed over.
type server struct {
	host string
	port string
	tls  bool // from the first byte on; otherwise the connection begins in plain text
}

// address is what to dial.
func (s server) address() string { return net.JoinHostPort(s.host, s.port) }

// local reports whether the server is on this machine, where nobody is on the way.
func (s server) local() bool { return config.IsLoopback(s.host) }

// Ports of RFC 8314, section 7.3, and RFC 6409.
const tlsPort, submissionPort = "465", "587"

// parseServer parses "mail.example.org", "mail.example.org:587", or with smtp:// or smtps:// in front. Port 465 is for
// TLS from the first byte on, unless smtp:// says otherwise; all others begin in plain text, unless smtps:// does.
func parseServer(s string) (server, error) {
	expected := errors.New(`expected a mail server, such as "mail.example.org:587"; ` +
		`"smtps://mail.example.org:2465" for TLS at a port that is not 465`)
	scheme, rest, explicit := strings.Cut(s, "://")
	if !explicit {
		scheme, rest = "", s
	}
	if scheme != "" && scheme != "smtp" && scheme != "smtps" {
		return server{}, expected
	}
	out := server{host: rest, tls: scheme == "smtps"}
	if host, port, err := net.SplitHostPort(rest); err == nil {
		out.host, out.port = host, port
		out.tls = out.tls || scheme == "" && port == tlsPort
	} else {
		if out.host = rest; strings.HasPrefix(rest, "[") && strings.HasSuffix(rest, "]") {
			out.host = rest[1 : len(rest)-1]
		}
		out.port = map[bool]string{true: tlsPort, false: submissionPort}[out.tls]
	}
	if n, err := strconv.ParseUint(out.port, 10, 32); err != nil || n < 1 || n > math.MaxUint16 {
		return server{}, expected
	}
	if net.ParseIP(out.host) == nil && (len(out.host) > longestHost || !hostForm.MatchString(out.host)) {
		return server{}, expected
	}
	return out, nil
}

var (
	// hostForm matches a host name, of any length: RFC 1123, section 2.1.
	hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

	// addressForm matches an address as nearly all are: RFC 5321, section 4.1.2, without quotes and literals. Nothing
	// in it has a meaning in a command or a header.
	addressForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*" +
		`@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$`)
)

// longestHost is the length of the longest name of a host, in bytes.
const longestHost = 253

// isAddress reports whether s is a bare address.
func isAddress(s string) bool { return len(s) <= 254 && addressForm.MatchString(s) }

// parseFrom parses an address, with or without a name: "friendlyfire <alerts@example.org>".
func parseFrom(s string) (*mail.Address, error) {
	from, err := mail.ParseAddress(s)
	if err != nil || !isAddress(from.Address) {
		return nil, errors.New(`expected an address, such as "alerts@example.org" or "friendlyfire <alerts@example.org>"`)
	}
	return from, nil
}
