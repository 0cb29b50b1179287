package evidence

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// envelopes are the ways in which a service's message is written down between it and the file, or the journal, that
// Fail2Ban reads.
var envelopes = map[string]func(at time.Time, tag string, pid int, message string) string{
	"RFC 3164": func(at time.Time, tag string, pid int, m string) string {
		return at.Format("Jan _2 15:04:05") + fmt.Sprintf(" mx2 %s[%d]: %s", tag, pid, m)
	},
	"RFC 3164 with a priority": func(at time.Time, tag string, pid int, m string) string {
		return at.Format("<38>Jan _2 15:04:05") + fmt.Sprintf(" mx2 %s[%d]: %s", tag, pid, m)
	},
	"RFC 5424": func(at time.Time, tag string, pid int, m string) string {
		return "<86>1 " + at.Format("2006-01-02T15:04:05.000Z07:00") + fmt.Sprintf(" mx2.example.org %s %d - - %s", tag, pid, m)
	},
	"RFC 5424 with data": func(at time.Time, tag string, pid int, m string) string {
		return "<86>1 " + at.Format("2006-01-02T15:04:05Z") + fmt.Sprintf(` mx2 %s %d - [timeQuality tzKnown="1"] %s`, tag, pid, m)
	},
	"RFC 5424 without a priority": func(at time.Time, tag string, pid int, m string) string {
		return "1 " + at.Format("2006-01-02T15:04:05.000Z07:00") + fmt.Sprintf(" mx2 %s %d - - %s", tag, pid, m)
	},
	"rsyslog": func(at time.Time, tag string, pid int, m string) string {
		return at.Format("2006-01-02T15:04:05.000000") + "+01:00" + fmt.Sprintf(" mx2 %s[%d]: %s", tag, pid, m)
	},
	"Fail2Ban's journal": func(at time.Time, tag string, pid int, m string) string {
		return at.Format("2006-01-02T15:04:05.000000") + fmt.Sprintf(" mx2 %s[%d]: %s", tag, pid, m)
	},
	"journalctl -o short-iso": func(at time.Time, tag string, pid int, m string) string {
		return at.Format("2006-01-02T15:04:05-0700") + fmt.Sprintf(" mx2 %s[%d]: %s", tag, pid, m)
	},
	"journalctl -o short-precise": func(at time.Time, tag string, pid int, m string) string {
		return at.Format("Jan 02 15:04:05.000000") + fmt.Sprintf(" mx2 %s[%d]: %s", tag, pid, m)
	},
	"journalctl -o short-unix": func(at time.Time, tag string, pid int, m string) string {
		return fmt.Sprintf("%d.123456 mx2 %s[%d]: %s", at.Unix(), tag, pid, m)
	},
	"journalctl -o json": func(at time.Time, tag string, pid int, m string) string {
		return object("__REALTIME_TIMESTAMP", fmt.Sprint(at.UnixMicro()), "_HOSTNAME", "mx2", "SYSLOG_IDENTIFIER", tag,
			"_PID", fmt.Sprint(pid), "MESSAGE", m)
	},
	"Docker's json-file": func(at time.Time, tag string, pid int, m string) string {
		return object("log", fmt.Sprintf("%s mx2 %s[%d]: %s\n", at.Format("Jan _2 15:04:05"), tag, pid, m), "stream", "stdout",
			"time", at.Format(time.RFC3339Nano))
	},
	"Docker's json-file, without a stamp of its own": func(at time.Time, tag string, pid int, m string) string {
		return object("log", fmt.Sprintf("%s[%d]: %s\n", tag, pid, m), "stream", "stderr", "time", at.Format(time.RFC3339Nano))
	},
	"docker logs -t": func(at time.Time, tag string, pid int, m string) string {
		return at.Format("2006-01-02T15:04:05.000000000Z") + fmt.Sprintf(" %s[%d]: %s", tag, pid, m)
	},
	"docker compose": func(at time.Time, tag string, pid int, m string) string {
		return "mail-1  | " + at.Format("Jan _2 15:04:05") + fmt.Sprintf(" mx2 %s[%d]: %s", tag, pid, m)
	},
	"docker compose, rsyslog": func(at time.Time, tag string, pid int, m string) string {
		return "mailserver  | " + at.Format("2006-01-02T15:04:05.000000") + "+00:00" + fmt.Sprintf(" mx2 %s[%d]: %s", tag, pid, m)
	},
	"Kubernetes": func(at time.Time, tag string, pid int, m string) string {
		return at.Format("2006-01-02T15:04:05.000000000") + "+01:00 stdout F " + at.Format("Jan _2 15:04:05") + fmt.Sprintf(" mx2 %s[%d]: %s", tag, pid, m)
	},
	"a relay": func(at time.Time, tag string, pid int, m string) string {
		return at.Format("Jan _2 15:04:05 loghost Jan _2 15:04:05") + fmt.Sprintf(" mx2 %s[%d]: %s", tag, pid, m)
	},
}

// object is an object of JSON with these keys and values, in order.
func object(pairs ...string) string {
	s := "{"
	for i := 0; i < len(pairs); i += 2 {
		key, _ := json.Marshal(pairs[i])
		value, _ := json.Marshal(pairs[i+1])
		s += fmt.Sprintf("%s:%s,", key, value)
	}
	return s[:len(s)-1] + "}"
}

// Whatever a message is wrapped in, it says the same, and at the same pace.
func TestAMessageSaysTheSameInEveryEnvelope(t *testing.T) {
	start := time.Date(2026, 11, 28, 9, 30, 0, 0, time.UTC)
	for _, message := range []struct{ tag, text, name string }{
		{"sshd", `Failed password for invalid user o"brien from 192.0.2.7 port 4711 ssh2`, `o"brien`},
		{"sshd-session", `Failed password for jdupont from 192.0.2.7 port 4711 ssh2`, "jdupont"},
		{"dovecot", `imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): ` +
			`user=<anna@example.org>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, TLS, session=<aBc+9>`, "anna@example.org"},
		{"postfix/smtps/smtpd", `warning: unknown[192.0.2.7]: SASL PLAIN authentication failed: (reason unavailable), ` +
			`sasl_username=anna@example.org`, "anna@example.org"},
		{"vsftpd", `pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=anna rhost=192.0.2.7  user=anna`, "anna"},
	} {
		for name, wrap := range envelopes {
			var e Evidence
			lines := ""
			for i := range 3 {
				lines += wrap(start.Add(time.Duration(i)*25*time.Second), message.tag, 800+i, message.text) + "\n"
			}
			e = Read(lines)
			if len(e.Names) != 1 || e.Names[0].Text != message.name || e.Unknown != 0 {
				t.Errorf("%s: %s: names %+v, %d lines unknown\n%s", name, message.tag, e.Names, e.Unknown, lines)
				continue
			}
			if len(e.Gaps) > 0 && e.Span() != 50*time.Second || len(e.Gaps) != e.Attempts-1 {
				t.Errorf("%s: %s: %d attempts, gaps %v\n%s", name, message.tag, e.Attempts, e.Gaps, lines)
			}
		}
	}
}
