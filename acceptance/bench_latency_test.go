//go:build bench

package acceptance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/cli"
	"friendlyfire/enrich/whoistest"
	"friendlyfire/ingest"
	"friendlyfire/ingest/ingesttest"
)

// The latency of so many alerts is measured, from the line in the file to the request. So many bots take turns, since
// Telegram wants a second between two messages to a chat.
const (
	latencyAlerts = 200
	latencyBots   = 4
)

// measureAlerts appends bans of these friends, one after another, to the files of the bots in turn, and hands measured
// the time of each and the request that followed. All countries are known.
func measureAlerts(
	t *testing.T, bots []*botProcess, friends []netip.Addr, measured func(n int, at time.Time, q telegramtest.Request),
) {
	t.Helper()
	random := rand.New(rand.NewPCG(benchSeed, 3)) // so that the bans do not keep step with a rhythm of the bot
	last := make([]time.Time, len(bots))
	for i, address := range friends {
		n := i % len(bots)
		b := bots[n]
		time.Sleep(time.Until(last[n].Add(messagePause)) + time.Duration(random.Int64N(int64(100*time.Millisecond))))
		before := len(b.posts())
		line := harness.BanRow(time.Now(), address.String(), "sshd",
			"Failed password for anna from "+address.String()+" port 22 ssh2")
		appended := time.Now()
		b.Append(line)
		b.chat.Await(t, timeout, func() bool { return len(b.posts()) > before })
		q := b.posts()[before]
		if !strings.Contains(q.Params["text"], harness.AlertIn("BE", address.String())) {
			t.Fatalf("the bot posted %q, want an alert about %s", q.Params["text"], address)
		}
		measured(n, appended, q)
		last[n] = q.Time
	}
}

// belgians are addresses of the made-up bans that the table places in Belgium.
func belgians(t *testing.T, n int) (all []netip.Addr) {
	t.Helper()
	table := harness.OpenTable(t)
	for i := uint32(0); len(all) < n; i++ {
		a := ingesttest.Address(benchSeed, i)
		if table.Country(a) == "BE" {
			all = append(all, a)
		}
	}
	return all
}

// latency is P03: measured with the real program for the figure, and once more in this process for its parts.
func (b *bench) latency(t *testing.T, m *botProcess) {
	bots := []*botProcess{m}
	friends := belgians(t, 5*latencyAlerts)
	for len(bots) < latencyBots {
		bots = append(bots, m.copyOf())
	}
	for _, one := range bots {
		one.started()
	}
	var took []time.Duration
	measureAlerts(t, bots, friends[:latencyAlerts], func(_ int, appended time.Time, q telegramtest.Request) {
		took = append(took, q.Time.Sub(appended))
	})
	for _, one := range bots {
		one.end()
	}
	b.delays(t, "whois off", took)
	p99 := quantile(took, 0.99)
	b.promise(t, "P03", "line appended to request sent, p99 of 200", millis(p99), "≤ 1 s", "", "", p99 <= time.Second)
	b.latencyWithWhois(t, bots, friends[latencyAlerts:])

	parts := partsOfLatency(t, bots, friends[4*latencyAlerts:])
	var sum time.Duration
	for _, s := range parts {
		p50 := median(s.took)
		sum += p50
		b.note("P03", "of that: "+s.name, millis(p50), "p99 "+millis(quantile(s.took, 0.99)), "")
	}
	b.note("P03", "of that: the sum", millis(sum), "", "")
}

// delays adds the line of P03 on one state of the registries.
func (b *bench) delays(t *testing.T, whois string, took []time.Duration) {
	t.Helper()
	p50, p95 := median(took), quantile(took, 0.95)
	b.promise(t, "P03", "line appended to request sent, "+whois+": p50, p95 of 200", millis(p50)+", "+millis(p95),
		"≤ 20 ms, ≤ 50 ms", "", "", p50 <= 20*time.Millisecond && p95 <= 50*time.Millisecond)
}

// latencyWithWhois is P03 while the registries answer at once, refuse connections, and hang. The table settles each
// alert, and the addresses of all earlier bans wait for an answer as well. The bots do not run before and after.
func (b *bench) latencyWithWhois(t *testing.T, bots []*botProcess, friends []netip.Addr) {
	t.Helper()
	table := harness.OpenTable(t)
	instant, hanging := &whoistest.Server{}, &whoistest.Server{}
	instant.Handle("", whoistest.Text(func(q whoistest.Question) string {
		a, err := netip.ParseAddr(q.Address())
		if err != nil {
			return ""
		}
		network, country := table.Network(a)
		return whoistest.RIPE(network.String(), string(country), "EXAMPLE-NET")
	}))
	hanging.Handle("", whoistest.Hang)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := nobody.Addr().String()
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	whois := "whois = false\n"
	for _, state := range []struct{ name, server string }{
		{"whois answers at once", instant.Listen(t)},
		{"whois refuses connections", refused},
		{"whois hangs", hanging.Listen(t)},
	} {
		asked := fmt.Sprintf("whois_server = %q\n", state.server)
		for _, one := range bots {
			one.Reconfigure(whois, asked)
			one.started()
		}
		whois = asked
		var took []time.Duration
		measureAlerts(t, bots, friends[:latencyAlerts], func(_ int, appended time.Time, q telegramtest.Request) {
			took = append(took, q.Time.Sub(appended))
		})
		for _, one := range bots {
			one.end()
		}
		b.delays(t, state.name, took)
		friends = friends[latencyAlerts:]
	}
	for _, one := range bots {
		one.Reconfigure(whois, "whois = false\n")
	}
}

// part is a part of the latency of an alert.
type part struct {
	name string
	took []time.Duration
}

// partsOfLatency measures alerts with programs in this process, whose files and connections are watched. It returns the
// parts in order.
func partsOfLatency(t *testing.T, bots []*botProcess, friends []netip.Addr) []part {
	t.Helper()
	t.Setenv("FRIENDLYFIRE_TELEGRAM_TOKEN", telegramtest.Token)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	recorders := make([]*recorder, len(bots))
	for i, b := range bots {
		recorders[i] = &recorder{}
		running.Go(func() { recorders[i].program(ctx, t, b) })
	}
	time.Sleep(2 * time.Second) // until the work of their start is done
	for _, r := range recorders {
		r.take()
	}
	parts := []part{
		{name: "the change of the file is noticed"},
		{name: "the ban is read, kept, judged and claimed, and the request written"},
		{name: "the request is received"},
	}
	measureAlerts(t, bots, friends, func(n int, appended time.Time, q telegramtest.Request) {
		at := recorders[n].take()
		from := appended
		for i, mark := range []time.Time{at["seen"], at["request"], q.Time} {
			if mark.IsZero() {
				t.Fatalf("no time for “%s” in %v", parts[i].name, at)
			}
			parts[i].took = append(parts[i].took, max(mark.Sub(from), 0))
			from = mark
		}
	})
	stop()
	running.Wait()
	return parts
}

// recorder keeps the time of the first of each event since they were last taken.
type recorder struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (r *recorder) mark(what string) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at[what].IsZero() && r.at != nil {
		r.at[what] = now
	}
}

func (r *recorder) take() map[string]time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.at
	r.at = map[string]time.Time{}
	return at
}

// program runs the program in the bot's scene until ctx ends.
func (r *recorder) program(ctx context.Context, t *testing.T, b *botProcess) {
	env := app.Env{
		In: strings.NewReader(""), Out: io.Discard, Err: io.Discard,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return watched{conn, r}, err
		},
		Watch: func(ctx context.Context, path string, wake func()) error {
			return ingest.Watch(ctx, path, func() { r.mark("seen"); wake() })
		},
	}
	if code := cli.Run(ctx, []string{"--config", b.Config}, env); code != 0 {
		t.Errorf("the bot ended with code %d", code)
	}
}

// watched is a connection that records when a message is written to it.
type watched struct {
	net.Conn
	*recorder
}

func (w watched) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("/sendMessage HTTP")) {
		w.mark("request")
	}
	return w.Conn.Write(b)
}
