package evidence

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A line is what syslog, the journal or a service itself has written. Only the service that the line's tag names is
// asked what it means, so that a name cannot pass for another service's line.

// services are the readers of lines, by tag. A tag such as "postfix/smtpd" is found by its beginning.
var services = map[string]func(string) (statement, bool){
	"sshd": sshd, "sshd-session": sshd, "sshd-auth": sshd, "dropbear": dropbear,
	"dovecot": dovecot, "dovecot-auth": dovecot, "auth": dovecot, "auth-worker": dovecot, "auth(default)": dovecot,
	"auth-worker(default)": dovecot, "imap-login": dovecot, "pop3-login": dovecot, "managesieve-login": dovecot,
	"submission-login": dovecot, "postfix": postfix, "exim": exim, "exim4": exim,
	"imapd": courier, "imapd-ssl": courier, "pop3d": courier, "pop3d-ssl": courier, "courierpop3login": courier,
	"nginx": nginx, "httpd": apache, "apache": apache, "apache2": apache,
	"wordpress": wordpress, "wp": wordpress, "roundcube": roundcube, "Nextcloud": nextcloud, "nextcloud": nextcloud,
	"vsftpd": vsftpd, "proftpd": proftpd, "pure-ftpd": pureftpd,
	"fail2ban.actions": recidive, "fail2ban-server": recidive, "fail2ban": recidive,
}

// untagged are the readers of lines that stand in a service's own log.
var untagged = []func(string) (statement, bool){
	nginx, apache, nextcloud, roundcube, vsftpd, exim, access, recidive, dovecot,
}

// parseLine says what a line means; false: nothing that is known.
func parseLine(line string) (statement, bool) {
	at, rest := unwrap(line)
	s, ok := parseTagged(rest)
	if !ok {
		return statement{}, false
	}
	if s.at.IsZero() {
		s.at = at
	}
	return s, true
}

func parseTagged(rest string) (statement, bool) {
	if strings.HasPrefix(rest, "{") || strings.HasPrefix(rest, "[") { // JSON; the level of a web server's error
		if s, ok := parseUntagged(rest); ok {
			return s, true
		}
	}
	tag, conn, message, ok := cutTag(rest)
	if !ok {
		return parseUntagged(rest)
	}
	// "message repeated 5 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]", as rsyslog has it.
	count := 1
	if after, ok := strings.CutPrefix(message, "message repeated "); ok {
		if number, inner, ok := strings.Cut(after, " times: ["); ok {
			count, message = atoi(number), strings.TrimSpace(strings.TrimSuffix(inner, "]"))
		}
	}
	var s statement
	if read := reader(tag); read != nil {
		s, ok = read(message)
		if !ok {
			s, ok = pam(message)
		}
	} else if s, ok = pam(message); !ok {
		s, ok = parseUntagged(message)
	}
	s.service = cmp.Or(s.service, serviceOf(tag))
	if perConnection(s.service) {
		s.conn = cmp.Or(conn, s.conn)
	}
	if count > 1 {
		s.count = count * max(1, s.count)
	}
	return s, ok
}

func parseUntagged(line string) (s statement, ok bool) {
	for _, read := range untagged {
		if s, ok = read(line); ok {
			return s, true
		}
	}
	return statement{}, false
}

// reader is the reader of the tag's lines; nil: the tag is not known.
func reader(tag string) func(string) (statement, bool) {
	if read := services[tag]; read != nil {
		return read
	}
	tag, _, cut := strings.Cut(tag, "/")
	if cut && strings.HasPrefix(tag, "postfix") { // postfix-incoming/smtpd
		return postfix
	}
	if cut {
		return services[tag]
	}
	return nil
}

// perConnection reports whether the service has a process for each connection, so that its number tells them apart.
func perConnection(service string) bool {
	return service == "sshd" || service == "dropbear" || service == "vsftpd" || service == "proftpd"
}

func serviceOf(tag string) string {
	tag, _, _ = strings.Cut(tag, "/")
	tag, _, _ = strings.Cut(tag, "-")
	return tag
}

// cutTag cuts the host and the tag off a line: "web1 sshd[812]: Failed …" is "sshd", "812", "Failed …".
func cutTag(rest string) (tag, pid, message string, ok bool) {
	for range 4 { // what relays put in front, host, tag
		word, after, more := strings.Cut(strings.TrimLeft(rest, " "), " ")
		if !more {
			break
		}
		rest = after
		bare, colon := strings.CutSuffix(word, ":")
		name, pid, bracket := strings.Cut(bare, "[")
		pid = strings.TrimSuffix(pid, "]")
		if name == "" && known(pid) { // "[sshd]:", as some syslogs have it
			name, pid = pid, ""
		}
		if base, inner, cut := strings.Cut(name, "("); cut && !known(name) { // WordPress has the site in brackets
			if strings.Contains(inner, ",") { // auth(anna,192.0.2.7)<session>: the message begins here
				after = word + " " + after
			}
			name = base
		}
		switch {
		case colon && plausible(name), bracket && known(name):
			return name, pid, strings.TrimLeft(withoutID(after), " :"), true
		case colon:
			return "", "", "", false
		case known(name) && fields(after):
			pid, _, _ = strings.Cut(after, " ")
			return name, pid, rfc5424Message(after), true
		}
	}
	return "", "", "", false
}

func known(tag string) bool { return reader(tag) != nil }

// plausible reports whether a word before a colon can be the name of a program.
func plausible(tag string) bool {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._/-", r)
	}
	return tag != "" && (tag[0] < '0' || tag[0] > '9') && strings.TrimLeftFunc(tag, plain) == ""
}

// withoutID drops what Solaris puts in front of a message: "[ID 800047 auth.info] ".
func withoutID(message string) string {
	if strings.HasPrefix(message, "[ID ") {
		if _, after, ok := strings.Cut(message, "] "); ok {
			return after
		}
	}
	return message
}

// fields reports whether the structured fields of RFC 5424 begin: process, message id, data.
func fields(rest string) bool {
	words := strings.SplitN(rest, " ", 4)
	return len(words) == 4 && words[1] == "-" && (words[2] == "-" || strings.HasPrefix(words[2], "["))
}

func rfc5424Message(rest string) string {
	words := strings.SplitN(rest, " ", 4)
	if words[2] == "-" || strings.HasSuffix(words[2], "]") {
		return words[3]
	}
	_, message, _ := strings.Cut(words[3], "] ")
	return message
}

// between returns what stands between two texts, the first of each.
func between(s, before, after string) (string, bool) {
	_, s, ok := strings.Cut(s, before)
	if !ok {
		return "", false
	}
	s, _, ok = strings.Cut(s, after)
	return s, ok
}

// cutLast cuts s at the last separator: whoever chooses a name can put one into it.
func cutLast(s, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// atoi reads a count, at least 1 and bounded.
func atoi(s string) int {
	n := 0
	for i := 0; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		if n = 10*n + int(s[i]-'0'); n >= maxCount {
			return maxCount
		}
	}
	return max(1, n)
}

// nameChars is how many characters of a name are kept.
const nameChars = 64

// cleanName makes a name fit to be shown: one line, no character that is invisible or directs the text, bounded.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), 8*nameChars)], "\ufffd"))
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > nameChars {
		s = strings.TrimSpace(string([]rune(s)[:nameChars-1])) + "…"
	}
	return s
}
