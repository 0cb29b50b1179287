package app

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"friendlyfire/acceptance/harness"
	"friendlyfire/config"
	"friendlyfire/store"
)

// withMetrics is TableOnly with a port for Prometheus, and with whois.
var withMetrics = harness.Change{"whois = false", `patience = "0s"
[metrics]
listen = "127.0.0.1:9109"`}

// newMetered is the scene's program with a registry for Prometheus; it is not started.
func newMetered(t *testing.T, s *harness.Scene) (*App, *prometheus.Registry) {
	t.Helper()
	env := Env{File: s.Config, In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}
	c, err := env.Config().Load(config.ToRun)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Build(t.Context(), c, env, slog.New(slog.DiscardHandler), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(p.metrics)
	return p, registry
}

// lint checks the metrics against the conventions of Prometheus.
func lint(t *testing.T, registry *prometheus.Registry) {
	t.Helper()
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}

// step runs one step of every stage.
func (a *App) step(t *testing.T) {
	t.Helper()
	for _, s := range a.stages {
		if s.name == "whois" {
			continue // which must ask nobody here
		}
		if err := s.step(t.Context()); err != nil {
			t.Fatal(s.name, err)
		}
	}
}

func TestMetricsCountOnceHoweverOftenTheyAreRead(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly, withMetrics)
	now := time.Now()
	s.Append(harness.BanRow(now.Add(-time.Minute), harness.Belgian, "sshd", "")) // before the program started
	before, _ := newMetered(t, s)
	before.step(t)
	p, registry := newMetered(t, s)
	p.step(t)
	want := func(text string) {
		t.Helper()
		for range 2 {
			if err := testutil.GatherAndCompare(registry, strings.NewReader(text),
				"friendlyfire_bans_total", "friendlyfire_friendly_bans_total", "friendlyfire_source_bans_total",
				"friendlyfire_notices_posted_total", "friendlyfire_notices_sent_total", "friendlyfire_outbox_notices",
				"friendlyfire_dead_letters"); err != nil {
				t.Error(err)
			}
		}
	}
	const kept = `# HELP friendlyfire_dead_letters Messages that were given up.
# TYPE friendlyfire_dead_letters gauge
friendlyfire_dead_letters{chat="terminal",platform="terminal"} 0
# HELP friendlyfire_outbox_notices Messages that wait to be sent.
# TYPE friendlyfire_outbox_notices gauge
friendlyfire_outbox_notices{chat="terminal",platform="terminal"} %d
# HELP friendlyfire_source_bans_total Bans ever read of the source, old ones among them.
# TYPE friendlyfire_source_bans_total counter
friendlyfire_source_bans_total{source="web1"} %d
`
	want(fmt.Sprintf(kept, 0, 1))
	s.Append(harness.BanRow(now, harness.Belgian, "sshd", ""))
	s.Append(harness.BanRow(now, harness.Foreign, "sshd", ""))
	s.Append(harness.BanRow(now, harness.Foreign, "", ""))
	s.Append(harness.BanRow(now.Add(-48*time.Hour), harness.Belgian2, "nginx", "")) // history
	p.step(t)
	counted := fmt.Sprintf(kept, 0, 5) + `
# HELP friendlyfire_bans_total Bans that were news when they were read, since the program started.
# TYPE friendlyfire_bans_total counter
friendlyfire_bans_total{jail="",source="web1"} 1
friendlyfire_bans_total{jail="sshd",source="web1"} 2
# HELP friendlyfire_friendly_bans_total Bans of friendly addresses that alerts were posted of, since the program started.
# TYPE friendlyfire_friendly_bans_total counter
friendlyfire_friendly_bans_total{jail="sshd",source="web1"} 1
# HELP friendlyfire_notices_posted_total Messages put into the outbox since the program started.
# TYPE friendlyfire_notices_posted_total counter
friendlyfire_notices_posted_total{chat="terminal",kind="alert",platform="terminal"} 1
friendlyfire_notices_posted_total{chat="terminal",kind="history",platform="terminal"} 1
# HELP friendlyfire_notices_sent_total Messages that the platform has confirmed, of those posted since the program started.
# TYPE friendlyfire_notices_sent_total counter
friendlyfire_notices_sent_total{chat="terminal",kind="alert",platform="terminal"} 1
friendlyfire_notices_sent_total{chat="terminal",kind="history",platform="terminal"} 1
`
	want(counted)

	// A message that waits is posted and not sent. One that is sent before it is counted later, and not forgotten.
	waiting := []store.Notice{
		{Key: "moved/1", Chat: p.Chats[0], Body: "{}", CreatedAt: now.Add(-time.Hour)},
		{Key: "health/1", Chat: p.Chats[0], Body: "{}", CreatedAt: now},
	}
	if _, err := p.Store.Post(t.Context(), waiting...); err != nil {
		t.Fatal(err)
	}
	due, err := p.Store.Due(t.Context(), p.Chats[0], now, "", 10)
	if err != nil || len(due) != 2 {
		t.Fatal(due, err)
	}
	if err := p.Store.RecordOutcome(t.Context(), store.Sent, now, "", due[1].ID); err != nil {
		t.Fatal(err)
	}
	posted := strings.NewReplacer(
		`outbox_notices{chat="terminal",platform="terminal"} 0`,
		`outbox_notices{chat="terminal",platform="terminal"} 1`,
		`friendlyfire_notices_posted_total{chat="terminal",kind="history",platform="terminal"} 1
`, `friendlyfire_notices_posted_total{chat="terminal",kind="health",platform="terminal"} 1
friendlyfire_notices_posted_total{chat="terminal",kind="history",platform="terminal"} 1
friendlyfire_notices_posted_total{chat="terminal",kind="other",platform="terminal"} 1
`)
	want(posted.Replace(counted))
	if err := p.Store.RecordOutcome(t.Context(), store.Refused, now, "bad", due[0].ID); err != nil {
		t.Fatal(err)
	}
	want(strings.NewReplacer(
		`outbox_notices{chat="terminal",platform="terminal"} 1`,
		`outbox_notices{chat="terminal",platform="terminal"} 0`,
		`dead_letters{chat="terminal",platform="terminal"} 0`, `dead_letters{chat="terminal",platform="terminal"} 1`,
		`friendlyfire_notices_sent_total{chat="terminal",kind="history",platform="terminal"} 1
`, `friendlyfire_notices_sent_total{chat="terminal",kind="health",platform="terminal"} 1
friendlyfire_notices_sent_total{chat="terminal",kind="history",platform="terminal"} 1
`).Replace(posted.Replace(counted)))
}

func TestMetricsAreWellFormedAndComplete(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly, withMetrics)
	p, registry := newMetered(t, s)
	for _, server := range []string{"whois.ripe.net", "203.0.113.43:43"} {
		if err := p.Store.ChangeRegistry(t.Context(), server, func(r *store.Registry) bool {
			r.Day, r.Asked, r.Refusals = time.Now().Unix()/86400, 7, 3
			return true
		}); err != nil {
			t.Fatal(err)
		}
	}
	s.Ban(harness.Belgian)
	s.Append("not a ban\n")
	p.step(t)
	notice := store.Notice{
		Key: "digest/2026-11-22", Chat: p.Chats[0], Body: "{}", CreatedAt: time.Unix(1_795_000_000, 0),
	}
	if _, err := p.Store.Post(t.Context(), notice); err != nil {
		t.Fatal(err)
	}
	lint(t, registry)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
	p.metrics.handler(p.log).ServeHTTP(answer, request)
	text := answer.Body.String()
	if len(families) != 21 {
		t.Errorf("%d metrics, want all 21:\n%s", len(families), text)
	}
	for _, line := range []string{
		`friendlyfire_whois_questions_today{registry="whois.ripe.net"} 7`,
		`friendlyfire_whois_questions_today{registry="mirror"} 7`,
		`friendlyfire_whois_questions_per_day_limit{registry="whois.ripe.net"} 20000`,
		`friendlyfire_whois_refusals_total{registry="mirror"} 3`,
		`friendlyfire_last_digest_timestamp_seconds 1.795e+09`,
		`friendlyfire_source_up{source="web1"} 1`,
		`friendlyfire_source_behind_bytes{source="web1"} 0`,
		`friendlyfire_source_rejected_lines_total{source="web1"} 1`,
		`friendlyfire_source_lines_total{source="web1"} 3`,
		`friendlyfire_outbox_notices{chat="terminal",platform="terminal"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is not in\n%s", line, text)
		}
	}
	if address := ipv4.FindString(text); address != "" {
		t.Errorf("%s is in\n%s", address, text)
	}
}

var ipv4 = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+`)

func TestMetricsAreBoundedWhateverTheNamesOfJails(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly, withMetrics, harness.Change{"[enrich]", `[[source]]
name = "web2"
path = "$DIR/other.csv"
[enrich]`})
	s.Write(filepath.Join(s.Dir, "other.csv"), nil)
	p, registry := newMetered(t, s)
	now := time.Now()
	hostile := []string{
		"203.0.113.7", "jail-203.0.113.7", "2001:db8::7", "x_2001:db8:0:0::7_y", "[2001:db8::1]:80", "203.0.113.0/24",
		"back\\slash", "näме", "\u202eevil",
	}
	for i, jail := range hostile {
		s.Append(harness.BanRow(now.Add(-time.Duration(i)*time.Second), harness.Foreign, jail, ""))
	}
	for i := range 3_000 {
		s.Append(harness.BanRow(now.Add(-time.Duration(i)*time.Second), harness.Foreign, fmt.Sprint("jail-", i), ""))
	}
	p.step(t)
	for source, jail := range map[string]string{"web2": "sshd", "web3": "quote\"{x=\"\\n\"}"} {
		batch := store.Batch{
			Source: source, Cursor: store.Cursor{Offset: 1, Size: 1, Line: 1}, Lines: 1,
			ReadAt: now, NewsSince: now.Add(-time.Hour),
			Bans: []store.Ban{{Time: now, HasEpoch: true, Address: harness.Foreign, Jail: jail}},
		}
		if _, err := p.Store.AddBans(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	lint(t, registry)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series, bans, others := 0, 0.0, 0.0
	for _, family := range families {
		if family.GetName() != "friendlyfire_bans_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			jail, source := m.GetLabel()[0].GetValue(), m.GetLabel()[1].GetValue()
			series++
			bans += m.GetCounter().GetValue()
			if jail == "other" {
				others += m.GetCounter().GetValue()
			}
			if ipv4.MatchString(jail) || strings.Contains(jail, "2001:") || strings.Contains(jail, "\u202e") {
				t.Errorf("jail %q", jail)
			}
			if source == "web2" && jail != "sshd" {
				t.Errorf("the jail of web2 is called %q: the names of one source must not crowd out those of another",
					jail)
			}
		}
	}
	if want := float64(len(hostile) + 3_000 + 2); bans != want || series != jailsCounted+3 || others < 2_900 {
		t.Errorf("%v bans in %d series, %v of them in others; want %v in %d",
			bans, series, others, want, jailsCounted+3)
	}
}

func TestJailsWithAnAddressAreRecognized(t *testing.T) {
	for jail, want := range map[string]bool{
		"sshd": false, "nginx-http-auth": false, "": false, "recidive-1.2": false, "dead.beef": false,
		"bad-cafe": false, "v1.2.3": false, "a:b": false,
		"192.0.2.1": true, "ban 192.0.2.1.": true, "192.0.2.1/32": true, "2001:db8::": true, "for-2001:DB8::1-x": true,
		"::ffff:192.0.2.1": true,
	} {
		if got := store.HoldsAddress(jail); got != want {
			t.Errorf("store.HoldsAddress(%q) = %v, want %v", jail, got, want)
		}
	}
}
