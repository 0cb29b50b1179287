// Package app is the daemon: it builds every part of the program, starts them, and ends them. All goroutines of the
// program are here, but for the one in which a batch of bans is kept while the next is read, and the one that reads a
// terminal. What a command line says is none of its business.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"friendlyfire/bot"
	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/config"
	"friendlyfire/enrich"
	"friendlyfire/ingest"
	"friendlyfire/store"
)

// App is everything, built and not yet started. What only asks (OpenOffline) has no connections and no chats.
type App struct {
	Config      *config.Config
	Store       *store.Store
	Table       *enrich.Table
	Connections []msg.Connection
	Chats       []store.Chat

	env       Env
	log       *slog.Logger
	stages    []*stage // the readers first, in the order of the sources
	announcer *bot.Announcer
	metrics   *metrics     // nil: nobody asks
	port      net.Listener // where metrics are asked for; nil: nowhere
	progress  *progress
	memory    memory
}

// Build makes every part and starts none. once leaves whois questions about history for another time.
func Build(ctx context.Context, c *config.Config, env Env, log *slog.Logger, once bool) (a *App, err error) {
	a = &App{env: env, Config: c, log: log, progress: newProgress(env.Err)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := a.open(ctx); err != nil {
		return a, err
	}
	if err := a.Store.UseTable(ctx, a.Table.Name()); err != nil {
		return a, err
	}
	report, err := a.Reporter()
	if err != nil {
		return a, err
	}
	b := newBuilder(a, report, once)
	if err := a.connect(b.answers); err != nil {
		return a, err
	}
	a.stages = b.stages()
	if c.Metrics.Listen != "" {
		a.metrics, err = newMetrics(ctx, a, b.asker)
	}
	return a, err
}

// open opens the table and the database.
func (a *App) open(ctx context.Context) (err error) {
	if a.Table, err = enrich.OpenTable(a.Config.Enrich.Table); err == nil {
		a.Store, err = OpenStore(ctx, a.Config)
	}
	return err
}

// OpenStore opens the database and tells it who is friendly.
func OpenStore(ctx context.Context, c *config.Config) (*store.Store, error) {
	_, missing := os.Stat(c.Database)
	s, err := store.Open(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	if missing != nil {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			store.OwnedLikeDirectory(c.Database + suffix)
		}
	}
	if err := s.SetFriends(ctx, c.Friendly); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes what was opened.
func (a *App) Close() error {
	var errs []error
	if a.Store != nil {
		errs = append(errs, a.Store.Close())
	}
	if a.Table != nil {
		errs = append(errs, a.Table.Close())
	}
	return errors.Join(errs...)
}

// Words are how the texts are set.
func (a *App) Words() bot.Words {
	c := a.Config
	w := bot.Words{Zone: c.Timezone, Zones: map[string]*time.Location{}, Friends: c.Friendly, Mask: c.Privacy.Mask}
	for _, s := range c.Sources {
		w.Zones[s.Name] = s.Timezone
	}
	return w
}

// Reporter counts and draws what the database holds.
func (a *App) Reporter() (*bot.Reporter, error) {
	theme, err := charts.ThemeNamed(a.Config.Report.Theme)
	return &bot.Reporter{Store: a.Store, Words: a.Words(), Theme: theme}, err
}

// Reader reads a source.
func (a *App) Reader(c config.Source) *ingest.Reader {
	var source ingest.Source = ingest.Local{Path: c.Path}
	if c.SFTP != nil {
		source = &ingest.SFTP{
			User: c.SFTP.User, Address: c.SFTP.Address, Path: c.SFTP.Path,
			KeyFile: c.KeyFile, KnownHosts: c.KnownHosts, Dial: a.env.Dial,
		}
	}
	return &ingest.Reader{
		Store: a.Store, Name: c.Name, Source: source, Format: c.Format, Zone: c.Timezone,
		MaxAge: a.Config.Alerts.MaxAge, Place: a.Table.Place, Next: func() {},
		Progress: func(at ingest.Progress) {
			if at.Bans > 10_000 {
				a.memory.Touch()
			}
			a.progress.show(at)
		},
	}
}

// Whois asks the registries, or nobody if the configuration says so.
func (a *App) Whois() *enrich.Whois {
	ask := &enrich.Whois{Store: a.Store, Mirror: a.Config.Enrich.WhoisServer, Next: func() {}}
	if a.Config.Enrich.Whois {
		ask.Resolver = &enrich.Client{Dial: a.env.Dial}
	}
	return ask
}

// Purge forgets what is older than the configuration allows.
func (a *App) Purge(ctx context.Context) (store.Purged, error) {
	before := time.Now().AddDate(0, 0, -a.Config.Privacy.KeepDays)
	gone, err := a.Store.Purge(ctx, before)
	return gone, errors.Join(err, store.PurgeCopies(ctx, a.Config.Database, before))
}

// FreeSpace is how many bytes of the database's disk are free.
func (a *App) FreeSpace() (int64, error) {
	dir := filepath.Dir(a.Config.Database)
	free, err := store.FreeSpace(dir)
	if err != nil {
		err = fmt.Errorf("free space of %s: %w", dir, err)
	}
	return free, err
}

// builder makes the stages. Each wakes those that it makes work for.
type builder struct {
	*App
	once    bool
	report  *bot.Reporter
	health  *bot.Health
	answers *bot.Commands
	asker   *enrich.Whois // nil: the registries are not asked

	locate, whois, announce *stage
	deliver                 []*stage
}

func newBuilder(a *App, report *bot.Reporter, once bool) *builder {
	b := &builder{
		App: a, once: once, report: report,
		locate:   newStage("locate", time.Minute),
		whois:    newStage("whois", time.Second),
		announce: newStage("announce", 30*time.Second),
	}
	b.health = &bot.Health{
		Store: a.Store, Words: report.Words, Whois: a.Config.Enrich.Whois, Free: a.FreeSpace, Started: time.Now(),
		Next: b.wakeDelivery,
	}
	b.answers = &bot.Commands{Store: a.Store, Reporter: report, Health: b.health, Log: a.log}
	return b
}

// stages are all stages, in the order in which a ban goes through them. Health watches each.
func (b *builder) stages() []*stage {
	b.health.Chats, b.answers.Chats = b.Chats, b.Chats
	all := slices.Concat(
		b.readers(),
		[]*stage{b.locating(), b.asking(), b.announcing(), b.digesting(), b.healthChecks(), b.purging()},
		b.deliverers(),
		[]*stage{b.givingMemoryBack(), b.packing(), b.backingUp(), b.lookingForTheDatabase()},
	)
	all = slices.DeleteFunc(all, func(s *stage) bool { return s == nil }) // what the configuration leaves out
	for _, s := range all {
		s.step = b.health.Watch(s.step)
	}
	return all
}

func (b *builder) wakeDelivery() {
	for _, d := range b.deliver {
		d.Wake()
	}
}

func (b *builder) readers() (all []*stage) {
	for _, source := range b.Config.Sources {
		reader := b.Reader(source)
		reader.Next = func() { b.locate.Wake(); b.announce.Wake() }
		all = append(all, newStage("read "+source.Name, source.Every).doing(reader.Step))
		b.health.Sources = append(b.health.Sources, bot.Watched{Name: source.Name, SilentAfter: source.SilentAfter})
	}
	return all
}

func (b *builder) locating() *stage {
	locator := enrich.Locator{Store: b.Store, Table: b.Table, Next: func() { b.whois.Wake(); b.announce.Wake() }}
	return b.locate.doing(locator.Step)
}

func (b *builder) asking() *stage {
	if !b.Config.Enrich.Whois {
		return nil
	}
	b.asker = b.Whois()
	b.asker.NewsOnly, b.asker.Next = b.once, b.announce.Wake
	b.answers.Whois = b.asker.Status
	return b.whois.doing(b.asker.Step)
}

func (b *builder) announcing() *stage {
	b.announcer = &bot.Announcer{
		Store: b.Store, Chats: b.Chats, Words: b.report.Words, MaxAge: b.Config.Alerts.MaxAge,
		Next: b.wakeDelivery, Again: b.announce.RetryIn,
	}
	if b.Config.Enrich.Whois {
		b.announcer.Patience = b.Config.Enrich.Patience
	}
	return b.announce.doing(b.announcer.Step)
}

func (b *builder) digesting() *stage {
	at := b.Config.Digest.At
	if at == nil {
		return nil
	}
	digester := &bot.Digester{
		Store: b.Store, Chats: b.Chats, Reporter: b.report, Hour: at.Hour, Minute: at.Minute, Health: b.health,
		Next: b.wakeDelivery,
	}
	return newStage("digest", 20*time.Second).doing(digester.Step)
}

func (b *builder) healthChecks() *stage {
	return newStage("health", 20*time.Second).doing(b.health.Step)
}

func (b *builder) purging() *stage {
	return newStage("purge", time.Hour).doing(func(ctx context.Context) error {
		_, err := b.Purge(ctx)
		return err
	})
}

func (b *builder) deliverers() []*stage {
	for _, chat := range b.Chats {
		s := newStage("deliver to "+chat.String(), 30*time.Second)
		deliverer := &bot.Deliverer{
			Store: b.Store, Sender: b.sender(chat), Chat: chat, Draw: b.report.Draw, Again: s.RetryIn, Log: b.log,
		}
		b.deliver = append(b.deliver, s.doing(deliverer.Step))
	}
	return b.deliver
}

// sender is the connection that reaches the chat.
func (a *App) sender(chat store.Chat) msg.Sender {
	for _, connection := range a.Connections {
		if connection.Platform() == chat.Platform {
			return connection
		}
	}
	return nil // chats are made of connections
}

func (b *builder) givingMemoryBack() *stage {
	b.memory.store, b.memory.table = b.Store, b.Table
	return newStage("memory", 5*time.Second).doing(b.memory.Step)
}

func (b *builder) packing() *stage {
	return newStage("pack", 30*time.Second).doing(func(ctx context.Context) error { return b.Store.Pack(ctx, time.Now()) })
}

func (b *builder) backingUp() *stage {
	backup := &store.Backup{Store: b.Store, Zone: b.Config.Timezone}
	return newStage("backup", 10*time.Minute).doing(backup.Step)
}

func (b *builder) lookingForTheDatabase() *stage {
	return newStage("database", time.Minute).doing(b.Store.Present)
}
