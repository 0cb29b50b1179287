package app

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"friendlyfire/bot"
	"friendlyfire/enrich"
	"friendlyfire/store"
)

// metrics answers Prometheus from the database. A scrape reads only what is new since the one before, and states that
// are kept anyway: it costs the same however many bans there are.
//
// No label holds an address, neither that of a ban nor one that somebody has put into the name of a jail.
type metrics struct {
	store   *store.Store
	voice   bot.Voice     // nil: this bot shares it with nobody
	whois   *enrich.Whois // nil: the registries are not asked
	free    func() (int64, error)
	sources func() []string
	chats   []store.Chat

	mu       sync.Mutex
	from     store.Position             // all before it is counted
	sentUpTo map[store.Chat]int64       // id up to which its notices are counted
	jails    map[string]map[string]bool // by source: the jails with a series of their own
	bans     map[jailLabels]int64
	friends  map[jailLabels]int64
	posted   map[store.Delivered]int64 // Notices is 0 in the keys
	sent     map[store.Delivered]int64 // as posted
}

// jailLabels are the labels of what is counted by jail.
type jailLabels struct{ source, jail string }

// newMetrics returns metrics whose counters are 0 and count from now on. whois is nil where the registries are not
// asked.
func newMetrics(ctx context.Context, a *App, whois *enrich.Whois) (*metrics, error) {
	from, err := a.Store.Position(ctx)
	m := &metrics{
		store: a.Store, voice: a.speaks(), whois: whois, free: a.FreeSpace, chats: a.Chats, from: from,
		sentUpTo: map[store.Chat]int64{}, jails: map[string]map[string]bool{},
		bans: map[jailLabels]int64{}, friends: map[jailLabels]int64{},
		posted: map[store.Delivered]int64{}, sent: map[store.Delivered]int64{},
	}
	m.sources = a.health.Names
	for _, chat := range a.Chats {
		m.sentUpTo[chat] = from.Notice
	}
	return m, err
}

// jailsCounted is how many jails of a source have a series of their own; all others share the label "other".
const jailsCounted = 100

// labels returns the labels of a jail. The names of jails are the choice of whatever writes the source, so the number
// of labels has a limit, and a name that holds an address is not shown.
func (m *metrics) labels(source, jail string) jailLabels {
	known := m.jails[source]
	if known == nil {
		known = map[string]bool{}
		m.jails[source] = known
	}
	if !known[jail] {
		if len(known) >= jailsCounted || store.HoldsAddress(jail) {
			return jailLabels{source, "other"}
		}
		known[jail] = true
	}
	return jailLabels{source, jail}
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
	for _, c := range news {
		m.bans[m.labels(c.Source, c.Jail)] += c.Bans
	}
	for _, c := range alerts {
		m.friends[m.labels(c.Source, c.Jail)] += c.Bans
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

// count adds to the totals, under the kinds that are labels.
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

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	version, revision := Version()
	gauge(ch, descBuild, 1, version, revision, runtime.Version())
	for _, collect := range []func(context.Context, chan<- prometheus.Metric) error{
		m.collectCounters, m.collectSources, m.collectChats, m.collectWhois, m.collectDisk, m.collectVoice,
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
	for l, n := range m.bans {
		counter(ch, descBans, n, l.source, l.jail)
	}
	for l, n := range m.friends {
		counter(ch, descFriends, n, l.source, l.jail)
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
	byName := map[string]store.SourceStatus{}
	for _, s := range all {
		byName[s.Name] = s
	}
	for _, name := range m.sources() { // of the configuration: all others are no longer read
		s := byName[name]
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

// collectVoice tells which of two bots speaks. Of a bot by itself it tells nothing.
func (m *metrics) collectVoice(_ context.Context, ch chan<- prometheus.Metric) error {
	if m.voice == nil {
		return nil
	}
	status := m.voice.Status()
	speaks, reached := 0.0, 1.0
	if status.Speaks {
		speaks = 1
	}
	if status.Trouble != "" {
		reached = 0
	}
	gauge(ch, descSpeaks, speaks, status.Name)
	gauge(ch, descVoiceUp, reached, status.Name)
	for _, p := range status.Partners {
		gauge(ch, descPartner, time.Since(p.Seen).Seconds(), p.Name)
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
