package ingest

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// loginMessages are what the programs write, with the address 198.51.100.7 and the name anna.
var loginMessages = []struct {
	program, message, service string
}{
	{"sshd[812]", "Accepted password for anna from 198.51.100.7 port 4711 ssh2", "sshd"},
	{"sshd-session[812]", "Accepted publickey for anna from 198.51.100.7 port 4711 ssh2: ED25519 SHA256:iVLq", "sshd"},
	{"sshd[812]", "Accepted keyboard-interactive/pam for anna from 198.51.100.7 port 4711 ssh2", "sshd"},
	{"sshd[812]", "Accepted publickey for anna from ::ffff:198.51.100.7 port 4711 ssh2", "sshd"},
	{"dovecot", "imap-login: Login: user=<anna>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.1, mpid=12, TLS, session=<a/b>", "imap"},
	{"dovecot[9]", "pop3-login: Login: user=<anna>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.1, mpid=12", "pop3"},
	{"dovecot", "managesieve-login: Login: user=<anna>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.1", "managesieve"},
	{"dovecot", "submission-login: Login: user=<anna>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.1", "submission"},
	{"dovecot", "imap-login: Logged in: user=<anna>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.1", "imap"},
	{"imap-login", "Info: Login: user=<anna>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.1", "imap"},
	{"dovecot", "imap-login: Login: rip=198.51.100.7, user=<anna>, TLS", "imap"},
	{"postfix/smtpd[7]", "4XyZ12Abc3z: client=host.example.org[198.51.100.7], sasl_method=PLAIN, sasl_username=anna", "smtp"},
	{"postfix/submission/smtpd[7]", "NOQUEUE: client=unknown[198.51.100.7]:5123, sasl_method=LOGIN, sasl_username=anna, sasl_sender=x", "smtp"},
}

// loginEnvelopes are the forms in which system logs have them.
var loginEnvelopes = map[string]func(at time.Time, program, message string) string{
	"RFC 3164": func(at time.Time, program, message string) string {
		return fmt.Sprintf("%s web1 %s: %s", at.Format(time.Stamp), program, message)
	},
	"RFC 3164 without a host": func(at time.Time, program, message string) string {
		return fmt.Sprintf("%s %s: %s", at.Format(time.Stamp), program, message)
	},
	"RFC 3164 with facility": func(at time.Time, program, message string) string {
		return fmt.Sprintf("%s web1 auth.info %s: %s", at.Format(time.Stamp), program, message)
	},
	"FreeBSD, verbose": func(at time.Time, program, message string) string {
		return fmt.Sprintf("%s <auth.info> web1 %s: %s", at.Format(time.Stamp), program, message)
	},
	"with priority": func(at time.Time, program, message string) string {
		return fmt.Sprintf("<86>%s web1 %s: %s", at.Format(time.Stamp), program, message)
	},
	"ISO": func(at time.Time, program, message string) string {
		return fmt.Sprintf("%s web1 %s: %s", at.Format("2006-01-02T15:04:05.000000-07:00"), program, message)
	},
	"journalctl -o short-iso": func(at time.Time, program, message string) string {
		return fmt.Sprintf("%s web1 %s: %s", at.Format("2006-01-02T15:04:05-0700"), program, message)
	},
	"RFC 5424": func(at time.Time, program, message string) string {
		name, pid, _ := strings.Cut(strings.TrimSuffix(program, "]"), "[")
		if pid == "" {
			pid = "-"
		}
		return fmt.Sprintf("<86>1 %s web1 %s %s - - %s", at.Format(time.RFC3339), name, pid, message)
	},
	"RFC 5424 with data": func(at time.Time, program, message string) string {
		name, _, _ := strings.Cut(program, "[")
		return fmt.Sprintf("<86>1 %s web1 %s 9 - [timeQuality tzKnown=\"1\"] %s", at.Format(time.RFC3339), name, message)
	},
	"journalctl -o json": func(at time.Time, program, message string) string {
		name, _, _ := strings.Cut(program, "[")
		return fmt.Sprintf(`{"__REALTIME_TIMESTAMP":"%d","_HOSTNAME":"web1","SYSLOG_IDENTIFIER":%q,"MESSAGE":%q}`,
			at.UnixMicro(), name, message)
	},
	"a log of its own": func(at time.Time, program, message string) string {
		return fmt.Sprintf("%s %s: %s", at.Format(time.DateTime), program, message)
	},
	"docker compose": func(at time.Time, program, message string) string {
		return fmt.Sprintf("mail-1  | %s web1 %s: %s", at.Format(time.Stamp), program, message)
	},
}

// parserOfLogins reads lines that were written within the minute.
func parserOfLogins(now time.Time) *loginParser {
	return newLoginParser(&localTime{zone: time.UTC}, now, now)
}

func TestLoginsAreFoundInEveryEnvelope(t *testing.T) {
	now := time.Date(2026, 11, 27, 10, 1, 1, 0, time.UTC)
	for name, line := range loginEnvelopes {
		for _, m := range loginMessages {
			text := line(now, m.program, m.message)
			got, err := parserOfLogins(now).parse([]byte(text))
			if err != nil || got.Address.String() != "198.51.100.7" || got.Service != m.service || got.Name != "anna" ||
				!got.Time.Equal(now) {
				t.Errorf("%s: %+v, %v: %s", name, got, err, text)
			}
		}
	}
}

func TestLoginOfIPv6(t *testing.T) {
	now := time.Date(2026, 11, 27, 10, 1, 1, 0, time.UTC)
	for _, text := range []string{
		"Nov 27 10:01:01 web1 sshd[1]: Accepted password for anna from 2001:db8::7 port 4711 ssh2",
		"Nov 27 10:01:01 web1 dovecot: imap-login: Login: user=<anna>, method=PLAIN, rip=2001:db8::7, lip=::1, TLS",
		"Nov 27 10:01:01 web1 postfix/smtpd[1]: 4X: client=a[2001:db8::7], sasl_method=PLAIN, sasl_username=anna",
	} {
		got, err := parserOfLogins(now).parse([]byte(text))
		if err != nil || got.Address != netip.MustParseAddr("2001:db8::7") {
			t.Errorf("%+v, %v: %s", got, err, text)
		}
	}
}

// Nothing that whoever fails to log in chooses makes his line one of a login, or a login one of another address.
func TestNoNameMakesALogin(t *testing.T) {
	now := time.Date(2026, 11, 27, 10, 1, 1, 0, time.UTC)
	forged := []string{
		"Accepted password for root from 203.0.113.9 port 1 ssh2",
		"sshd[1]: Accepted password for root from 203.0.113.9 port 1 ssh2",
		"Nov 27 10:01:01 web1 sshd[1]: Accepted password for root from 203.0.113.9 port 1 ssh2",
		": Accepted password for root from 203.0.113.9 port 1 ssh2",
		"Login: user=<root>, method=PLAIN, rip=203.0.113.9, lip=192.0.2.1",
		"imap-login: Login: user=<root>, method=PLAIN, rip=203.0.113.9, lip=192.0.2.1",
		"4X: client=a[203.0.113.9], sasl_method=PLAIN, sasl_username=root",
		"<86>1 2026-11-27T10:01:01Z web1 sshd 1 - - Accepted password for root from 203.0.113.9 port 1 ssh2",
		`{"SYSLOG_IDENTIFIER":"sshd","MESSAGE":"Accepted password for root from 203.0.113.9 port 1 ssh2"}`,
	}
	failures := []struct{ program, format string }{
		{"sshd[812]", "Failed password for invalid user %s from 198.51.100.7 port 4711 ssh2"},
		{"sshd[812]", "Invalid user %s from 198.51.100.7 port 4711"},
		{"sshd[812]", "Postponed keyboard-interactive for %s from 198.51.100.7 port 4711 ssh2"},
		{"sshd[812]", "Partial publickey for %s from 198.51.100.7 port 4711 ssh2"},
		{"sshd[812]", "input_userauth_request: invalid user %s [preauth]"},
		{"dovecot", "imap-login: Disconnected (auth failed): user=<%s>, method=PLAIN, rip=198.51.100.7"},
		{"dovecot", "imap-login: Login aborted: x (auth failed): user=<%s>, method=PLAIN, rip=198.51.100.7"},
		{"dovecot", "auth: passwd-file(%s,198.51.100.7): unknown user"},
		{"dovecot", "imap(%s): Logged out in=1 out=2"},
		{"postfix/smtpd[1]", "warning: a[198.51.100.7]: SASL PLAIN authentication failed: x, sasl_username=%s"},
		{"postfix/smtpd[1]", "NOQUEUE: reject: RCPT from a[198.51.100.7]: 554 5.7.1: helo=<%s>"},
		{"postfix/cleanup[1]", "4X: message-id=<%s>"},
		{"web", "%s"},
		{"CRON[1]", "(root) CMD (%s)"},
		{"myapp", "user %s is unknown"},
	}
	for name, line := range loginEnvelopes {
		for _, f := range failures {
			for _, name2 := range forged {
				text := line(now, f.program, fmt.Sprintf(f.format, name2))
				if l, err := parserOfLogins(now).parse([]byte(text)); err == nil {
					t.Errorf("%s: a login from %s: %s", name, l.Address, text)
				}
			}
		}
	}
	// Whoever can log in may have a name of this kind: the line is refused, not misread.
	for _, text := range []string{
		"sshd[1]: Accepted password for x from 203.0.113.9 port 1 ssh2 from 198.51.100.7 port 4711 ssh2",
		"sshd[1]: Accepted publickey for x from 198.51.100.7 port 4711 ssh2: RSA-CERT SHA256:a ID x from 203.0.113.9 port 1 ssh2 (serial 0)",
		"dovecot: imap-login: Login: user=<x>, method=PLAIN, rip=203.0.113.9, lip=a>, method=PLAIN, rip=198.51.100.7, lip=a",
	} {
		l, err := parserOfLogins(now).parse([]byte("Nov 27 10:01:01 web1 " + text))
		if !errors.Is(err, errLogin) {
			t.Errorf("%+v, %v: %s", l, err, text)
		}
	}
}

func TestLinesThatAreNoLoginsHaveAKind(t *testing.T) {
	now := time.Date(2026, 11, 27, 10, 1, 1, 0, time.UTC)
	for text, want := range map[string]error{
		"":                                      otherBlank,
		"   ":                                   otherBlank,
		"2026-11-27,10:01:01,198.51.100.7,sshd": otherContinued,
		"\x7fELF\x02\x01":                       otherContinued,
		"a\x00b":                                errControl,
		"2026-11-27 10:01:01,120 fail2ban.actions        [900]: NOTICE  [sshd] Ban 198.51.100.7":                  otherFail2Ban,
		"Nov 27 10:01:01 web1 CRON[1]: (root) CMD (x)":                                                            otherProgram,
		"Nov 27 10:01:01 web1 sshd[1]: Server listening on 0.0.0.0 port 22.":                                      otherNoLogin,
		"Nov 27 10:01:01 web1 sshd[1]: Accepted password for x from 10.0.0.1 port 1 ssh2":                         otherPrivate,
		"Nov 27 10:01:01 web1 sshd[1]: Accepted password for x from 127.0.0.1 port 1 ssh2":                        otherPrivate,
		"Nov 27 10:01:01 web1 sshd[1]: Accepted password for x from fe80::1%eth0 port 1 ssh2":                     otherPrivate,
		"Nov 27 10:01:01 web1 sshd[1]: Accepted password for x from 100.64.1.1 port 1 ssh2":                       otherPrivate,
		"Nov 27 10:01:01 web1 sshd[1]: Accepted password for x from UNKNOWN port 65535 ssh2":                      otherNoAddress,
		"Nov 27 10:01:01 web1 sshd[1]: Accepted password for x":                                                   errLogin,
		"Nov 27 10:01:01 web1 sshd[1]: Accepted WHAT EVER for x from 198.51.100.7 port 1 ssh2":                    errLogin,
		"Nov 27 10:01:01 web1 dovecot: imap-login: Login: user=<x>, method=PLAIN, rip=, secured":                  otherNoAddress,
		"Nov 27 10:01:01 web1 postfix/smtpd[1]: 4X: client=a[198.51.100.7]":                                       otherNoLogin,
		"2026-12-27T10:01:01Z web1 sshd[1]: Accepted password for x from 198.51.100.7 port 1 ssh2":                errFuture,
		"1999-12-27T10:01:01Z web1 sshd[1]: Accepted password for x from 198.51.100.7 port 1 ssh2":                errYear,
		"Nov 27 10:01:01 web1 sshd[1]: Accepted password for " + strings.Repeat("x", 10<<10) + " from nowhere":    errLogin,
		"Nov 27 10:01:01 web1 logger sshd[1]: Accepted password for x from 198.51.100.7 port 1 ssh2":              otherProgram,
		"Nov 27 10:01:01 web1 sshd[x]: Accepted password for x from 198.51.100.7 port 1 ssh2":                     otherProgram,
		"Nov 27 10:01:01 web1 postfix/smtp[1]: 4X: client=a[198.51.100.7], sasl_method=PLAIN, sasl_username=root": otherProgram,
	} {
		if l, err := parserOfLogins(now).parse([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%+v, %v, want %v: %.120s", l, err, want, text)
		}
	}
	long := "Nov 27 10:01:01 web1 sshd[1]: Accepted password for " + strings.Repeat("x", 10<<10) +
		" from 198.51.100.7 port 1 ssh2"
	if _, err := parserOfLogins(now).parse([]byte(long)); err != nil {
		t.Errorf("a name of 10 KB: %v", err)
	}
}

// A line is a login, a reject or of a named kind; a login has an address of the public Internet and a time.
func FuzzLogin(f *testing.F) {
	now := time.Date(2026, 11, 27, 10, 1, 1, 0, time.UTC)
	for _, line := range loginEnvelopes {
		for _, m := range loginMessages {
			f.Add([]byte(line(now, m.program, m.message)))
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		l, err := parserOfLogins(now).parse(line)
		_, isReason := err.(reason) //nolint:errorlint // neither is ever wrapped
		if err != nil && !isReason && !isOther(err) {
			t.Fatalf("%T: %v", err, err)
		}
		if err == nil && (!l.Address.IsValid() || isPrivate(l.Address) || l.Address.Is4In6() || l.Address.Zone() != "" ||
			l.Service == "" || l.Time.Before(time.Unix(earliest, 0)) || l.Time.Sub(now) > futureSkew) {
			t.Fatalf("%+v", l)
		}
	})
}
