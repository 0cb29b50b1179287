package evidence

import "strings"

// pam reads lines of Linux-PAM (pam_unix, pam_sss, pam_ldap …): "pam_unix(sshd:auth): authentication failure; logname=
// uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=anna", and "PAM 2 more authentication failures; …". pam_unix names
// a user only if it knows him; ruser is what the client called himself.
func pam(m string) (s statement, ok bool) {
	head, tail, ok := strings.Cut(m, "authentication failure")
	if !ok || !strings.Contains(tail, "rhost=") {
		if strings.HasPrefix(m, "pam_unix(") && strings.Contains(m, "): check pass; user unknown") {
			s.service, _ = between(m, "pam_unix(", ":")
			s.kind = noted
			return s, true
		}
		return s, false
	}
	s.kind, s.count = asked, 1
	switch {
	case cut(&head, "PAM "):
		s.count = atoi(head)
	case strings.HasPrefix(head, "pam_"):
		s.service, _ = between(head, "(", ")")
		s.service, _, ok = strings.Cut(s.service, ":")
		if !ok { // pam_unix(auth), of a program that has set no service
			s.service = ""
		}
	case head != "" && !strings.HasPrefix(head, "(pam_"):
		return s, false
	}
	_, tail, _ = strings.Cut(tail, "; ")
	before, after, _ := cutLast(tail, "rhost=")
	if _, user, ok := strings.Cut(after, " user="); ok {
		s.user = user
		if strings.HasPrefix(head, "pam_unix") {
			s.exists = Exists
		}
	}
	s.user = strings.TrimSuffix(strings.TrimSpace(s.user), " [preauth]")
	if s.user == "" {
		if _, ruser, ok := strings.Cut(before, "ruser="); ok {
			s.user = strings.TrimSpace(ruser)
		}
	}
	return s, true
}
