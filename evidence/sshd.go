package evidence

import "strings"

// sshd reads lines of OpenSSH (auth.c, auth2.c, packet.c): the forms of 5.x to 10.x. A name that is not known, or may
// not log in, is "invalid user" to it.
func sshd(m string) (s statement, ok bool) {
	s.service = "sshd"
	m = strings.TrimPrefix(strings.TrimPrefix(m, "error: "), "fatal: ")
	switch {
	case cut(&m, "Failed "):
		return sshdFailed(s, m)
	case cut(&m, "Invalid user "), cut(&m, "Illegal user "):
		s.kind = refused
		s.user, s.conn = sshdUser(m)
		s.exists = missing(s.user)
	case cut(&m, "Accepted "):
		s.kind = accepted
		s.method, m, _ = strings.Cut(m, " for ")
		s.user, s.conn = sshdUser(m)
		s.exists = Exists
	case cut(&m, "PAM: "):
		return sshdPAM(s, m)
	case cut(&m, "User "):
		var why bool
		if m, _, why = cutLast(m, " not allowed because "); !why {
			return s, false
		}
		s.kind, s.exists = refused, Exists // barred, but known
		s.user, s.conn = sshdUser(m)
	case cut(&m, "ROOT LOGIN REFUSED"):
		s.kind, s.user, s.exists = refused, "root", Exists
	case cut(&m, "maximum authentication attempts exceeded for "):
		s.kind = closed
		s.user, s.exists, s.conn = sshdCalled(m)
	case cut(&m, "input_userauth_request: invalid user "):
		s.kind, s.user = refused, strings.TrimSuffix(m, " [preauth]")
		s.exists = missing(s.user)
	case cut(&m, "Connection closed by "), cut(&m, "Connection reset by "), cut(&m, "Disconnected from "),
		cut(&m, "Disconnecting "), cut(&m, "Disconnecting: "), cut(&m, "Received disconnect from "):
		return sshdEnd(s, m)
	default:
		return sshdSilent(s, m)
	}
	return s, true
}

// cut cuts a prefix off, if it is there.
func cut(s *string, prefix string) (ok bool) {
	*s, ok = strings.CutPrefix(*s, prefix)
	return ok
}

// sshdFailed reads "Failed METHOD for [invalid user ]NAME from ADDRESS port N ssh2[: key]".
func sshdFailed(s statement, m string) (statement, bool) {
	method, who, ok := strings.Cut(m, " for ")
	if !ok {
		return s, false
	}
	s.kind = failed
	s.method, _, _ = strings.Cut(method, "/") // keyboard-interactive/pam
	s.user, s.exists, s.conn = sshdCalled(who)
	if s.user == "<invalid username>" {
		s.user, s.exists = "", Missing
	}
	switch s.method {
	case "none": // what a client asks first, to learn the methods
		s.kind, s.method = closed, ""
	case "publickey", "hostbased":
		s.kind = keyed
	}
	return s, true
}

// sshdCalled reads "[invalid user ]NAME from ADDRESS …".
func sshdCalled(m string) (user string, exists Existence, conn string) {
	invalid := cut(&m, "invalid user ")
	user, conn = sshdUser(m)
	if invalid {
		return user, missing(user), conn
	}
	return user, Exists, conn
}

// missing is what "invalid user" means: root, which every system has, may not log in.
func missing(user string) Existence {
	if user == "root" {
		return Exists
	}
	return Missing
}

// sshdUser reads "NAME from ADDRESS[ port N …]", where the name may be empty, and may itself contain " from ". The port
// tells connections apart where no process number does.
func sshdUser(m string) (user, conn string) {
	head, tail, ok := cutLast(m, " port ")
	if ok {
		conn, _, _ = strings.Cut(tail, " ")
		conn = "port " + conn
	} else {
		head = m
	}
	if address, ok := strings.CutPrefix(head, "from "); ok && !strings.Contains(address, " from ") {
		return "", conn
	}
	user, _, _ = cutLast(head, " from ")
	return user, conn
}

// sshdPAM reads what sshd says of PAM: "PAM: Authentication failure for [illegal user ]NAME from ADDRESS".
func sshdPAM(s statement, m string) (statement, bool) {
	why, who, ok := strings.Cut(m, " for ")
	if !ok {
		return s, false
	}
	s.kind, s.method = asked, "keyboard-interactive"
	illegal := cut(&who, "illegal user ") || cut(&who, "invalid user ")
	who, _, _ = strings.Cut(who, " via ")
	s.user, _ = sshdUser(who)
	switch {
	case illegal, strings.HasPrefix(why, "User not known"):
		s.exists = missing(s.user)
	case strings.HasPrefix(why, "Authentication"), strings.HasPrefix(why, "authentication"):
		s.exists = Exists
	default:
		return s, false
	}
	return s, true
}

// sshdEnd reads how a connection ended before a login: "[authenticating user |invalid user ]NAME ADDRESS port N: why".
func sshdEnd(s statement, m string) (statement, bool) {
	s.kind, s.exists = closed, Exists
	switch {
	case cut(&m, "authenticating user "):
	case cut(&m, "invalid user "):
		s.exists = Missing
	case strings.HasPrefix(m, "Too many authentication failures"):
		s.kind, s.exists = closed, Unsaid
		if _, who, ok := strings.Cut(m, " for "); ok {
			s.user = strings.TrimSuffix(who, " [preauth]")
		}
		return s, true
	default:
		s.kind, s.exists = silent, Unsaid
		if strings.Contains(m, ": Auth fail") { // a client of Java
			s.kind = closed
		}
		return s, true
	}
	who, tail, ok := cutLast(m, " port ")
	if !ok {
		return s, false
	}
	if _, why, ok := strings.Cut(tail, ": Change of username or service not allowed: ("); ok {
		who = strings.Replace(who, " "+why, "", 1)
	}
	s.user, _, _ = cutLast(who, " ")
	if s.exists == Missing {
		s.exists = missing(s.user)
	}
	return s, true
}

// sshdSilent reads lines on connections without an attempt.
func sshdSilent(s statement, m string) (statement, bool) {
	s.kind = silent
	switch {
	case strings.HasPrefix(m, "Bad protocol version identification "):
		if foreign(m) {
			s.mark = "spoke another protocol to sshd"
		}
	case strings.HasPrefix(m, "banner exchange: "),
		strings.HasPrefix(m, "Did not receive identification string"),
		strings.HasPrefix(m, "kex_exchange_identification: "),
		strings.HasPrefix(m, "Unable to negotiate"),
		strings.HasPrefix(m, "Timeout before authentication"),
		strings.HasPrefix(m, "Read from socket failed"),
		strings.HasPrefix(m, "ssh_dispatch_run_fatal"),
		strings.HasPrefix(m, "no matching "):
	case strings.HasPrefix(m, "Connection from "), strings.HasPrefix(m, "Postponed "),
		strings.HasPrefix(m, "PAM service(sshd) ignoring max retries"), strings.HasPrefix(m, "pam_unix(sshd:session)"),
		strings.HasPrefix(m, "reverse mapping checking"), strings.Contains(m, "POSSIBLE BREAK-IN ATTEMPT"):
		s.kind = noted
	default:
		return s, false
	}
	return s, true
}

// foreign reports whether a line quotes what clients of other protocols send.
func foreign(m string) bool {
	for _, sign := range []string{"'GET ", "'POST ", "'HEAD ", "'OPTIONS ", "HTTP/1.", `\003`, `\026`, `\x03`, `\x16`} {
		if strings.Contains(m, sign) {
			return true
		}
	}
	return false
}

// dropbear reads lines of Dropbear (svr-auth.c, svr-authpasswd.c).
func dropbear(m string) (s statement, ok bool) {
	s.service, s.kind = "dropbear", failed
	if strings.HasPrefix(m, "[") { // "[825] Jul 10 23:53:52 Bad password …" where it logs to a terminal
		if _, after, ok := strings.Cut(m, "] "); ok {
			_, m = parseStamp(after)
		}
	}
	if len(m) > 0 {
		m = strings.ToLower(m[:1]) + m[1:]
	}
	switch {
	case cut(&m, "bad password attempt for "), cut(&m, "bad PAM password attempt for "):
		s.method, s.exists = "password", Exists
	case cut(&m, "login attempt for nonexistent user"):
		s.kind, s.exists = refused, Missing
	case cut(&m, "exit before auth"):
		s.kind = closed
		if _, m, ok = strings.Cut(m, "user "); !ok {
			s.kind = silent
			return s, true
		}
	default:
		return s, false
	}
	if cut(&m, "'") {
		if who, _, ok := cutLast(m, "' from "); ok {
			m = who
		}
		s.user, _, _ = strings.Cut(m, "'")
	}
	return s, true
}
