package ingest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/store"
)

func brussels(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// enveloped is a message of Fail2Ban, as it stands in a file.
type enveloped struct {
	name string
	line func(at time.Time, host, module, level, message string) string
	zone bool // the line tells its zone
	host bool // the line names the host
}

// envelopes are the forms in which lines of Fail2Ban are found: its own since 0.8, and what syslog, the journal, Docker
// and relays make of them.
var envelopes = []enveloped{
	{name: "0.9 and later", line: func(at time.Time, _, module, level, message string) string {
		return fmt.Sprintf("%s,%03d %-24s[%d]: %-7s %s", at.Format(time.DateTime), at.Second(), module, 900, level,
			message)
	}},
	{name: "0.8", line: func(at time.Time, _, module, _, message string) string {
		return fmt.Sprintf("%s,120 %s: WARNING %s", at.Format(time.DateTime), module, message)
	}},
	{name: "0.8 with a process", line: func(at time.Time, _, module, _, message string) string {
		return fmt.Sprintf("%s,120 %s[2211]: WARNING %s", at.Format(time.DateTime), module, message)
	}},
	{name: "verbose", line: func(at time.Time, _, module, level, message string) string {
		return fmt.Sprintf(" %s,001 7F12AB34C700 %-25.25s %-5.5s %s", at.Format(time.DateTime), module, level, message)
	}},
	{name: "most verbose", line: func(at time.Time, _, module, level, message string) string {
		return fmt.Sprintf(" %s,001 +  123 7F12AB34C700 %-25.25s %-5.5s | actions-25: __checkBan           | %s",
			at.Format(time.DateTime), module, level, message)
	}},
	{name: "a thread", line: func(at time.Time, _, module, level, message string) string {
		return fmt.Sprintf("%s,001 %-24s[900]: 7F12AB34C700 %-7s %s", at.Format(time.DateTime), module, level, message)
	}},
	{name: "a format of its own", host: true, line: func(at time.Time, host, module, level, message string) string {
		return fmt.Sprintf("%s %s %s %s %s", at.Format(time.DateTime), host, module, level, message)
	}},
	{name: "RFC 3164", host: true, line: func(at time.Time, host, module, level, message string) string {
		return fmt.Sprintf("%s %s %s[733]: %s %s", at.Format(time.Stamp), host, module, level, message)
	}},
	{name: "RFC 3164 by the server", host: true, line: func(at time.Time, host, module, level, message string) string {
		return fmt.Sprintf("<133>%s %s fail2ban-server[733]: %-24s[733]: %-7s %s", at.Format(time.Stamp), host, module,
			level, message)
	}},
	{name: "RFC 5424", zone: true, host: true, line: func(at time.Time, host, module, level, message string) string {
		return fmt.Sprintf("<133>1 %s %s %s 733 - - %s %s", at.Format(time.RFC3339Nano), host, module, level, message)
	}},
	{
		name: "RFC 5424 with data", zone: true, host: true,
		line: func(at time.Time, host, module, level, message string) string {
			return fmt.Sprintf("<133>1 %s %s fail2ban 733 ID47 [a@1 b=\"c\"] \ufeff%s[733]: %s %s",
				at.UTC().Format("2006-01-02T15:04:05.000Z"), host, module, level, message)
		},
	},
	{name: "rsyslog", zone: true, host: true, line: func(at time.Time, host, module, level, message string) string {
		return fmt.Sprintf("%s %s %s[733]: %s %s", at.Format(time.RFC3339), host, module, level, message)
	}},
	{name: "journalctl", host: true, line: func(at time.Time, host, _, _, message string) string {
		return fmt.Sprintf("%s %s fail2ban[733]: %s", at.Format(time.Stamp), host, message)
	}},
	{
		name: "journalctl -o short-iso", zone: true, host: true,
		line: func(at time.Time, host, module, level, message string) string {
			return fmt.Sprintf("%s %s fail2ban-server[733]: %s [733]: %s %s", at.Format("2006-01-02T15:04:05-0700"),
				host,
				module, level, message)
		},
	},
	{name: "journalctl -o short-full", host: true, line: func(at time.Time, host, module, level,
		message string,
	) string {
		return fmt.Sprintf("%s %s %s[733]: %s %s", at.Format("Mon 2006-01-02 15:04:05 MST"), host, module, level,
			message)
	}},
	{
		name: "journalctl -o short-unix", zone: true, host: true,
		line: func(at time.Time, host, module, level, message string) string {
			return fmt.Sprintf("%d.123456 %s %s[733]: %s %s", at.Unix(), host, module, level, message)
		},
	},
	{
		name: "journalctl -o json", zone: true, host: true,
		line: func(at time.Time, host, module, level, message string) string {
			return fmt.Sprintf(`{"__REALTIME_TIMESTAMP":"%d","_HOSTNAME":%q,"SYSLOG_IDENTIFIER":"fail2ban-server",`+
				`"MESSAGE":%q}`,
				at.UnixMicro(), host, fmt.Sprintf("%-24s[733]: %-7s %s", module, level, message))
		},
	},
	{name: "docker logs -t", zone: true, line: func(at time.Time, _, module, level, message string) string {
		return fmt.Sprintf("%s %s,001 %-24s[1]: %-7s %s",
			at.UTC().Format("2006-01-02T15:04:05.000000001Z"), at.Format(time.DateTime), module, level, message)
	}},
	{name: "docker's json-file", zone: true, line: func(at time.Time, _, module, level, message string) string {
		return fmt.Sprintf(`{"log":%q,"stream":"stdout","time":%q}`,
			fmt.Sprintf("%s,001 %-24s[1]: %-7s %s\n", at.Format(time.DateTime), module, level,
				message), at.UTC().Format(time.RFC3339Nano))
	}},
	{name: "docker compose", line: func(at time.Time, _, module, level, message string) string {
		return fmt.Sprintf("fail2ban-1  | %s,001 %-24s[1]: %-7s %s", at.Format(time.DateTime), module, level, message)
	}},
	{name: "docker service logs", line: func(at time.Time, _, module, level, message string) string {
		return fmt.Sprintf("f2b_server.1.x7k2m9qw3e@node1    | %s,001 %-24s[1]: %-7s %s", at.Format(time.DateTime), module,
			level, message)
	}},
	{name: "kubectl logs --prefix --timestamps", zone: true, line: func(at time.Time, _, module, level,
		message string,
	) string {
		return fmt.Sprintf("[pod/fail2ban-0/fail2ban] %s %s,001 %-24s[1]: %-7s %s",
			at.UTC().Format("2006-01-02T15:04:05.000000001Z"), at.Format(time.DateTime), module, level, message)
	}},
	{name: "CRI", zone: true, line: func(at time.Time, _, module, level, message string) string {
		return fmt.Sprintf("%s stdout F %s,001 %-24s[1]: %-7s %s",
			at.Format("2006-01-02T15:04:05.000000001-07:00"), at.Format(time.DateTime), module, level, message)
	}},
	{name: "GELF", host: true, line: func(at time.Time, host, module, level, message string) string {
		return fmt.Sprintf(`{"version":"1.1","host":%q,"short_message":%q,"level":5}`, host,
			fmt.Sprintf("%s,001 %-24s[1]: %-7s %s", at.Format(time.DateTime), module, level, message))
	}},
	{name: "colours", line: func(at time.Time, _, module, level, message string) string {
		return fmt.Sprintf("\x1b[36m%s,001\x1b[0m %-24s[1]: \x1b[1;33m%-7s\x1b[0m %s\x1b[0m  \r",
			at.Format(time.DateTime), module, level, message)
	}},
	{name: "a byte order mark", line: func(at time.Time, _, module, level, message string) string {
		return fmt.Sprintf("\ufeff%s,001 %-24s[1]: %-7s %s", at.Format(time.DateTime), module, level, message)
	}},
}

// Every form of line is read: the ban, its time, its jail, its host.
func TestT01BansInEveryEnvelopeAreRead(t *testing.T) {
	for _, e := range envelopes {
		t.Run(e.name, func(t *testing.T) {
			zone := brussels(t)
			when := time.Date(2026, 11, 27, 10, 1, 1, 0, zone)
			line := e.line(when, "web1", "fail2ban.actions", "NOTICE", "[my.site-http 404] Ban 81.241.7.9")
			p := newParser("auto", file{zone: zone, first: []byte(line + "\n"), written: when.Add(time.Hour)})
			ban, found, err := p.parse([]byte(line))
			if err != nil || !found || ban.Address != "81.241.7.9" || ban.Jail != "my.site-http 404" ||
				!ban.Time.Equal(when) {
				t.Errorf("%s\n%+v, %v", line, ban, err)
			}
			if want := map[bool]string{true: "web1"}[e.host]; ban.Source != want {
				t.Errorf("%s\nhost %q, want %q", line, ban.Source, want)
			}
		})
	}
}

// messages are what Fail2Ban writes, and what that is: "" is a ban.
var messages = []struct{ module, level, text, want string }{
	{"fail2ban.actions", "NOTICE", "[sshd] Ban 203.0.113.7", ""},
	{"fail2ban.actions", "NOTICE", "[sshd] Ban 2001:db8::7", ""},
	{"fail2ban.actions", "NOTICE", "[web] Ban 198.51.100.0/24", ""},
	{"fail2ban.actions", "NOTICE", "[sshd] Unban 203.0.113.7", "unban"},
	{"fail2ban.actions", "NOTICE", "[sshd] Restore Ban 203.0.113.7", "restored ban"},
	{
		"fail2ban.observer", "NOTICE", "[sshd] Increase Ban 203.0.113.7 (2 # 0:20:00 -> 2026-11-27 10:21:01)",
		"prolonged ban",
	},
	{"fail2ban.actions", "NOTICE", "[sshd] 203.0.113.7 already banned", "already banned"},
	{"fail2ban.actions", "NOTICE", "[sshd] Reban 203.0.113.7, action 'iptables'", "already banned"},
	{"fail2ban.filter", "INFO", "[sshd] Found 203.0.113.7 - 2026-11-27 10:00:50", "failure found"},
	{"fail2ban.filter", "INFO", "[sshd] Ignore 203.0.113.7 by ip", "ignored address"},
	{"fail2ban.server", "INFO", "Starting Fail2ban v1.0.2", "start or stop"},
	{"fail2ban.jail", "INFO", "Jail 'sshd' started", "start or stop"},
	{"fail2ban.actions", "NOTICE", "[sshd] Flush ticket(s) with iptables-multiport", "other line of Fail2Ban"},
	{
		"fail2ban.actions", "ERROR", "Failed to execute ban jail 'sshd' action 'x' info '...': Error banning 203.0.113.7",
		"other line of Fail2Ban",
	},
	{
		"fail2ban.filter", "WARNING", "Error decoding line: 'x fail2ban.actions: NOTICE [sshd] Ban 203.0.113.7'",
		"other line of Fail2Ban",
	},
	{"fail2ban.actions", "NOTICE", "[sshd] Temporary Ban 203.0.113.7", "reject"},
	{"fail2ban.actions", "NOTICE", "[sshd] Ban 203.0.113.7 for 600 seconds", "reject"},
	{"fail2ban.actions", "NOTICE", "Ban 203.0.113.7", "reject"},
	{"fail2ban.actions", "NOTICE", "[sshd] Banned 203.0.113.7", "reject"},
	{"fail2ban.actions", "NOTICE", "[sshd] 203.0.113.7: banned for 10m", "reject"},
	{"fail2ban.actions", "NOTICE", "[sshd] Flush ban list", "other line of Fail2Ban"},
}

// otherLines are of other programs, or no lines of their own.
var otherLines = []string{
	"Nov 27 10:00:00 web1 sshd[812]: Failed password for anna from 203.0.113.7 port 22 ssh2",
	"2026-11-27T10:00:00+01:00 web1 named[12]: query refused", "", "Traceback (most recent call last):",
	`  File "/usr/lib/python3/dist-packages/fail2ban/server/actions.py", line 509, in __checkBan`,
	"    action.ban(aInfo)",
	`{"level":"info","msg":"hello","ts":1795773661.5}`,
}

// Whatever is mixed in one file, each line is a ban, a reject that says so, or of a named kind.
func TestT01NothingReadIsUnaccountedFor(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice, zone := rand.New(rand.NewPCG(seed, 0)), brussels(t)
	for range 10_000 {
		mix := envelopes[dice.IntN(len(envelopes)):]
		mix = mix[:1+dice.IntN(len(mix))]
		state := &logState{}
		p := newParser("log", file{zone: zone, written: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), state: state})
		for range 1 + dice.IntN(4) {
			e, m := mix[dice.IntN(len(mix))], messages[dice.IntN(len(messages))]
			line, want := e.line(time.Date(2026, 11, 27, 10, dice.IntN(60), 1, 0, zone), "web1", m.module, m.level,
				m.text), m.want
			if dice.IntN(5) == 0 {
				line, want = otherLines[dice.IntN(len(otherLines))], "other"
			}
			_, found, err := p.parse([]byte(line))
			got := ""
			switch err := err.(type) { //nolint:errorlint // neither is ever wrapped
			case reason:
				got = "reject"
			case other:
				got = string(err)
				if want == "other" {
					got = "other"
				}
			}
			if e.name == "journalctl" && strings.HasPrefix(m.text, "Error decoding") {
				continue // the journal does not name the module, and so not that it quotes an attacker
			}
			if found != (err == nil) || got != want {
				t.Fatalf("seed %d: %q is %q (%v), want %q", seed, line, got, err, want)
			}
		}
	}
}

// The files of a collection of public reports, where there is one: file, options, way to count, bans/friends/hours.
func TestT01TheWildIsRead(t *testing.T) {
	dir := os.Getenv("WILD_CORPUS")
	if dir == "" {
		t.Skip("WILD_CORPUS names no collection of files")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, ".sqlite3") || strings.HasSuffix(name, "expected.tsv") {
			continue
		}
		p := newPlace(t)
		p.source = Local{name}
		p.restart()
		p.step()
		all, err := p.store.Sources(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s := all[slices.IndexFunc(all, func(s store.SourceStatus) bool { return s.Name == p.reader.Name })]
		others := int64(0)
		for _, n := range s.Others {
			others += n
		}
		if s.Lines == 0 || s.Lines != s.Bans+s.Rejects+others {
			t.Errorf("%s: %d lines, %d bans, %d rejects, %d others", filepath.Base(name), s.Lines, s.Bans, s.Rejects,
				others)
		}
	}
}
