package main

import (
	"context"
	"errors"
	"friendlyfire/bot"
	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/enrich"
	"friendlyfire/ingest"
	"friendlyfire/store"
	"log/slog"
	"net"
	"os"
	"time"
)

// connection is a platform to chat on.
type connection interface {
	msg.Sender
	// Listen hears commands until ctx ends.
	Listen(ctx context.Context) error
	// Me says as whom the platform knows the bot.
	Me(ctx context.Context) (name string, err error)
	// CanPost says what a chat is called, or why the bot cannot post there.
	CanPost(ctx context.Context, chat string) (title string, err error)
}

// program is everything, built and not yet started.
type program struct {
	env       Env
	config    *Config
	log       *slog.Logger
	store     *store.Store
	table     *enrich.Table
	platforms []connection
	chats     []store.Chat
	stages    []*stage
	announcer *bot.Announcer
	metrics   *metrics     // nil: nobody asks
	port      net.Listener // where metrics are asked for; nil: nowhere
	progress  *progress
	memory    memory
}

// words are how the texts are set.
func (p *program) words() bot.Words {
	c := p.config
	w := bot.Words{Zone: c.Timezone, Zones: map[string]*time.Location{}, Friends: c.Friendly, Mask: c.Privacy.Mask}
	for _, s := range c.Sources {
		w.Zones[s.Name] = s.Timezone
	}
	return w
}

// reporter counts and draws what the database holds.
func (p *program) reporter() (*bot.Reporter, error) {
	theme, err := charts.ThemeNamed(p.config.Report.Theme)
	return &bot.Reporter{Store: p.store, Words: p.words(), Theme: theme}, err
}

// openStore opens the database and tells it who is friendly.
func openStore(ctx context.Context, c *Config) (*store.Store, error) {
	_, missing := os.Stat(c.Database)
	s, err := store.Open(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	if missing != nil {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			ownedLikeDirectory(c.Database + suffix)
		}
	}
	if err := s.SetFriends(ctx, c.Friendly); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// build makes every part and starts none. once leaves whois questions of history for another time.
func build(ctx context.Context, c *Config, env Env, log *slog.Logger, once bool) (p *program, err error) {
	p = &program{env: env, config: c, log: log, progress: newProgress(env.Err)}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.table, err = enrich.OpenTable(c.Enrich.Table); err != nil {
		return p, err
	}
	if p.store, err = openStore(ctx, c); err != nil {
		return p, err
	}
	if err := p.store.UseTable(ctx, p.table.Name()); err != nil {
		return p, err
	}
	report, err := p.reporter()
	if err != nil {
		return p, err
	}

	locate, whois, announce := newStage("locate", time.Minute), newStage("whois", time.Second), newStage("announce", 30*time.Second)
	var deliver []*stage
	delivered := func() {
		for _, d := range deliver {
			d.poke()
		}
	}
	health := &bot.Health{
		Store: p.store, Words: report.Words, Whois: c.Enrich.Whois, Free: free(c.Database), Started: time.Now(), Next: delivered,
	}
	answers := &bot.Commands{Store: p.store, Reporter: report, Health: health, Log: log}
	access := &bot.Access{Store: p.store, Chats: map[string][]string{}, Users: map[string][]string{}, Log: log}
	if err := p.connect(answers, access); err != nil {
		return p, err
	}
	health.Chats, answers.Chats = p.chats, p.chats

	for _, source := range c.Sources {
		reader := p.reader(source)
		reader.Next = func() { locate.poke(); announce.poke() }
		read := newStage("read "+source.Name, source.Every)
		read.step = reader.Step
		p.stages = append(p.stages, read)
		health.Sources = append(health.Sources, bot.Watched{Name: source.Name, SilentAfter: source.SilentAfter})
	}

	locate.step = (&enrich.Locator{Store: p.store, Table: p.table, Next: func() { whois.poke(); announce.poke() }}).Step
	p.stages = append(p.stages, locate)
	patience := time.Duration(0)
	var asker *enrich.Whois
	if c.Enrich.Whois {
		asker = p.whois()
		asker.NewsOnly, asker.Next = once, announce.poke
		whois.step, answers.Whois = asker.Step, asker.Status
		patience = c.Enrich.Patience
		p.stages = append(p.stages, whois)
	}
	p.announcer = &bot.Announcer{
		Store: p.store, Chats: p.chats, Words: report.Words, Patience: patience, MaxAge: c.Alerts.MaxAge, Next: delivered, Again: announce.again,
	}
	announce.step = p.announcer.Step
	p.stages = append(p.stages, announce)
	if c.Digest.At != nil {
		digest := newStage("digest", 20*time.Second)
		digest.step = (&bot.Digester{
			Store: p.store, Chats: p.chats, Reporter: report, Hour: c.Digest.At.Hour, Minute: c.Digest.At.Minute, Health: health, Next: delivered,
		}).Step
		p.stages = append(p.stages, digest)
	}
	watch := newStage("health", 20*time.Second)
	watch.step = health.Step
	p.stages = append(p.stages, watch)
	purge := newStage("purge", time.Hour)
	purge.step = func(ctx context.Context) error {
		_, err := p.purge(ctx)
		return err
	}
	p.stages = append(p.stages, purge)
	for _, chat := range p.chats {
		d := newStage("deliver to "+chat.String(), 30*time.Second)
		d.step = (&bot.Deliverer{Store: p.store, Sender: p.sender(chat), Chat: chat, Draw: report.Draw, Again: d.again, Log: log}).Step
		deliver = append(deliver, d)
	}
	p.stages = append(p.stages, deliver...)
	rest := newStage("memory", 5*time.Second)
	p.memory.store, p.memory.table, rest.step = p.store, p.table, p.memory.Step
	p.stages = append(p.stages, rest)
	pack, backup, present := newStage("pack", 30*time.Second), newStage("backup", 10*time.Minute), newStage("database", time.Minute)
	pack.step = func(ctx context.Context) error { return p.store.Pack(ctx, time.Now()) }
	backup.step, present.step = (&store.Backup{Store: p.store, Zone: c.Timezone}).Step, p.store.Present
	p.stages = append(p.stages, pack, backup, present)
	for _, s := range p.stages {
		s.step = health.Watch(s.step)
	}
	if c.Metrics.Listen != "" {
		p.metrics, err = newMetrics(ctx, p, asker)
	}
	return p, err
}

func (p *program) sender(chat store.Chat) msg.Sender {
	for _, pf := range p.platforms {
		if pf.Platform() == chat.Platform {
			return pf
		}
	}
	return nil // chats are made of platforms
}

func (p *program) reader(c SourceConfig) *ingest.Reader {
	var source ingest.Source = ingest.Local{Path: c.Path}
	if c.SFTP != nil {
		source = &ingest.SFTP{
			User: c.SFTP.User, Address: c.SFTP.Address, Path: c.SFTP.Path, KeyFile: c.KeyFile, KnownHosts: c.KnownHosts, Dial: p.env.Dial,
		}
	}
	return &ingest.Reader{
		Store: p.store, Name: c.Name, Source: source, Format: c.Format, Zone: c.Timezone,
		MaxAge: p.config.Alerts.MaxAge, Place: p.table.Place, Next: func() {},
		Progress: func(at ingest.Progress) {
			if at.Bans > 10_000 {
				p.memory.mark()
			}
			p.progress.show(at)
		},
	}
}

// whois asks the registries, or nobody if the configuration says so.
func (p *program) whois() *enrich.Whois {
	ask := &enrich.Whois{Store: p.store, Mirror: p.config.Enrich.WhoisServer, Next: func() {}}
	if p.config.Enrich.Whois {
		ask.Resolver = &enrich.Client{Dial: p.env.Dial}
	}
	return ask
}

func (p *program) close() error {
	var errs []error
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	if p.table != nil {
		errs = append(errs, p.table.Close())
	}
	return errors.Join(errs...)
}

// purge forgets what is older than the configuration allows.
func (p *program) purge(ctx context.Context) (store.Purged, error) {
	before := time.Now().AddDate(0, 0, -p.config.Privacy.KeepDays)
	gone, err := p.store.Purge(ctx, before)
	return gone, errors.Join(err, store.PurgeCopies(ctx, p.config.Database, before))
}
