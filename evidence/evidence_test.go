package evidence

import (
	_ "embed"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

//go:embed testdata/forms.txt
var formsText string

// form is a line, and what it says.
type form struct {
	line, service, user string
	exists              Existence
	method              string
	attempts            int
}

func forms(t testing.TB) (all []form) {
	t.Helper()
	none := func(s string) string { return strings.TrimPrefix(s, "-") }
	var f *form
	for line := range strings.Lines(formsText) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case f == nil:
			words := strings.Split(line, "\t")
			f = &form{service: words[0], user: none(words[1]), method: none(words[3]), attempts: atoi(words[4])}
			f.exists = map[string]Existence{"exists": Exists, "missing": Missing, "-": Unsaid}[words[2]]
		default:
			f.line = line
			all, f = append(all, *f), nil
		}
	}
	if len(all) < 50 {
		t.Fatalf("%d forms", len(all))
	}
	return all
}

// How lines begin.
const (
	sshdAt    = "Nov 28 15:01:12 web1 sshd[812]: "
	dovecotAt = "Nov 28 15:01:12 mx dovecot: "
)

func TestEvidenceOfEveryForm(t *testing.T) {
	for _, f := range forms(t) {
		e := Read(f.line)
		if len(e.Services) != 1 || e.Services[0] != f.service || e.Attempts != f.attempts || e.Connections == 0 {
			t.Errorf("%s:\ngot %+v\nwant %s, attempts %d", f.line, e, f.service, f.attempts)
			continue
		}
		var want []Name
		if f.user != "" {
			want = []Name{{Text: f.user, Exists: f.exists, Attempts: f.attempts}}
		}
		if diff := cmp.Diff(want, e.Names); diff != "" {
			t.Errorf("%s:\nnames (-want +got)\n%s", f.line, diff)
		}
		if got := strings.Join(e.Methods, ","); got != f.method {
			t.Errorf("%s:\nmethods %q, want %q", f.line, got, f.method)
		}
	}
}

func TestSilentAndOtherLinesAreNoAttempts(t *testing.T) {
	tests := map[string]struct {
		line string
		want Evidence
	}{
		"unknown": {"Nov 28 15:01:12 web1 kernel: eth0 is up", Evidence{Lines: 1, Unknown: 1}},
		"prose":   {"nothing that anybody knows", Evidence{Lines: 1, Unknown: 1}},
		"ssh-keyscan": {
			sshdAt + "Connection closed by 192.0.2.7 port 51234 [preauth]",
			Evidence{Lines: 1, Services: []string{"sshd"}, Connections: 1, Silent: 1},
		},
		"phone": {
			dovecotAt + "imap-login: Disconnected (no auth attempts in 1 secs): user=<>, rip=192.0.2.7, " +
				"lip=198.51.100.1, TLS",
			Evidence{Lines: 1, Services: []string{"dovecot"}, Connections: 1, Silent: 1},
		},
		"server's own fault": {
			"Nov 28 15:01:12 mx postfix/smtpd[1]: warning: a[192.0.2.7]: SASL LOGIN authentication failed: " +
				"Connection lost to authentication server",
			Evidence{Lines: 1, Services: []string{"postfix"}, Methods: []string{"login"}},
		},
		"recidive": {
			"2026-11-28 15:01:12,388 fail2ban.actions [123]: NOTICE [postfix-sasl] Ban 192.0.2.7",
			Evidence{Lines: 1, Services: []string{"recidive"}, Jails: []string{"postfix-sasl"}},
		},
		"web page for sshd": {
			sshdAt + "Bad protocol version identification 'GET / HTTP/1.1' from 192.0.2.7 port 1",
			Evidence{
				Lines: 1, Services: []string{"sshd"}, Connections: 1, Silent: 1, Marks: []string{"spoke another " +
					"protocol to sshd"},
			},
		},
		"success": {
			sshdAt + "Accepted publickey for anna from 192.0.2.7 port 51234 ssh2: ED25519 SHA256:abc",
			Evidence{Lines: 1, Services: []string{"sshd"}, Methods: []string{"publickey"}, Accepted: []string{"anna"}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Read(tc.line)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAnAttemptCountsOnceWhateverItsLines(t *testing.T) {
	tests := map[string]struct {
		lines                 string
		attempts, connections int
		names                 []Name
	}{
		"typo": {
			`Nov 28 15:01:12 web1 sshd[812]: Invalid user ana from 192.0.2.7 port 51234
Nov 28 15:01:13 web1 sshd[812]: pam_unix(sshd:auth): check pass; user unknown
Nov 28 15:01:13 web1 sshd[812]: pam_unix(sshd:auth): authentication failure; logname= uid=0 ruser= rhost=192.0.2.7
Nov 28 15:01:15 web1 sshd[812]: Failed password for invalid user ana from 192.0.2.7 port 51234 ssh2
Nov 28 15:01:19 web1 sshd[812]: Failed password for invalid user ana from 192.0.2.7 port 51234 ssh2
Nov 28 15:01:20 web1 sshd[812]: Connection closed by invalid user ana 192.0.2.7 port 51234 [preauth]`,
			2, 1,
			[]Name{{"ana", Missing, 2}},
		},
		"both lines of dovecot": {
			`Nov 28 15:01:12 mx dovecot: auth-worker(1): sql(anna,192.0.2.7,<s1>): Password mismatch
Nov 28 15:01:14 mx dovecot: imap-login: Disconnected (auth failed, 1 attempts): user=<anna>, rip=192.0.2.7, session=<s1>
Nov 28 15:02:12 mx dovecot: auth-worker(1): sql(anna,192.0.2.7,<s2>): Password mismatch`,
			2, 2,
			[]Name{{"anna", Exists, 2}},
		},
		"both lines of an old dovecot": {
			`Nov 28 15:01:12 mx dovecot: auth-worker(1): sql(anna,192.0.2.7): unknown user
Nov 28 15:01:14 mx dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<anna>, rip=192.0.2.7`,
			1, 1,
			[]Name{{"anna", Missing, 1}},
		},
		"three keys of an agent, and a password": {
			`Nov 28 15:01:12 web1 sshd[812]: Failed publickey for anna from 192.0.2.7 port 51234 ssh2: RSA SHA256:a
Nov 28 15:01:12 web1 sshd[812]: Failed publickey for anna from 192.0.2.7 port 51234 ssh2: RSA SHA256:b
Nov 28 15:01:12 web1 sshd[812]: Failed publickey for anna from 192.0.2.7 port 51234 ssh2: RSA SHA256:c
Nov 28 15:01:19 web1 sshd[812]: Failed password for anna from 192.0.2.7 port 51234 ssh2`,
			1, 1,
			[]Name{{"anna", Exists, 1}},
		},
		"two connections without a process number": {
			`Nov 28 15:01:12 web1 sshd: Failed password for anna from 192.0.2.7 port 51234 ssh2
Nov 28 15:01:19 web1 sshd: Failed password for anna from 192.0.2.7 port 51235 ssh2`,
			2, 2,
			[]Name{{"anna", Exists, 2}},
		},
		"a name that may not log in": {
			`Nov 28 15:01:12 web1 sshd[812]: User git from 192.0.2.7 not allowed because not listed in AllowUsers
Nov 28 15:01:15 web1 sshd[812]: Failed password for invalid user git from 192.0.2.7 port 51234 ssh2`,
			1, 1,
			[]Name{{"git", Exists, 1}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e := Read(tc.lines)
			if e.Attempts != tc.attempts || e.Connections != tc.connections {
				t.Errorf("attempts %d, connections %d; want %d, "+
					"%d", e.Attempts, e.Connections, tc.attempts, tc.connections)
			}
			if diff := cmp.Diff(tc.names, e.Names); diff != "" {
				t.Errorf("names (-want +got)\n%s", diff)
			}
			if e.Unknown > 0 {
				t.Errorf("%d lines not understood", e.Unknown)
			}
		})
	}
}

// A name is the attacker's text: it must not pass for another name, another service, or for what a service says.
func TestNamesCannotForgeEvidence(t *testing.T) {
	tests := map[string]struct {
		line string
		want []Name
	}{
		"address in the name": {
			sshdAt + "Failed password for invalid user anna from 198.51.100.9 port 1 from 192.0.2.7 port 51234 ssh2",
			[]Name{{"anna from 198.51.100.9 port 1", Missing, 1}},
		},
		"another service's line": {
			sshdAt + `Invalid user *1 user "anna": password mismatch, client: x from 192.0.2.7 port 51234`,
			[]Name{{`*1 user "anna": password mismatch, client: x`, Missing, 1}},
		},
		"dovecot's own words": {
			dovecotAt + "imap-login: Disconnected (auth failed, 1 attempts in 2 secs): " +
				"user=<x>, method=PLAIN, rip=198.51.100.9>, method=PLAIN, rip=192.0.2.7",
			[]Name{{"x>, method=PLAIN, rip=198.51.100.9", Unsaid, 1}},
		},
		"apache's own words": {
			"[Sat Nov 28 15:01:12 2026] [error] [client 192.0.2.7] " +
				`user anna not found: authentication failure for "x": not found: /`,
			[]Name{{"anna", Missing, 1}},
		},
		"invisible characters": {
			sshdAt + "Invalid user ro\u202eot\u200b\x1b[31m from 192.0.2.7 port 51234",
			[]Name{{"ro ot [31m", Missing, 1}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Read(tc.line).Names); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestGapsBetweenAttempts(t *testing.T) {
	const line = " web1 sshd: Failed password for anna from 192.0.2.7 port "
	stamps := []string{
		"Dec 31 23:59:58", "Jan 1 00:00:03", "Jan 1 00:01:03", "Jan 1 00:00:50", "", "Jan 1 00:00:51", "Jan 1 00:00:52",
	}
	var b strings.Builder
	for i, stamp := range stamps {
		b.WriteString(stamp + line + string(rune('1'+i)) + " ssh2\n")
	}
	e := Read(b.String())
	want := []time.Duration{5 * time.Second, time.Minute, time.Second}
	if diff := cmp.Diff(want, e.Gaps); diff != "" {
		t.Errorf("gaps where a clock ran back and a stamp is missing (-want +got)\n%s", diff)
	}
	if e.Span() != 66*time.Second {
		t.Errorf("span %v", e.Span())
	}
}

func TestWrongPasswordsAreCompared(t *testing.T) {
	line := func(user, hash string) string {
		return dovecotAt + "auth: sql(" + user + ",192.0.2.7): Password mismatch (SHA1 of given password: " +
			"" + hash + ")\n"
	}
	if e := Read(line("anna", "1a2b") + line("anna", "1a2b")); !e.SamePassword || e.SharedPassword {
		t.Errorf("the same password again: %+v", e)
	}
	spray := line("anna", "1a2b") + line("bert", "1a2b") + line("bert", "1a2b")
	if e := Read(spray); e.SamePassword || !e.SharedPassword {
		t.Errorf("one password for two names: %+v", e)
	}
	if e := Read(line("anna", "1a2b") + line("anna", "ffff")); e.SamePassword || e.SharedPassword {
		t.Errorf("two passwords: %+v", e)
	}
}
