package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"friendlyfire/config"
	"friendlyfire/enrich"
	"friendlyfire/store"
)

// metrics answers Prometheus out of the database. A scrape reads what is new since the one before it, and states that
// are kept anyway: however many bans there are, it costs the same.
//
// Nothing here holds an address: not of a ban, and not where one stands in the place of a jail's name.
type metrics struct {
	store   *store.Store
	whois   *enrich.Whois // nil: the registries are not asked
	free    func() (int64, error)
	sources []string
	chats   []store.Chat

	mu       sync.Mutex
	from     store.Position // counted so far
	sentUpTo map[store.Chat]int64
	jails    map[string]map[string]bool // by source: those with a series of their own
	bans     map[[2]string]int64        // by source and jail, as the two that follow
	friends  map[[2]string]int64
	posted   map[store.Delivered]int64 // Notices is 0 in the keys
	sent     map[store.Delivered]int64
}

// newMetrics counts from now on: what happened before the program started is in the database, not in its counters.
// whois is nil where the registries are not asked.
func newMetrics(ctx context.Context, a *App, whois *enrich.Whois) (*metrics, error) {
	from, err := a.Store.Position(ctx)
	m := &metrics{
		store: a.Store, whois: whois, free: a.FreeSpace, chats: a.Chats, from: from,
		sentUpTo: map[store.Chat]int64{}, jails: map[string]map[string]bool{}, bans: map[[2]string]int64{},
		friends: map[[2]string]int64{}, posted: map[store.Delivered]int64{}, sent: map[store.Delivered]int64{},
	}
	for _, source := range a.Config.Sources {
		m.sources = append(m.sources, source.Name)
	}
	for _, chat := range a.Chats {
		m.sentUpTo[chat] = from.Notice
	}
	return m, err
}

// jailsCounted is how many jails of a source have a series of their own; all others are "other".
const jailsCounted = 100

// jail is the label of a jail: whoever writes to the file names jails, so that their number is bounded, and a name
// that holds an address is not shown.
func (m *metrics) jail(source, jail string) string {
	known := m.jails[source]
	if known == nil {
		known = map[string]bool{}
		m.jails[source] = known
	}
	switch {
	case known[jail]:
		return jail
	case len(known) >= jailsCounted || store.HoldsAddress(jail):
		return "other"
	}
	known[jail] = true
	return jail
}

// update counts what has happened since the last scrape.
func (m *metrics) update(ctx context.Context) error {
	to, err := m.store.Position(ctx)
	if err != nil {
		return err
	}
	news, err := m.store.NewsBetween(ctx, m.from, to)
	if err != nil {
		return err
	}
	alerts, err := m.store.AlertsBetween(ctx, m.from, to)
	if err != nil {
		return err
	}
	posted, err := m.store.PostedBetween(ctx, m.from, to)
	if err != nil {
		return err
	}
	m.from = to
	for _, t := range news {
		m.bans[[2]string{t.Source, m.jail(t.Source, t.Jail)}] += t.Bans
	}
	for _, t := range alerts {
		m.friends[[2]string{t.Source, m.jail(t.Source, t.Jail)}] += t.Bans
	}
	count(m.posted, posted)
	for _, chat := range m.chats {
		sent, upTo, err := m.store.SentBetween(ctx, chat, m.sentUpTo[chat])
		if err != nil {
			return err
		}
		m.sentUpTo[chat] = upTo
		count(m.sent, sent)
	}
	return nil
}

func count(total map[store.Delivered]int64, all []store.Delivered) {
	for _, d := range all {
		n := d.Notices
		d.Notices = 0
		switch d.Kind {
		case "ban":
			d.Kind = "alert"
		case "digest", "health", "history":
		default:
			d.Kind = "other"
		}
		total[d] += n
	}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("friendlyfire_"+name, help, labels, nil)
}

var (
	descBuild = describe("build_info", "1, with the version that runs.", "version", "revision", "goversion")

	descBans    = describe("bans_total", "Bans that were news when they were read, since the program started.", "source", "jail")
	descFriends = describe("friendly_bans_total", "Bans of friendly addresses that alerts were posted of, since the program started.", "source", "jail")

	descPosted = describe("notices_posted_total", "Messages put into the outbox since the program started.", "platform", "chat", "kind")
	descSent   = describe("notices_sent_total", "Messages that the platform has confirmed, of those posted since the program started.", "platform", "chat", "kind")
	descWaits  = describe("outbox_notices", "Messages that wait to be sent.", "platform", "chat")
	descOldest = describe("outbox_oldest_age_seconds", "Age of the oldest message that waits; 0 if none does.", "platform", "chat")
	descDead   = describe("dead_letters", "Messages that were given up.", "platform", "chat")
	descDigest = describe("last_digest_timestamp_seconds", "When the last digest was posted; absent before the first.")

	descUp      = describe("source_up", "1 if the source could be read the last time, else 0.", "source")
	descSilence = describe("source_last_line_age_seconds", "Time since the last line of the source was read; absent before the first.", "source")
	descBehind  = describe("source_behind_bytes", "Bytes of the source's file that are not read yet.", "source")
	descLines   = describe("source_lines_total", "Lines ever read of the source.", "source")
	descRead    = describe("source_bans_total", "Bans ever read of the source, old ones among them.", "source")
	descRejects = describe("source_rejected_lines_total", "Lines of the source that were no ban, ever.", "source")

	descBacklog = describe("whois_backlog_addresses", "Addresses that no registry has answered for yet.")
	descAsked   = describe("whois_questions_today", "Questions asked of the registry today, by UTC.", "registry")
	descCap     = describe("whois_questions_per_day_limit", "Questions that the registry is asked in a day at most; absent where there is no limit.", "registry")
	descRefused = describe("whois_refusals_total", "Questions that the registry has ever refused.", "registry")

	descSize = describe("database_size_bytes", "Size of the database.")
	descFree = describe("disk_free_bytes", "Free space on the database's disk.")
)

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descBuild, descBans, descFriends, descPosted, descSent, descWaits, descOldest, descDead, descDigest, descUp, descSilence, descBehind,
		descLines, descRead, descRejects, descBacklog, descAsked, descCap, descRefused, descSize, descFree,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	version, revision := Version()
	gauge(ch, descBuild, 1, version, revision, runtime.Version())
	for _, collect := range []func(context.Context, chan<- prometheus.Metric) error{
		m.collectCounters, m.collectSources, m.collectChats, m.collectWhois, m.collectDisk,
	} {
		if err := collect(ctx, ch); err != nil {
			ch <- prometheus.NewInvalidMetric(descBuild, err)
		}
	}
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(ch chan<- prometheus.Metric, d *prometheus.Desc, v int64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func (m *metrics) collectCounters(ctx context.Context, ch chan<- prometheus.Metric) error {
	if err := m.update(ctx); err != nil {
		return err
	}
	for k, n := range m.bans {
		counter(ch, descBans, n, k[0], k[1])
	}
	for k, n := range m.friends {
		counter(ch, descFriends, n, k[0], k[1])
	}
	for d, n := range m.posted {
		counter(ch, descPosted, n, d.Chat.Platform, d.Chat.ID, d.Kind)
	}
	for d, n := range m.sent {
		counter(ch, descSent, n, d.Chat.Platform, d.Chat.ID, d.Kind)
	}
	return nil
}

func (m *metrics) collectSources(ctx context.Context, ch chan<- prometheus.Metric) error {
	all, err := m.store.Sources(ctx)
	if err != nil {
		return err
	}
	kept := map[string]store.SourceStatus{}
	for _, s := range all {
		kept[s.Name] = s
	}
	for _, name := range m.sources { // those of the configuration: others are read no more
		s := kept[name]
		up := 1.0
		if !s.FailingSince.IsZero() {
			up = 0
		}
		gauge(ch, descUp, up, name)
		if !s.LastLineAt.IsZero() {
			gauge(ch, descSilence, time.Since(s.LastLineAt).Seconds(), name)
		}
		gauge(ch, descBehind, float64(max(0, s.Size-s.Offset)), name)
		counter(ch, descLines, s.Lines, name)
		counter(ch, descRead, s.Bans, name)
		counter(ch, descRejects, s.Rejects, name)
	}
	return nil
}

func (m *metrics) collectChats(ctx context.Context, ch chan<- prometheus.Metric) error {
	for _, chat := range m.chats {
		s, err := m.store.ChatStatus(ctx, chat)
		if err != nil {
			return err
		}
		age := 0.0
		if !s.Oldest.IsZero() {
			age = time.Since(s.Oldest).Seconds()
		}
		gauge(ch, descWaits, float64(s.Waiting), chat.Platform, chat.ID)
		gauge(ch, descOldest, age, chat.Platform, chat.ID)
		gauge(ch, descDead, float64(s.Dead), chat.Platform, chat.ID)
	}
	digest, err := m.store.LatestNotice(ctx, "digest/")
	if err == nil && digest.ID != 0 {
		gauge(ch, descDigest, float64(digest.CreatedAt.Unix()))
	}
	return err
}

func (m *metrics) collectWhois(ctx context.Context, ch chan<- prometheus.Metric) error {
	if m.whois == nil {
		return nil
	}
	backlog, err := m.store.Backlog(ctx)
	if err != nil {
		return err
	}
	budgets, err := m.whois.Budgets(ctx)
	if err != nil {
		return err
	}
	gauge(ch, descBacklog, float64(backlog))
	for _, b := range budgets {
		gauge(ch, descAsked, float64(b.Asked), b.Server)
		if b.PerDay > 0 {
			gauge(ch, descCap, float64(b.PerDay), b.Server)
		}
		counter(ch, descRefused, int64(b.Refusals), b.Server)
	}
	return nil
}

func (m *metrics) collectDisk(ctx context.Context, ch chan<- prometheus.Metric) error {
	size, err := m.store.Size(ctx)
	if err != nil {
		return err
	}
	gauge(ch, descSize, float64(size))
	free, err := m.free()
	if err != nil {
		return err
	}
	gauge(ch, descFree, float64(free))
	return nil
}

// handler serves /metrics: our own, and what the Go runtime and the kernel say of the process.
func (m *metrics) handler(log *slog.Logger) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError), MaxRequestsInFlight: 4, Timeout: 15 * time.Second,
	}))
	return mux
}

// serve answers until ctx ends.
func (m *metrics) serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	server := &http.Server{
		Handler: m.handler(log), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { server.Close() }) //nolint:errcheck // nothing is lost with it
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listen opens the port that the configuration names; nil if it names none.
func listen(ctx context.Context, c *config.Config) (net.Listener, error) {
	if c.Metrics.Listen == "" {
		return nil, nil //nolint:nilnil // no port is what was asked for
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Metrics.Listen)
	if err != nil {
		if e, ok := errors.AsType[*net.OpError](err); ok {
			err = e.Err // without the address, which stands in the file
		}
		return nil, &config.Error{Mistakes: []config.Mistake{{File: c.File, Key: "metrics.listen", Text: "cannot listen there: " + err.Error()}}}
	}
	return l, nil
}
