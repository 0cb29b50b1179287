package acceptance

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/enrich/whoistest"
)

// In every state of the registries, an alert that the table settles leaves at once: the first one and those behind it.
// One that only a registry can settle leaves when the registry has answered.
func TestP03AlertsDoNotWaitForWhois(t *testing.T) {
	t.Parallel()
	const atOnce = 20 * time.Millisecond
	belgian := func(q whoistest.Question) string {
		if q.Host == "whois.iana.org" {
			return whoistest.IANA(q.Address()+"/8", "whois.ripe.net")
		}
		return whoistest.RIPE(q.Address()+"/32", "BE", "EXAMPLE-BE")
	}
	tests := map[string]struct {
		whois   whoistest.Handler // nil: refuses connections
		change  harness.Change
		added   bool // by whois, in place unless it was fast enough
		unknown bool // to the table: the registry alone knows the friend
	}{
		"off":                 {change: harness.Change{"guild", "guild"}},
		"instant":             {change: harness.Change{"whois = false", ""}, whois: whoistest.Text(belgian), added: true},
		"refused":             {change: harness.Change{"whois = false", ""}},
		"hanging":             {change: harness.Change{"whois = false", ""}, whois: whoistest.Hang},
		"instant and unknown": {change: harness.Change{"whois = false", ""}, whois: whoistest.Text(belgian), unknown: true, added: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, s *simulation) {
				registries := &whoistest.Server{}
				if tc.whois != nil {
					registries.Handle("", tc.whois)
				}
				s.bot = startInProcess(s.Scene, func(ctx context.Context, network, address string) (net.Conn, error) {
					if strings.HasSuffix(address, ":43") {
						return registries.Dial(ctx, network, address)
					}
					return s.Dial(ctx, network, address)
				})
				time.Sleep(time.Minute)
				synctest.Wait()
				addresses := []string{harness.Belgian, harness.Belgian2, "35.195.0.1"}
				if tc.unknown {
					addresses = []string{harness.Foreign, "47.74.15.97", "47.74.15.98"}
				}
				for i, address := range addresses {
					before, begun := len(s.Telegram.Messages()), time.Now()
					s.Ban(address)
					s.bot.wake()
					time.Sleep(20 * time.Second)
					posts := s.Telegram.Messages()[before:]
					if len(posts) < 2 { // one in each chat
						t.Fatalf("alert %d is not posted within 20 s", i+1)
					}
					if took := posts[0].Time.Sub(begun); took > atOnce || !strings.Contains(posts[0].Text, address) {
						t.Errorf("alert %d leaves after %v, want %v at most:\n%s", i+1, took, atOnce, posts[0].Text)
					}
				}
				s.bot.stop()
				for _, m := range s.Telegram.Messages() {
					if m.Edits > 1 || strings.Contains(m.Text, "/32") != tc.added {
						t.Errorf("changed %d times to\n%s", m.Edits, m.Text)
					}
				}
				for _, m := range s.Discord.Messages() {
					if m.Edits > 1 || strings.Contains(m.Content, "/32") != tc.added {
						t.Errorf("changed %d times to\n%s", m.Edits, m.Content)
					}
				}
			}, tc.change)
		})
	}
}
