package bot

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"friendlyfire/store"
)

// failed are log lines of sshd about these users, a minute apart.
func failed(users ...string) string {
	var b strings.Builder
	for i, user := range users {
		b.WriteString(time.Date(2026, 7, 4, 3, i, 0, 0, time.UTC).Format("Jan _2 15:04:05") +
			" web1 sshd[812]: Failed password for " + user + " from 198.51.100.7 port " + strings.Repeat("5", i%5+1) + " ssh2\n")
	}
	return b.String()
}

// The words of an alert stand here and nowhere else: other tests ask for them.
func TestAlertSaysWhatIsKnown(t *testing.T) {
	w := Words{Zone: brussels, Friends: store.Friends{
		Countries: []store.Country{"BE"}, Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
	}}
	g := store.EnrichedBan{
		Ban: store.Ban{
			Source: "web1", Address: "198.51.100.7", Jail: "sshd", Time: time.Date(2026, 7, 4, 1, 2, 3, 0, time.UTC),
			Failures: 5, BanTime: 3600, Matches: failed("jdupont", "jdupont", "root", "jdupont", "jdupont"),
		},
		Public: true, Answered: true, Table: "BE", Whois: "BE", Country: "BE", Friendly: true,
		Network: "198.51.100.0/24", NetworkName: "EXAMPLE-NET",
		Before: 2, LastBefore: time.Date(2026, 7, 3, 23, 0, 0, 0, time.UTC),
	}
	tests := map[string]struct {
		change func(*store.EnrichedBan, *Words)
		want   string
	}{
		"everything": {func(*store.EnrichedBan, *Words) {}, `🇧🇪 sshd on web1 banned 198.51.100.7 (Belgium)
Tried jdupont, root; 5 failures
03:02 to 04:02 · 3rd ban, the last today 01:00
EXAMPLE-NET, 198.51.100.0/24
Failed password for jdupont … ×4
sudo fail2ban-client set sshd unbanip 198.51.100.7`},
		"little": {func(g *store.EnrichedBan, _ *Words) {
			*g = store.EnrichedBan{
				Ban:     store.Ban{Source: "web1", Address: "198.51.100.7", Time: g.Time},
				Country: "BE", Friendly: true,
			}
		}, `🇧🇪 unnamed jail on web1 banned 198.51.100.7 (Belgium)
03:02 · 1st ban here
sudo fail2ban-client unban 198.51.100.7`},
		"whois silent": {func(g *store.EnrichedBan, _ *Words) {
			*g = store.EnrichedBan{Ban: g.Ban, Public: true, Table: "BE", Country: "BE", Friendly: true}
			g.Failures, g.BanTime, g.Matches = 1, -1, ""
		}, `🇧🇪 sshd on web1 banned 198.51.100.7 (Belgium)
1 failure
03:02, for ever · 1st ban here
sudo fail2ban-client set sshd unbanip 198.51.100.7`},
		"table and whois differ": {func(g *store.EnrichedBan, _ *Words) {
			g.Whois, g.Country, g.Matches, g.Network = "NL", "NL", "", ""
		}, `🇧🇪 sshd on web1 banned 198.51.100.7 (Belgium)
5 failures
03:02 to 04:02 · 3rd ban, the last today 01:00
Netherlands by whois, Belgium by the built-in table
sudo fail2ban-client set sshd unbanip 198.51.100.7`},
		"a table of one's own": {func(g *store.EnrichedBan, w *Words) {
			g.Table, g.Matches, g.Network, w.Table = "US", "", "", "your table"
		}, `🇧🇪 sshd on web1 banned 198.51.100.7 (Belgium)
5 failures
03:02 to 04:02 · 3rd ban, the last today 01:00
Belgium by whois, United States by your table
sudo fail2ban-client set sshd unbanip 198.51.100.7`},
		"friendly network": {func(g *store.EnrichedBan, _ *Words) {
			*g = store.EnrichedBan{
				Ban: store.Ban{
					Source: "web1", Address: "203.0.113.7", Jail: "web $(x)", Time: g.Time,
					BanTime: 93_600,
				},
				Table: "CN", Country: "CN", Friendly: true,
			}
		}, `🤝 web $(x) on web1 banned 203.0.113.7 (your 203.0.113.0/24)
03:02 to Sun 5 Jul 05:02 · 1st ban here
sudo fail2ban-client set 'web $(x)' unbanip 203.0.113.7`},
		"friendly by the number of its network": {func(g *store.EnrichedBan, w *Words) {
			w.Friends = store.Friends{Systems: []store.ASN{64500}}
			*g = store.EnrichedBan{
				Ban:   store.Ban{Source: "web1", Address: "198.51.100.7", Jail: "sshd", Time: g.Time, BanTime: 3600},
				Table: "CN", Country: "CN", Friendly: true, ASN: 64500, Holder: "Example Telecom N.V.",
			}
		}, `🤝 sshd on web1 banned 198.51.100.7 (your AS64500)
03:02 to 04:02 · 1st ban here
Example Telecom (AS64500)
sudo fail2ban-client set sshd unbanip 198.51.100.7`},
		"a holder, and the network by whois": {func(g *store.EnrichedBan, _ *Words) {
			g.Matches, g.ASN, g.Holder = "", 64500, "Example Telecom Co., Ltd."
		}, `🇧🇪 sshd on web1 banned 198.51.100.7 (Belgium)
5 failures
03:02 to 04:02 · 3rd ban, the last today 01:00
Example Telecom (AS64500), 198.51.100.0/24
sudo fail2ban-client set sshd unbanip 198.51.100.7`},
		"a number without a holder": {func(g *store.EnrichedBan, _ *Words) {
			g.Matches, g.ASN, g.Network = "", 64500, ""
		}, `🇧🇪 sshd on web1 banned 198.51.100.7 (Belgium)
5 failures
03:02 to 04:02 · 3rd ban, the last today 01:00
AS64500
sudo fail2ban-client set sshd unbanip 198.51.100.7`},
		"again and again": {func(g *store.EnrichedBan, _ *Words) {
			g.Matches, g.Network, g.Before, g.Lately = "", "", 9, 3
			g.LastBefore, g.LatelySince = g.Time.AddDate(0, 0, -2), g.Time.AddDate(0, 0, -9)
		}, `🇧🇪 sshd on web1 banned 198.51.100.7 (Belgium)
5 failures
03:02 to 04:02 · 4th ban in 9 days, the last Thu 2 Jul 03:02
sudo fail2ban-client set sshd unbanip 198.51.100.7`},
		"server in another zone": {func(g *store.EnrichedBan, w *Words) {
			g.Matches, g.Network, w.Zones = "", "", map[string]*time.Location{"web1": time.UTC}
		}, `🇧🇪 sshd on web1 banned 198.51.100.7 (Belgium)
5 failures
01:02 to 02:02 UTC · 3rd ban, the last Fri 3 Jul 23:00
sudo fail2ban-client set sshd unbanip 198.51.100.7`},
		"masked": {func(g *store.EnrichedBan, w *Words) {
			w.Mask = true
			g.Matches = "Failed password for anna at 7.100.51.198.example from 198.51.100.7 port 22 ssh2"
		}, `🇧🇪 sshd on web1 banned 198.51.100.0/24 (Belgium)
5 failures
03:02 to 04:02 · 3rd ban, the last today 01:00
EXAMPLE-NET, 198.51.100.0/24
Failed password for anna at 198.51.100.0/24.example …
To see the address, on the server: sudo fail2ban-client status sshd`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // before the ban is over
				g, w := g, w
				tc.change(&g, &w)
				if got := w.Alert(g, nil, "").String(); got != tc.want {
					t.Errorf("got\n%s\nwant\n%s", got, tc.want)
				}
			})
		})
	}
}

// A phone shows the first 40 to 60 characters of a message. A flag is one, of two code points.
func TestAlertSaysWhoBannedWhomInItsFirst45Characters(t *testing.T) {
	w := Words{Zone: time.UTC, Friends: store.Friends{Countries: []store.Country{"BE"}}}
	for _, b := range []store.Ban{
		{Source: "web1", Jail: "sshd", Address: "198.51.100.250"},
		{Source: "mail1", Jail: "postfix-sasl", Address: "198.51.100.250"},
		{Source: "shop1", Jail: "sshd", Address: "2001:db8::2328"},
	} {
		text := w.Alert(store.EnrichedBan{Ban: b, Country: "BE"}, nil, "").String()
		_, size := utf8.DecodeLastRuneInString(b.Address)
		end := strings.Index(text, b.Address) + len(b.Address)
		if n := utf8.RuneCountInString(text[:end]) - 1; size == 0 || n > 45 || !strings.HasPrefix(text, "🇧🇪 "+b.Jail+" on ") {
			t.Errorf("the address ends at character %d of %q", n, text)
		}
	}
}

func TestAlertNamesAllUsersThatWereTried(t *testing.T) {
	tests := map[string]struct{ matches, want string }{
		"sshd": {failed("anna", "invalid user info", "anna"), "anna info"},
		"sshd, other lines": {"Jul  4 03:02:03 web1 sshd[9]: Invalid user admin from 198.51.100.7 port 1\n" +
			"Jul  4 03:02:04 web1 sshd[9]: Connection closed by authenticating user root 198.51.100.7 port 22 [preauth]", "admin root"},
		"PAM":     {"pam_unix(sshd:auth): authentication failure; logname= uid=0 ruser= rhost=198.51.100.7  user=bob", "bob"},
		"Postfix": {"Jul  4 03:02:03 mail1 postfix/smtpd[9]: warning: unknown[198.51.100.7]: SASL LOGIN authentication failed: x, sasl_username=info@example.org", "info@example.org"},
		"Dovecot": {"imap-login: Disconnected (auth failed): user=<anna>, method=PLAIN, rip=198.51.100.7", "anna"},
		"nginx":   {`2026/07/04 03:02:03 [error] 7#7: *9 user "eve": password mismatch, client: 198.51.100.7`, "eve"},
		"nobody":  {"lost connection after AUTH from unknown[198.51.100.7]", ""},
	}
	for name, tc := range tests {
		if got := strings.Join(triedNames(tc.matches), " "); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestLogLinesHaveNoBallast(t *testing.T) {
	tests := map[string]struct{ matches, want string }{
		"syslog":    {"Nov 28 15:01:12 web1 sshd[812]: Failed password for jdupont from 198.51.100.7 port 51234 ssh2", "Failed password for jdupont …"},
		"ISO":       {"2026-11-28T15:01:12.123456+01:00 web1 sshd-session[812]: Invalid user x from 198.51.100.7 port 5", "Invalid user x …"},
		"Postfix":   {"Nov  8 15:01:12 mail1 postfix/smtpd[8]: warning: unknown[198.51.100.7]: SASL failed", "warning: unknown …: SASL failed"},
		"nginx":     {`2026/11/28 15:01:12 [error] 7#7: *9 user "eve": password mismatch, client: 198.51.100.7`, `user "eve": password mismatch, client: …`},
		"bare":      {"Failed password for anna from 198.51.100.7 port 22 ssh2", "Failed password for anna …"},
		"no form":   {"something else", "something else"},
		"repeated":  {failed("a", "b", "b", "c"), "Failed password for b … ×2"},
		"the last":  {failed("a", "b", "c"), "Failed password for c …"},
		"none":      {"", ""},
		"an answer": {"\n\n", ""},
	}
	for name, tc := range tests {
		got := Words{}.log(store.Ban{Address: "198.51.100.7", Matches: tc.matches}).String()
		if got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

// The log line is under More where the verdict has its names and how often they were tried, and above it else.
func TestTheLogLineIsNotToldTwice(t *testing.T) {
	for name, test := range map[string]struct {
		verdict string
		want    bool
	}{
		"names and count": {"Probably a person: only jdupont, who exists; 3 failures in 2 min", false},
		"another count":   {"Probably a person: only jdupont, who exists; 13 failures in 2 min", true},
		"names":           {"Probably a person: only jdupont, who exists", true},
		"a count":         {"Person or attacker? one name; 3 failures in 2 min", true},
		"nothing":         {"", true},
	} {
		g := store.EnrichedBan{Ban: store.Ban{
			Source: "web1", Jail: "sshd", Address: "198.51.100.7", Failures: 3, Matches: failed("jdupont", "jdupont", "jdupont"),
		}}
		text := Words{Zone: time.UTC}.Alert(g, plain(test.verdict), "").String()
		if got := strings.Contains(text, "\nFailed password for jdupont … ×3"); got != test.want {
			t.Errorf("%s: the log line is told %v, want %v:\n%s", name, got, test.want, text)
		}
	}
}
