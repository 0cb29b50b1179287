package evidence

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// told makes lines of sshd: for each word a connection, so many seconds after the one before. A word that begins with
// "?" is of a name that does not exist.
func told(every int, words ...string) string {
	at := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	var b strings.Builder
	for i, word := range words {
		name, invalid := word, ""
		if after, missing := strings.CutPrefix(word, "?"); missing {
			name, invalid = after, "invalid user "
		}
		fmt.Fprintf(&b, "%s web1 sshd[%d]: Failed password for %s%s from 192.0.2.7 port %d ssh2\n",
			at.Format("Jan _2 15:04:05"), 700+i, invalid, name, 40000+i)
		at = at.Add(time.Duration(every) * time.Second)
	}
	return b.String()
}

// mailed makes lines of Dovecot, as told does of sshd.
func mailed(every int, words ...string) string {
	at := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	var b strings.Builder
	for i, word := range words {
		name, why := word, "Password mismatch"
		if after, missing := strings.CutPrefix(word, "?"); missing {
			name, why = after, "unknown user"
		}
		fmt.Fprintf(&b, "%s web1 dovecot: auth-worker(%d): sql(%s@example.com,192.0.2.7,<a%d>): %s\n",
			at.Format("Jan _2 15:04:05"), 700+i, name, i, why)
		at = at.Add(time.Duration(every) * time.Second)
	}
	return b.String()
}

// basic makes lines of nginx, for names that do not exist.
func basic(names ...string) string {
	var b strings.Builder
	for i, name := range names {
		fmt.Fprintf(&b, "2026/11/28 09:00:%02d [error] 7#7: *%d user \"%s\" was not found in \"/etc/nginx/users\", "+
			"client: 192.0.2.7\n", 10*i, i, name)
	}
	return b.String()
}

// Promise: what people do that looks like a list of names is no attack.
func TestPeopleWhoTrySeveralNamesAreNotCalledAttackers(t *testing.T) {
	for what, lines := range map[string]string{
		"forgot which login":           told(14, "?tom", "?dewit", "?td", "?tdewit", "?tom.dewit"),
		"forgot which login, in parts": told(14, "?johan", "?maes", "?jm", "?joma", "?jmaes"),
		"and tries the usual ones":     told(14, "?johan", "?admin", "?maes", "root"),
		"slips in a short name":        told(9, "?tmo", "?teom", "?to", "?tom"),
		"a room of pupils":             told(12, "?student04", "?student17", "?student09", "?student21"),
		"an office of an old domain":   mailed(30, "?anna", "?bertrand", "?christophe", "?anna", "?bertrand", "?christophe"),
		"a printer that scans":         mailed(60, "?scanner", "?printer", "?scanner", "?printer"),
		"a password for a name":        basic("Zomer$2026", "Zomer$2026"),
		"and another":                  basic("P@ss;word1"),
		"and one more":                 basic("h|nter2", "anna"),
	} {
		if v := Judge(Read(lines), Context{}); v.Who == Attacker {
			t.Errorf("%s: %v", what, v)
		}
	}
}

// Promise: whoever has stolen names that exist is not called a person for trying them again, nor for taking time.
func TestStolenNamesAreNotCalledPersons(t *testing.T) {
	for what, lines := range map[string]string{
		"two in turns":          told(11, "anna", "bertrand", "anna", "bertrand", "anna"),
		"two in turns, by mail": mailed(20, "anna", "bertrand", "anna", "bertrand"),
		"one, slowly":           told(70, "anna", "anna", "anna", "anna"),
		"one, three at once":    told(1, "anna", "anna", "anna"),
	} {
		if v := Judge(Read(lines), Context{}); v.Who == Person {
			t.Errorf("%s: %v", what, v)
		}
	}
}

// Lists are told from people as before.
func TestListsOfNamesAreCalledAttacks(t *testing.T) {
	for what, lines := range map[string]string{
		"first names":     told(4, "?mary", "?linda", "?robert", "?susan"),
		"a dictionary":    told(4, "?oracle", "?test", "root", "?oracle", "?test"),
		"default numbers": told(4, "?test1", "?test2", "?test3"),
		"a command":       basic("$(id)", "`reboot`", `"; rm -rf /`),
		"mailboxes":       mailed(9, "?anna", "?bertrand", "?christophe", "?dimitri"),
	} {
		if v := Judge(Read(lines), Context{}); v.Who != Attacker {
			t.Errorf("%s: %v", what, v)
		}
	}
}

// What exim says of clients that got no further than to ask is no attempt, and no evidence against anybody by itself.
func TestEximTellsOfClientsThatOnlyAsk(t *testing.T) {
	for line, want := range map[string]Who{
		`SMTP protocol error in "AUTH LOGIN" H=(laptop) [192.0.2.7] AUTH command used when not advertised`:  Unclear,
		`SMTP protocol error in "AUTH LOGIN" H=(ylmf-pc) [192.0.2.7] AUTH command used when not advertised`: Attacker,
		`SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from ` +
			`H=[192.0.2.7]:25936 input="GET / HTTP/1.1\r\n\r\n"`: Attacker,
		"plain_server authenticator failed for (laptop) [192.0.2.7]: 435 Unable to authenticate at present (set_id=anna)": Unclear,
	} {
		e := Read("2026-11-28 09:00:00 " + line)
		if v := Judge(e, Context{}); e.Unknown != 0 || e.Attempts != 0 || v.Who != want {
			t.Errorf("%s: %+v, %v", line, e, v)
		}
	}
}
