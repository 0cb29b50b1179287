package evidence

import (
	"strings"
	"time"
)

// vsftpd reads its own log, "[pid 27202] [anna] FAIL LOGIN: Client "192.0.2.7"", also through syslog.
func vsftpd(m string) (s statement, ok bool) {
	s.service, s.kind, s.method = "vsftpd", failed, "password"
	if cut(&m, "[pid ") {
		if s.conn, m, ok = strings.Cut(m, "] "); !ok {
			return s, false
		}
	}
	if !cut(&m, "[") {
		return s, false
	}
	s.user, _, ok = strings.Cut(m, "] FAIL LOGIN: Client ")
	return s, ok
}

// proftpd reads "host (name[192.0.2.7]): USER anna (Login failed): Incorrect password." and its kin (mod_auth.c).
func proftpd(m string) (s statement, ok bool) {
	s.service, s.kind, s.method = "proftpd", failed, "password"
	_, what, ok := strings.Cut(m, "]) - ")
	if !ok {
		if _, what, ok = strings.Cut(m, "]): "); !ok {
			return s, false
		}
	}
	switch {
	case cut(&what, "USER "):
		if who, why, ok := strings.Cut(what, " (Login failed): "); ok {
			s.user = who
			switch {
			case strings.HasPrefix(why, "Incorrect password"):
				s.exists = Exists
			case strings.HasPrefix(why, "No such user"):
				s.exists = Missing
			}
			return s, true
		}
		s.user, _, ok = strings.Cut(what, ": no such user found from ")
		s.exists = Missing
		return s, ok
	case strings.HasPrefix(what, "SECURITY VIOLATION: "):
		s.user, s.exists = "root", Exists
		return s, true
	case strings.HasPrefix(what, "Maximum login attempts"):
		s.kind, s.method = noted, ""
		return s, true
	}
	return s, false
}

// pureftpd reads "(?@192.0.2.7) [WARNING] Authentication failed for user [anna]".
func pureftpd(m string) (s statement, ok bool) {
	s.service, s.kind, s.method = "pure-ftpd", failed, "password"
	_, user, ok := strings.Cut(m, "Authentication failed for user [")
	if !ok {
		return s, false
	}
	s.user = strings.TrimSuffix(user, "]")
	return s, true
}

// recidive reads Fail2Ban's own log, for which the jail recidive bans: "NOTICE [sshd] Ban 192.0.2.7".
func recidive(m string) (s statement, ok bool) {
	s.service = "recidive"
	head, _, ok := strings.Cut(m, "] Ban ")
	if !ok {
		if head, _, ok = strings.Cut(m, "] Restore Ban "); !ok {
			return s, false
		}
	}
	_, s.jail, ok = cutLast(head, "[")
	return s, ok && (strings.HasPrefix(m, "[") || strings.Contains(head, "NOTICE") || strings.Contains(head, "WARNING"))
}

// accessTime reads "28/Nov/2026:15:01:12 +0100]".
func accessTime(s string) time.Time {
	const layout = "02/Jan/2006:15:04:05"
	if len(s) < len(layout) {
		return time.Time{}
	}
	t, _ := time.Parse(layout, s[:len(layout)]) // the zero time says that there is none
	return t
}
