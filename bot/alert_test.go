package bot

import (
	"testing"
	"time"

	"friendlyfire/store"
)

// The words of an alert stand here and nowhere else: other tests ask for them.
func TestAlertSaysWhatIsKnown(t *testing.T) {
	w := Words{Zone: brussels, Friends: store.Friends{Countries: []store.Country{"BE"}}}
	g := store.EnrichedBan{
		Ban: store.Ban{
			Source: "web1", Address: "198.51.100.7", Jail: "sshd", Time: time.Date(2026, 7, 4, 1, 2, 3, 0, time.UTC),
			Failures: 1, BanTime: -1,
			Matches: "first\nFailed password for anna from 198.51.100.7 port 22 ssh2",
		},
		Public: true, Answered: true, Table: "BE", Whois: "NL", Country: "NL", Friendly: true,
		Network: "198.51.100.0/24", NetworkName: "EXAMPLE-NET",
		Before: 2, LastBefore: time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC),
	}
	tests := map[string]struct {
		change func(*store.EnrichedBan, *Words)
		want   string
	}{
		"everything": {func(*store.EnrichedBan, *Words) {}, `🇧🇪 Belgium banned: 198.51.100.7
sshd on web1, Sat 4 Jul 03:02:03 CEST
1 failure, banned for ever
Network 198.51.100.0/24 EXAMPLE-NET
Table: Belgium; whois: Netherlands
Banned twice before, last on Wed 1 Jul 12:00
Log: Failed password for anna from 198.51.100.7 port 22 ssh2
Unban: fail2ban-client set sshd unbanip 198.51.100.7`},
		"little": {func(g *store.EnrichedBan, _ *Words) {
			*g = store.EnrichedBan{
				Ban:     store.Ban{Source: "web1", Address: "198.51.100.7", Time: g.Time},
				Country: "BE", Friendly: true,
			}
		}, `🇧🇪 Belgium banned: 198.51.100.7
unnamed jail on web1, Sat 4 Jul 03:02:03 CEST
Unban: fail2ban-client unban 198.51.100.7`},
		"whois silent": {func(g *store.EnrichedBan, _ *Words) {
			*g = store.EnrichedBan{Ban: g.Ban, Public: true, Table: "BE", Country: "BE", Friendly: true}
			g.Failures, g.BanTime, g.Matches = 5, 3600, ""
		}, `🇧🇪 Belgium banned: 198.51.100.7
sshd on web1, Sat 4 Jul 03:02:03 CEST
5 failures, banned for 1 h
Table: Belgium; whois: not asked yet
Unban: fail2ban-client set sshd unbanip 198.51.100.7`},
		"friendly network": {func(g *store.EnrichedBan, _ *Words) {
			*g = store.EnrichedBan{
				Ban: store.Ban{
					Source: "web1", Address: "203.0.113.7", Jail: "web $(x)", Time: g.Time,
					BanTime: 93_600,
				},
				Friendly: true,
			}
		}, `🤝 Friendly network banned: 203.0.113.7
web $(x) on web1, Sat 4 Jul 03:02:03 CEST
banned for 1 day 2 h
Unban: fail2ban-client set 'web $(x)' unbanip 203.0.113.7`},
		"masked": {func(_ *store.EnrichedBan, w *Words) { w.Mask = true }, `🇧🇪 Belgium banned: 198.51.100.0/24
sshd on web1, Sat 4 Jul 03:02:03 CEST
1 failure, banned for ever
Network 198.51.100.0/24 EXAMPLE-NET
Table: Belgium; whois: Netherlands
Banned twice before, last on Wed 1 Jul 12:00
Log: Failed password for anna from 198.51.100.0/24 port 22 ssh2
On the server, fail2ban-client status sshd tells the address`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			g, w := g, w
			tc.change(&g, &w)
			if got := w.Alert(g, nil, "").String(); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func TestBriefIsTheBeginningOfTheAlert(t *testing.T) {
	w := Words{Zone: time.UTC, Friends: store.Friends{Countries: []store.Country{"BE"}}}
	g := store.EnrichedBan{
		Ban: store.Ban{
			Source: "web1", Address: "198.51.100.7", Jail: "sshd",
			Time: time.Date(2026, 7, 4, 1, 2, 3, 0, time.UTC),
		},
		Country: "BE", Friendly: true,
	}
	want := Headline("BE", "198.51.100.7").String() + "\nsshd on web1, 01:02"
	if got := w.Brief(g, g.Time).String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
