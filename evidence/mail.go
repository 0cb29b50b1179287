package evidence

import "strings"

// dovecot reads lines of Dovecot 1.2 to 2.4: of the login processes ("imap-login: Disconnected (auth failed, 2 attempts
// in 9 secs): user=<anna>, method=PLAIN, rip=192.0.2.7, …, session=<abc>") and, with auth_verbose, of the database that
// was asked ("auth-worker(12): sql(anna,192.0.2.7,<abc>): Password mismatch").
func dovecot(m string) (s statement, ok bool) {
	s.service = "dovecot"
	if process, message, ok := strings.Cut(m, "-login: "); ok && !strings.ContainsAny(process, "(<=") {
		return dovecotLogin(s, message)
	}
	if strings.Contains(m, ", rip=") || strings.Contains(m, ": rip=") {
		return dovecotLogin(s, m)
	}
	return dovecotAuth(s, m)
}

func dovecotLogin(s statement, m string) (statement, bool) {
	cut(&m, "Info: ")
	why, who, ok := strings.Cut(m, "): ")
	if !ok {
		if cut(&m, "Login: ") {
			s.kind = accepted
			s.user, _ = between(m, "user=<", ">")
			return s, true
		}
		return s, false
	}
	user := strings.LastIndex(m, "): user=<")
	if user >= 0 {
		why, who = m[:user], m[user+len("): "):]
	}
	switch {
	case strings.Contains(why, "auth failed"):
		s.kind = failed
		if _, n, ok := strings.Cut(why, "auth failed, "); ok {
			s.count = atoi(n)
		}
	case strings.Contains(why, "no auth attempts"), strings.Contains(why, "before auth was ready"),
		strings.Contains(why, "finish SASL auth"), strings.Contains(why, "during TLS handshake"),
		strings.Contains(why, "plaintext auth"):
		s.kind = silent
	default:
		return s, false
	}
	// The name is the client's: what follows it is looked for from the end.
	if rest, ok := strings.CutPrefix(who, "user=<"); ok {
		i := strings.LastIndex(rest, ">, method=")
		if i < 0 {
			i = strings.LastIndex(rest, ">, rip=")
		}
		if i >= 0 {
			s.user, who = rest[:i], rest[i:]
		}
	}
	if method, ok := between(who, "method=", ","); ok {
		s.method = strings.ToLower(method)
	}
	if _, session, ok := cutLast(who, "session=<"); ok {
		s.conn, _, _ = strings.Cut(session, ">")
	}
	return s, true
}

// dovecotAuth reads "[auth-worker(12): ][conn …: ]sql(NAME,ADDRESS[,<session>]): what is wrong", and 2.4's
// "auth(NAME,ADDRESS,sasl:plain)<session>: sql: what is wrong".
func dovecotAuth(s statement, m string) (statement, bool) {
	i := strings.LastIndex(m, "): ")
	if j := strings.LastIndex(m, ">: "); j > i && strings.Contains(m, "sasl:") {
		i = strings.LastIndex(m[:j], ")<")
		if i < 0 {
			return s, false
		}
		s.conn = m[i+2 : j]
	}
	if i < 0 {
		return s, false
	}
	switch why := m[i:]; {
	case strings.Contains(why, "unknown user"), strings.Contains(why, "User not known"):
		s.exists = Missing
	case strings.Contains(why, "assword mismatch?"), strings.Contains(why, "pam_authenticate() failed"),
		strings.Contains(why, "nvalid credentials"): // may be of a name that does not exist
	case strings.Contains(why, "assword mismatch"):
		s.exists = Exists
	default:
		return s, false
	}
	if password, ok := between(m[i:], "given password: ", ")"); ok {
		s.password = password
	}
	s.kind = asked
	// Of "conn unix:auth-worker (uid=143): auth-worker<13>: sql(NAME,ADDRESS", the last bracket before the address
	// opens.
	who := m[:i]
	if session := strings.LastIndex(who, ",<"); session >= 0 && strings.HasSuffix(who, ">") {
		s.conn, who = who[session+2:len(who)-1], who[:session]
	}
	for _, database := range []string{"pam(", "sql(", "ldap(", "passwd-file(", "passwd(", "lua(", "shadow(", "auth("} {
		if _, after, ok := strings.Cut(who, database); ok {
			after, _, _ = strings.Cut(after, ",sasl:")
			s.user, _, _ = cutLast(strings.TrimSuffix(after, ","), ",")
			return s, true
		}
	}
	return s, false
}

// postfix reads lines of smtpd: "warning: host[192.0.2.7]: SASL LOGIN authentication failed: …, sasl_username=anna".
// Only since 3.x they name the user.
func postfix(m string) (s statement, ok bool) {
	s.service = "postfix"
	cut(&m, "warning: ")
	if head, tail, ok := strings.Cut(m, " authentication failed:"); ok {
		_, method, sasl := cutLast(head, "SASL ")
		if !sasl {
			return s, false
		}
		s.method = strings.ToLower(method)
		s.kind = failed
		if strings.HasPrefix(tail, " Connection lost to authentication server") {
			s.kind = noted // the server's own fault
		}
		if _, user, ok := strings.Cut(tail, "sasl_username="); ok {
			s.user, _, _ = strings.Cut(user, ", ")
		}
		return s, true
	}
	switch {
	case strings.HasPrefix(m, "disconnect from "):
		_, auth, ok := strings.Cut(m, " auth=0/")
		s.kind, s.count = closed, atoi(auth)
		if !ok {
			s.kind, s.count = silent, 0
		}
	case strings.HasPrefix(m, "lost connection after "):
		s.kind = silent
	case strings.HasPrefix(m, "PREGREET "), strings.Contains(m, ": non-SMTP command from "):
		s.kind, s.mark = silent, "did not wait to be greeted, as mail programs do"
	default:
		return s, false
	}
	return s, true
}

// exim reads "dovecot_login authenticator failed for host (HELO) [192.0.2.7]: 535 Incorrect authentication data
// (set_id=anna)", and what is said of clients that got no further than to ask.
func exim(m string) (s statement, ok bool) {
	s.service = "exim"
	if strings.HasPrefix(m, "[") { // [8003]
		_, m, _ = strings.Cut(m, "] ")
	}
	if m != "" && m[0] >= '0' && m[0] <= '9' { // of the journal: its own stamp
		_, m = parseStamp(m)
	}
	name, rest, ok := strings.Cut(m, " authenticator failed for ")
	if !ok || strings.Contains(name, " ") {
		return eximAsked(s, m)
	}
	s.kind = failed
	if strings.Contains(rest, "]: 435 Unable to authenticate at present") {
		s.kind = noted // the server's own fault
	}
	s.method = strings.ToLower(name[strings.LastIndexByte(name, '_')+1:])
	if s.method == "server" {
		s.method, _, _ = strings.Cut(strings.ToLower(name), "_")
	}
	if _, user, ok := strings.Cut(rest, "(set_id="); ok {
		s.user = strings.TrimSuffix(user, ")")
	}
	s.mark = eximTool(rest)
	return s, true
}

// eximTool is the mark of clients that call themselves what no mail program does.
func eximTool(m string) string {
	if strings.Contains(m, "(ylmf-pc)") || strings.Contains(m, "(User)") {
		return "calls itself as a known attack tool does"
	}
	return ""
}

// eximAsked reads `SMTP protocol error in "AUTH LOGIN" H=(laptop) [192.0.2.7] AUTH command used when not advertised`,
// which a mail program without encryption meets as well, and `SMTP protocol synchronization error (…): … input="GET
// …"`.
func eximAsked(s statement, m string) (statement, bool) {
	s.kind = silent
	switch {
	case strings.HasPrefix(strings.ToUpper(m), `SMTP PROTOCOL ERROR IN "AUTH`):
		s.mark = eximTool(m)
	case strings.HasPrefix(m, "SMTP protocol synchronization error"),
		strings.HasPrefix(m, "no MAIL in SMTP connection from "):
		if foreign(strings.ReplaceAll(m, `input="`, "'")) {
			s.mark = "spoke another protocol to the mail server"
		}
	default:
		return s, false
	}
	return s, true
}

// courier reads "LOGIN FAILED, user=anna, ip=[::ffff:192.0.2.7]".
func courier(m string) (s statement, ok bool) {
	s.service, s.kind = "courier", failed
	if !cut(&m, "LOGIN FAILED, ") {
		return s, false
	}
	if cut(&m, "user=") {
		s.user, _, _ = cutLast(m, ", ip=[")
	}
	return s, true
}
