package ingest

import (
	"bytes"
	"net/netip"
	"strings"

	"friendlyfire/store"
)

// loginService returns what reads the logins of a program; nil: it has none.
func loginService(program []byte) func(program, message []byte) (store.Login, error) {
	switch string(program) {
	case "sshd", "sshd-session":
		return sshdLogin
	case "dovecot", "imap-login", "pop3-login", "managesieve-login", "submission-login":
		return dovecotLogin
	}
	if bytes.HasPrefix(program, []byte("postfix")) && bytes.HasSuffix(program, []byte("/smtpd")) {
		return postfixLogin
	}
	return nil
}

// sshdLogin reads what OpenSSH logs of a login (auth_log in auth.c), control characters in the name escaped:
//
//	Accepted password for anna from 192.0.2.1 port 4711 ssh2
//	Accepted keyboard-interactive/pam for anna from 192.0.2.1 port 4711 ssh2
//	Accepted publickey for anna from 2001:db8::1 port 4711 ssh2: ED25519-CERT SHA256:… ID anna (serial 0) CA …
//
// The name of an account and the identity of a certificate are free text. A line that can be read in two ways is
// refused.
func sshdLogin(_, message []byte) (l store.Login, err error) {
	rest, ok := bytes.CutPrefix(message, []byte("Accepted "))
	if !ok {
		return l, otherNoLogin
	}
	method, rest, ok := bytes.Cut(rest, []byte(" for "))
	if !ok || !isMethod(method) {
		return l, errLogin
	}
	from := []byte(" from ")
	found, whole := 0, false
	var name, address []byte
	for at := 0; ; at += len(from) {
		i := bytes.Index(rest[at:], from)
		if i < 0 {
			break
		}
		at += i
		word, tail := cutWord(rest[at+len(from):])
		if port, end := cutWord(tail); string(port) == "port" {
			found, name, address, whole = found+1, rest[:at], word, endsLogin(end)
		}
	}
	if found != 1 || !whole {
		return l, errLogin
	}
	if l.Address, ok = loginAddress(address); !ok {
		return l, otherNoAddress // UNKNOWN: it is no connection of the Internet
	}
	l.Service, l.Name = "sshd", string(name)
	return l, nil
}

// isMethod reports whether a word is a method of authentication, with its submethod.
func isMethod(method []byte) bool {
	for _, c := range method {
		if (c < 'a' || c > 'z') && !isDigit(c) && c != '-' && c != '/' {
			return false
		}
	}
	return len(method) > 0
}

// endsLogin reports whether s is "4711 ssh2", and perhaps a colon and more.
func endsLogin(s []byte) bool {
	port, s := cutWord(s)
	protocol, _, _ := bytes.Cut(s, []byte{':'})
	return isDigits(port) && (len(s) == 0 || string(protocol) == "ssh2" || string(protocol) == "ssh1" ||
		string(protocol) == "ssh")
}

var (
	dovecotLogins = [][]byte{[]byte("Login: "), []byte("Logged in: ")} // the second since 2.4
	remoteAddress = []byte("rip=")
)

// dovecotLogin reads what Dovecot's login processes log of a login, by login_log_format_elements in any order:
//
//	imap-login: Login: user=<anna>, method=PLAIN, rip=192.0.2.1, lip=198.51.100.1, mpid=12, TLS, session=<…>
//
// In a log of Dovecot's own, the name of the process is that of the program, and "Info: " follows it.
func dovecotLogin(program, message []byte) (l store.Login, err error) {
	if string(program) == "dovecot" {
		var ok bool
		if program, message, ok = bytes.Cut(message, []byte(": ")); !ok {
			return l, otherNoLogin
		}
	}
	service, ok := bytes.CutSuffix(program, []byte("-login"))
	if !ok || loginService(program) == nil {
		return l, otherNoLogin
	}
	message = bytes.TrimPrefix(message, []byte("Info: "))
	begins := false
	for _, prefix := range dovecotLogins {
		if !begins {
			message, begins = bytes.CutPrefix(message, prefix)
		}
	}
	if !begins {
		return l, otherNoLogin
	}
	l.Service = dovecotService(service)
	at, found := 0, 0
	for i := 0; ; {
		j := bytes.Index(message[i:], remoteAddress)
		if j < 0 {
			break
		}
		if i += j; i == 0 || message[i-1] == ' ' {
			at, found = i+len(remoteAddress), found+1
		}
		i += len(remoteAddress)
	}
	if found != 1 { // a name may hold anything, an address too
		return l, errLogin
	}
	text, _, _ := bytes.Cut(message[at:], []byte{','})
	text, _ = cutWord(text)
	if l.Address, ok = loginAddress(text); !ok {
		return l, otherNoAddress
	}
	if _, name, ok := bytes.Cut(message, []byte("user=<")); ok {
		name, _, _ = bytes.Cut(name, []byte{'>'})
		l.Name = string(name)
	}
	return l, nil
}

// dovecotService is one of few names, without a copy of its own for each line.
func dovecotService(service []byte) string {
	switch string(service) {
	case "imap":
		return "imap"
	case "pop3":
		return "pop3"
	case "managesieve":
		return "managesieve"
	}
	return "submission"
}

// postfixLogin reads what Postfix's smtpd logs of a message whose sender has logged in (smtpd.c):
//
//	4XyZ12Abc3z: client=host.example.org[192.0.2.1], sasl_method=PLAIN, sasl_username=anna@example.org
func postfixLogin(_, message []byte) (l store.Login, err error) {
	queue, rest, ok := bytes.Cut(message, []byte(": client="))
	if !ok || len(queue) == 0 || !isQueueID(queue) {
		return l, otherNoLogin
	}
	_, rest, opened := bytes.Cut(rest, []byte{'['})
	address, rest, closed := bytes.Cut(rest, []byte{']'})
	if len(rest) > 0 && rest[0] == ':' { // smtpd_client_port_logging
		rest = skipDigits(rest[1:])
	}
	if !bytes.HasPrefix(rest, []byte(", sasl_")) {
		return l, otherNoLogin
	}
	_, name, ok := bytes.Cut(rest, []byte("sasl_username="))
	if !opened || !closed || !ok {
		return l, errLogin
	}
	name, _, _ = bytes.Cut(name, []byte(", "))
	l.Service, l.Name = "smtp", string(name)
	if l.Address, ok = loginAddress(bytes.TrimPrefix(address, []byte("IPv6:"))); !ok {
		return l, otherNoAddress
	}
	return l, nil
}

// isQueueID reports whether a word is the id of a message in Postfix's queue, or NOQUEUE.
func isQueueID(word []byte) bool {
	for _, c := range word {
		if !isLetter(c) && !isDigit(c) {
			return false
		}
	}
	return true
}

// loginAddress reads an address as bans have it.
func loginAddress(text []byte) (netip.Addr, bool) {
	if len(text) > maxAddress {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(strings.Trim(string(text), "[]"))
	return a.Unmap().WithZone(""), err == nil
}
