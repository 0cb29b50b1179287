package evidence

import (
	"encoding/json"
	"strings"
)

// nginx reads its error log: `[error] 2865#0: *66647 user "anna": password mismatch, client: 192.0.2.7, …`.
func nginx(m string) (s statement, ok bool) {
	s.service = "nginx"
	if m != "" && m[0] >= '0' && m[0] <= '9' { // through syslog: its own stamp
		_, m = parseStamp(m)
	}
	level, rest, ok := strings.Cut(m, "] ")
	if !ok || !strings.HasPrefix(level, "[") || strings.Contains(level, " ") {
		return s, false
	}
	process, rest, ok := strings.Cut(rest, ": *")
	if !ok || !strings.Contains(process, "#") {
		return s, false
	}
	number, what, _ := strings.Cut(rest, " ")
	s.conn = process + number
	s.kind, s.method = failed, "password"
	switch {
	case cut(&what, `user "`):
		mismatch, unknown := strings.Index(what, `": password mismatch`), strings.Index(what, `" was not found`)
		switch {
		case unknown >= 0 && (mismatch < 0 || unknown < mismatch):
			s.user, s.exists = what[:unknown], Missing
		case mismatch >= 0:
			s.user, s.exists = what[:mismatch], Exists
		default:
			return s, false
		}
	case cut(&what, "PAM: user '"):
		s.user, _, _ = strings.Cut(what, "' - not authenticated")
	case strings.HasPrefix(what, "no user/password was provided"), strings.Contains(what, "SSL_do_handshake() failed"):
		s.kind, s.method = silent, ""
	default:
		if request, ok := between(what, `request: "`, `"`); ok && probes(request) {
			s.kind, s.method, s.mark = silent, "", probed
			return s, true
		}
		return s, false
	}
	return s, true
}

// apache reads its error log, with and without modules and numbers: "[auth_basic:error] [pid 175:tid 14] [client
// 192.0.2.7:513] AH01617: user anna: authentication failure for "/": Password Mismatch".
func apache(m string) (s statement, ok bool) {
	s.service, s.kind, s.method = "apache", failed, "password"
	if !strings.HasPrefix(m, "[") {
		return s, false
	}
	_, rest, ok := strings.Cut(m, "[client ")
	if !ok {
		if _, rest, ok = strings.Cut(m, "[remote "); !ok {
			return s, false
		}
	}
	client, what, ok := strings.Cut(rest, "] ")
	if !ok {
		return s, false
	}
	if strings.HasPrefix(client, "[") || strings.Count(client, ":") == 1 { // with its port
		s.conn = client
	}
	if strings.HasPrefix(what, "AH") {
		_, what, _ = strings.Cut(what, ": ")
	}
	cut(&what, "Digest: ")
	switch {
	case cut(&what, "user `"):
		s.user, _, ok = strings.Cut(what, "' in realm ")
		s.exists = Missing
	case cut(&what, "Authorization of user "):
		s.user, _, ok = strings.Cut(what, " to access ")
		s.exists = Exists
	case cut(&what, "user "):
		s.user, s.exists, ok = apacheUser(what)
	case strings.HasPrefix(what, "client denied by server configuration"), strings.HasPrefix(what, "File does not exist"),
		strings.HasPrefix(what, "script '"):
		s.kind, s.method = silent, ""
		if probes(what) {
			s.mark = probed
		}
	default:
		ok = false
	}
	return s, ok
}

// apacheUser reads "NAME not found: /path" and "NAME: what failed". A name cannot pass for the other form by what it
// contains: the earliest of both counts.
func apacheUser(what string) (user string, exists Existence, ok bool) {
	if strings.HasPrefix(what, "not found: ") || strings.HasPrefix(what, " not found") {
		return "", Missing, true
	}
	at := len(what)
	for _, form := range []struct {
		sign   string
		exists Existence
	}{
		{" not found", Missing},
		{": authentication failure for", Exists},
		{": password mismatch", Exists},
		{": authorization failure for", Exists},
	} {
		if i := strings.Index(what, form.sign); i >= 0 && i < at {
			at, exists, ok = i, form.exists, true
		}
	}
	return what[:at], exists, ok
}

// wordpress reads lines of the plugin WP fail2ban (docs.wp-fail2ban.com): "Authentication failure for anna from
// 192.0.2.7", "Authentication attempt for unknown user anna from 192.0.2.7".
func wordpress(m string) (s statement, ok bool) {
	s.service, s.kind = "wordpress", failed
	cut(&m, "XML-RPC ")
	cut(&m, "REST ")
	if m != "" {
		m = strings.ToLower(m[:1]) + m[1:]
	}
	switch {
	case cut(&m, "authentication attempt for unknown user "):
		s.exists = Missing
	case cut(&m, "authentication failure for "):
		s.exists = Exists
	case cut(&m, "authentication failure from "): // of XML-RPC: it names nobody
		return s, true
	case cut(&m, "accepted password for "):
		s.kind = accepted
	case cut(&m, "blocked authentication attempt for "), cut(&m, "blocked username authentication attempt for "):
		s.mark = "tried a name that is blocked"
	case cut(&m, "blocked user enumeration attempt"):
		s.kind, s.mark = silent, "asked for the list of users"
		return s, true
	case cut(&m, "multicall authentication failure"):
		s.mark = "tried many passwords in one request"
		return s, true
	default:
		return s, false
	}
	s.user, _, _ = cutLast(m, " from ")
	if s.user == "" || s.user == m {
		s.user = ""
	}
	return s, true
}

// roundcube reads "FAILED login for anna from 192.0.2.7" and "IMAP Error: Login failed for anna [against host] from
// 192.0.2.7. …".
func roundcube(m string) (s statement, ok bool) {
	s.service, s.kind = "roundcube", failed
	if strings.HasPrefix(m, "<") { // session
		_, m, _ = strings.Cut(m, "> ")
	}
	cut(&m, "IMAP Error: ")
	if !cut(&m, "FAILED login for ") && !cut(&m, "Failed login for ") && !cut(&m, "Login failed for ") {
		return s, false
	}
	m, _, _ = strings.Cut(m, " in /") // where in the program, with the server's answer, which may quote the name
	m, _, _ = strings.Cut(m, ". AUTHENTICATE ")
	who, _, found := cutLast(m, " from ")
	if !found {
		return s, false
	}
	s.user, _, _ = cutLast(who, " against ")
	return s, true
}

// nextcloud reads its log of JSON, of which the line may be cut: `"message":"Login failed: anna (Remote IP:
// 192.0.2.7)"`.
func nextcloud(m string) (s statement, ok bool) {
	s.service, s.kind, s.method = "nextcloud", failed, "password"
	if cut(&m, "{core} Login failed: ") { // in syslog
		s.user, _, ok = strings.Cut(m, " (Remote IP")
		s.user = strings.Trim(s.user, "'")
		return s, ok
	}
	if !strings.HasPrefix(m, "{") {
		return s, false
	}
	if stamp, ok := between(m, `"time":"`, `"`); ok {
		s.at, _ = parseStamp(stamp + " ")
	}
	name, ok := between(m, `"message":"Login failed: `, ` (Remote IP`)
	if !ok {
		s.kind, s.method = silent, ""
		return s, strings.Contains(m, "Trusted domain error") || strings.Contains(m, "rusted domain")
	}
	if err := json.Unmarshal([]byte(`"`+name+`"`), &s.user); err != nil {
		s.user = name
	}
	if n := len(s.user); n > 1 && s.user[0] == '\'' && s.user[n-1] == '\'' { // until version 20
		s.user = s.user[1 : n-1]
	}
	return s, true
}

// access reads access logs in the combined form. They tell of attempts, and not of names but for basic authentication.
func access(m string) (s statement, ok bool) {
	s.service, s.kind = "web", silent
	head, rest, ok := strings.Cut(m, ` "`)
	if !ok {
		return s, false
	}
	who, stamp, ok := strings.Cut(head, " [")
	if !ok || strings.Count(who, " ") < 2 {
		return s, false
	}
	request, rest, ok := strings.Cut(rest, `" `)
	if !ok {
		return s, false
	}
	status, _, _ := strings.Cut(rest, " ")
	s.at = accessTime(stamp)
	user := strings.SplitN(who, " ", 3)[2]
	switch {
	case strings.HasPrefix(request, "POST ") && strings.Contains(request, "wp-login.php"),
		strings.HasPrefix(request, "POST ") && strings.Contains(request, "xmlrpc.php"):
		s.service, s.kind = "wordpress", failed
	case status == "401" && user != "-":
		s.kind, s.user, s.method = failed, user, "password"
	case probes(request):
		s.mark = probed
	}
	return s, true
}

const probed = "asked for what only scanners ask for"

// probes reports whether a request is one that no visitor of a site makes, but scanners make to all of them.
func probes(request string) bool {
	request = strings.ToLower(request)
	for _, sign := range []string{
		"/.env", "/.git/", "/.aws/", "wp-config.php", "/etc/passwd", "/cgi-bin/", "phpunit", "/boaform/", "/vendor/",
		"phpmyadmin", "/hnap1", "/setup.cgi", "/shell", "() {", "${jndi:", "../..", `\x16\x03`, "/actuator/",
	} {
		if strings.Contains(request, sign) {
			return true
		}
	}
	return false
}
