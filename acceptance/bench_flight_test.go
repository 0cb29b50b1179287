//go:build bench

package acceptance

import (
	"bytes"
	"context"
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
	"friendlyfire/enrich"
	"friendlyfire/ingest"
	"friendlyfire/ingest/ingesttest"
)

// flights are how many bans are followed from their line to their message, and pilots how many bots take turns at it,
// since Telegram wants a second between two messages to a chat.
const (
	flights = 200
	pilots  = 4
)

// fly appends a friendly ban at a time to the file of one of the bots, and tells each of when that was and of the
// request that followed. All countries are known.
func fly(t *testing.T, bots []*botProcess, told func(bot int, appended time.Time, q telegramtest.Request)) {
	t.Helper()
	dice := rand.New(rand.NewPCG(benchSeed, 3)) // so that no rhythm of the bot's is met again and again
	friends := belgians(t, flights)
	last := make([]time.Time, len(bots))
	for i, address := range friends {
		n := i % len(bots)
		b := bots[n]
		time.Sleep(time.Until(last[n].Add(breath)) + time.Duration(dice.Int64N(int64(100*time.Millisecond))))
		before := len(b.posts())
		line := harness.BanRow(time.Now(), address.String(), "sshd", "Failed password for anna from "+address.String()+" port 22 ssh2")
		appended := time.Now()
		b.Append(line)
		b.chat.Await(t, patience, func() bool { return len(b.posts()) > before })
		q := b.posts()[before]
		if !strings.Contains(q.Params["text"], harness.AlertIn("BE", address.String())) {
			t.Fatalf("the bot says %q, want a word on %s", q.Params["text"], address)
		}
		told(n, appended, q)
		last[n] = q.Time
	}
}

// belgians are addresses of the made-up bans that the table places in Belgium.
func belgians(t *testing.T, n int) (all []netip.Addr) {
	t.Helper()
	table, err := enrich.OpenTable("")
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	for i := uint32(0); len(all) < n; i++ {
		a := ingesttest.Address(benchSeed, i)
		c, err := table.Country(a)
		if err != nil {
			t.Fatal(err)
		}
		if c == "BE" {
			all = append(all, a)
		}
	}
	return all
}

// flying is P03: with the real binary for the figure, and once more in this process for what it consists of.
func (b *bench) flying(t *testing.T, m *botProcess) {
	bots := []*botProcess{m}
	for len(bots) < pilots {
		bots = append(bots, m.copyOf())
	}
	for _, one := range bots {
		one.started()
	}
	var took []time.Duration
	fly(t, bots, func(_ int, appended time.Time, q telegramtest.Request) { took = append(took, q.Time.Sub(appended)) })
	for _, one := range bots {
		one.end()
	}
	p50, p99 := median(took), quantile(took, 0.99)
	b.promise(t, "P03", "line appended to request sent, p50 of 200", millis(p50), "≤ 100 ms", "", "", p50 <= 100*time.Millisecond)
	b.promise(t, "P03", "line appended to request sent, p99 of 200", millis(p99), "≤ 1 s", "", "", p99 <= time.Second)

	stages := stretches(t, bots)
	var sum time.Duration
	for _, s := range stages {
		p50 := median(s.took)
		sum += p50
		b.aside("P03", "of that: "+s.name, millis(p50), "p99 "+millis(quantile(s.took, 0.99)), "")
	}
	b.aside("P03", "of that: the sum", millis(sum), "", "")
}

// stretch is a part of the way that a ban takes through the program.
type stretch struct {
	name string
	took []time.Duration
}

// stretches flies with programs of this process, whose doors to the world are watched, and returns the parts of the way
// in order.
func stretches(t *testing.T, bots []*botProcess) []stretch {
	t.Helper()
	t.Setenv("FRIENDLYFIRE_TELEGRAM_TOKEN", telegramtest.Token)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	recorders := make([]*recorder, len(bots))
	for i, b := range bots {
		recorders[i] = &recorder{}
		running.Go(func() { recorders[i].program(ctx, t, b) })
	}
	time.Sleep(2 * time.Second) // until their start has come to rest
	for _, r := range recorders {
		r.take()
	}
	stages := []stretch{
		{name: "the file's change is seen"},
		{name: "it is read, kept, decided and claimed, the request written"},
		{name: "the request is received"},
	}
	fly(t, bots, func(n int, appended time.Time, q telegramtest.Request) {
		at := recorders[n].take()
		from := appended
		for i, mark := range []time.Time{at["seen"], at["request"], q.Time} {
			if mark.IsZero() {
				t.Fatalf("nothing of “%s” in %v", stages[i].name, at)
			}
			stages[i].took = append(stages[i].took, max(mark.Sub(from), 0))
			from = mark
		}
	})
	stop()
	running.Wait()
	return stages
}

// recorder keeps when things were first done since they were last asked for.
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

// program runs the program of the bot's scene until ctx ends.
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

// watched is a connection that sees messages leave.
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
