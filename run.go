package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/term"

	"friendlyfire/bot"
	"friendlyfire/bot/discord"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/terminal"
	"friendlyfire/charts"
	"friendlyfire/enrich"
	"friendlyfire/ingest"
	"friendlyfire/store"
)

// world is the way to the outside. With both of its doors replaced the whole program runs by itself.
type world struct {
	dial  func(ctx context.Context, network, address string) (net.Conn, error) // opens connections; nil: each in its usual way
	watch func(ctx context.Context, path string, wake func()) error            // sees a file change
}

// client speaks HTTP through dial; nil where there is none.
func (w world) client() *http.Client {
	if w.dial == nil {
		return nil
	}
	return &http.Client{Transport: &http.Transport{
		DialContext: w.dial, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 20 * time.Second,
	}}
}

func theWorld() world { return world{watch: ingest.Watch} }

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

// wording is how the texts are set.
func wording(c *Config) bot.Words {
	w := bot.Words{Zone: c.Timezone, Zones: map[string]*time.Location{}, Friends: c.Friendly, Mask: c.Privacy.Mask}
	for _, s := range c.Sources {
		w.Zones[s.Name] = s.Timezone
	}
	return w
}

func reporter(c *Config, s *store.Store) (*bot.Reporter, error) {
	theme, err := charts.ThemeNamed(c.Report.Theme)
	return &bot.Reporter{Store: s, Words: wording(c), Theme: theme}, err
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
func build(ctx context.Context, c *Config, s streams, w world, log *slog.Logger, once bool) (p *program, err error) {
	p = &program{config: c, log: log, progress: newProgress(s.err)}
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
	report, err := reporter(c, p.store)
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
	if err := p.connect(s, w, answers, access); err != nil {
		return p, err
	}
	health.Chats, answers.Chats = p.chats, p.chats

	for _, source := range c.Sources {
		reader := p.reader(source, w)
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
		asker = p.whois(w)
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

// connect makes the platforms that are configured, and the terminal when none is.
func (p *program) connect(s streams, w world, answers *bot.Commands, access *bot.Access) error {
	c := p.config
	answer := func(ctx context.Context, r msg.Request) msg.Message {
		defer p.memory.mark()
		return answers.Answer(ctx, r)
	}
	add := func(pf connection, chats, users []string) {
		name := pf.Platform()
		p.platforms = append(p.platforms, pf)
		access.Chats[name], access.Users[name] = chats, users
		for _, id := range chats {
			p.chats = append(p.chats, store.Chat{Platform: name, ID: id})
		}
	}
	if len(c.Telegram.Chats) > 0 {
		t, err := telegram.New(c.Telegram.Token.Reveal(), c.Telegram.API, w.client())
		if err != nil {
			return err
		}
		t.Allowed, t.Answer, t.Commands, t.Store, t.Log = access.Allowed, answer, bot.CommandList(), p.store, p.log
		add(t, c.Telegram.Chats, c.Telegram.Users)
	}
	if len(c.Discord.Channels) > 0 {
		d, err := discord.New(c.Discord.Token.Reveal(), c.Discord.API, w.dial)
		if err != nil {
			return err
		}
		d.Allowed, d.Answer, d.Commands, d.Store, d.Log = access.Allowed, answer, bot.CommandList(), p.store, p.log
		d.Guild, d.Suggest = c.Discord.Guild, answers.Suggest
		add(d, c.Discord.Channels, c.Discord.Users)
	}
	if len(p.platforms) == 0 {
		add(&terminal.Terminal{
			In: s.in, Out: s.out, Styled: isTerminal(s.out), Picture: filepath.Join(filepath.Dir(c.Database), "report.png"), Answer: answer,
		}, []string{terminal.Chat}, []string{terminal.Chat})
	}
	return nil
}

func (p *program) sender(chat store.Chat) msg.Sender {
	for _, pf := range p.platforms {
		if pf.Platform() == chat.Platform {
			return pf
		}
	}
	return nil // chats are made of platforms
}

func (p *program) reader(c SourceConfig, w world) *ingest.Reader {
	var source ingest.Source = ingest.Local{Path: c.Path}
	if c.SFTP != nil {
		source = &ingest.SFTP{
			User: c.SFTP.User, Address: c.SFTP.Address, Path: c.SFTP.Path, KeyFile: c.KeyFile, KnownHosts: c.KnownHosts, Dial: w.dial,
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
func (p *program) whois(w world) *enrich.Whois {
	ask := &enrich.Whois{Store: p.store, Mirror: p.config.Enrich.WhoisServer, Next: func() {}}
	if p.config.Enrich.Whois {
		ask.Resolver = &enrich.Client{Dial: w.dial}
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

// start runs everything until ctx ends, or a stage meets a damaged database: that is its error. It returns when all of it
// has come to rest.
func (p *program) start(ctx context.Context, w world) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	wg.Go(func() { p.keepNotified(ctx) })
	if p.port != nil {
		wg.Go(func() {
			if err := p.metrics.serve(ctx, p.port, p.log); err != nil {
				p.log.Error("metrics are not served any more", "error", err)
			}
		})
	}
	for _, s := range p.stages {
		s.step = p.watched(s.step, stop)
		wg.Go(func() { s.loop(ctx, p.log) })
	}
	for i, source := range p.config.Sources { // the first stages are the readers, in this order
		if source.SFTP == nil {
			wg.Go(func() {
				if err := w.watch(ctx, source.Path, p.stages[i].poke); err != nil {
					p.log.Error("file is polled, not watched", "source", source.Name, "error", err)
				}
			})
		}
	}
	for _, pf := range p.platforms {
		wg.Go(func() {
			if err := pf.Listen(ctx); err != nil && ctx.Err() == nil {
				p.log.Error("commands are not heard any more", "platform", pf.Platform(), "error", err)
			}
		})
	}
	wg.Wait()
	if damage, ok := errors.AsType[*store.CorruptError](context.Cause(ctx)); ok {
		return damage
	}
	return nil
}

// once takes every stage's step, again while bans wait for whois within their patience.
func (p *program) once(ctx context.Context) error {
	for {
		var errs []error
		for _, s := range p.stages {
			if err := s.step(ctx); err != nil {
				errs = append(errs, err)
			}
		}
		pending, err := p.announcer.Pending(ctx)
		if err := errors.Join(append(errs, err)...); err != nil || !pending {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// runBot is the bot itself.
func runBot(ctx context.Context, file string, once bool, s streams, w world) error {
	c, err := Load(file)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(s.err, nil))
	unlock, err := lock(c.Database)
	if err != nil {
		return err
	}
	defer unlock()
	return mended(ctx, c.Database, log, func() error { return serve(ctx, c, once, s, w, log) })
}

// serve is the bot, from the database's opening to its closing.
func serve(ctx context.Context, c *Config, once bool, s streams, w world, log *slog.Logger) error {
	p, err := build(ctx, c, s, w, log, once)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	if err := errors.Join(p.store.Recover(ctx), bot.TellOfCorruption(ctx, p.store, p.chats, wording(c), c.Alerts.MaxAge)); err != nil {
		return errors.Join(unlessStopped(ctx, err), p.close())
	}
	if once {
		return errors.Join(p.once(ctx), p.close())
	}
	if p.port, err = listen(ctx, c); err != nil {
		return errors.Join(err, p.close())
	}
	if c.Terminal() && isTerminal(s.out) {
		fmt.Fprint(s.out, "No chat platform is configured, so this terminal is the chat: type /help, or Ctrl-C to stop.\n\n")
	}
	// It lives for weeks beside other programs: memory is dearer to it than a little time.
	debug.SetGCPercent(50)
	err = p.start(ctx, w)
	return errors.Join(err, p.rescue(ctx, err), p.close())
}

// unlessStopped is err, or nil where the program was told to stop while it started: that is no failure.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // a descriptor fits
}
