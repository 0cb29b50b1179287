package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"friendlyfire/bot"
	"friendlyfire/bot/msg"
	"friendlyfire/config"
	"friendlyfire/enrich"
	"friendlyfire/ingest"
	"friendlyfire/store"
)

// Build opens the database and makes every part of the daemon, but starts none. With once, the registries are asked
// about bans that are news and not about the backlog; about the sample alone they are never asked. The caller closes
// the App; after an error it is closed already.
func Build(ctx context.Context, c *config.Config, env Env, log *slog.Logger, once bool) (a *App, err error) {
	if sampleOnly(c) {
		offline := *c
		offline.Enrich.Whois = false
		c = &offline
	}
	a = &App{env: env, Config: c, log: log, progress: newProgress(env.Err), started: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := a.open(ctx); err != nil {
		return a, err
	}
	if err := a.Store.UseTable(ctx, a.Table.ID()); err != nil {
		return a, err
	}
	if a.clock, err = a.Store.OpenClock(ctx, a.hasRemote()); err != nil {
		return a, err
	}
	report, err := a.Reporter()
	if err != nil {
		return a, err
	}
	if !once {
		if err := a.share(ctx); err != nil {
			return a, err
		}
	}
	b := newBuilder(a, report, once)
	if err := a.connect(b.commands); err != nil {
		return a, err
	}
	a.stages = b.stages()
	if c.Metrics.Listen != "" {
		a.metrics, err = newMetrics(ctx, a, b.registries)
	}
	return a, err
}

// builder makes the stages, and connects each to the ones that it makes work for.
type builder struct {
	*App
	once       bool
	report     *bot.Reporter
	commands   *bot.Commands
	acting     *bot.Acting   // nil: nobody can act
	registries *enrich.Whois // nil: the registries are not asked

	// Stages that others wake.
	locate, whois, announce, tune *stage
}

func newBuilder(a *App, report *bot.Reporter, once bool) *builder {
	b := &builder{
		App: a, once: once, report: report,
		locate:   newStage("locate", 5*time.Second),
		whois:    newStage("whois", time.Second),
		announce: newStage("announce", 30*time.Second),
		tune:     newStage("tune", time.Hour),
	}
	b.health = &bot.Health{
		Store: a.Store, Words: report.Words, Whois: a.Config.Enrich.Whois, Free: a.FreeSpace, Started: a.started,
		Clock: a.clock, Once: once, Next: b.wakeDelivery, Log: a.log,
	}
	b.acting = a.Acting()
	b.App.acting = b.acting
	b.health.Voice = a.speaks()
	b.commands = &bot.Commands{Store: a.Store, Reporter: report, Health: b.health, Acting: b.acting, Log: a.log}
	return b
}

// stages returns all stages, in the order in which a ban goes through them. The health checks watch each of them.
func (b *builder) stages() []*stage {
	b.health.Chats, b.commands.Chats, b.commands.Sender = b.Chats, b.Chats, b.sender
	all := slices.Concat(
		b.readSources(),
		b.readLogins(),
		[]*stage{
			b.locateAddresses(),
			b.askRegistries(),
			b.announceBans(),
			b.whileSpeaking(b.postDigest(), nil),
			b.whileSpeaking(b.checkHealth(), b.health.StandBy),
			b.purgeOldBans(),
			b.answerTune(),
		},
		b.deliverNotices(),
		b.act(),
		[]*stage{
			b.checkFriends(),
			b.returnMemory(),
			b.packCounts(),
			b.backUp(),
			b.watchDatabase(),
		},
		b.shareStages(),
	)
	all = slices.DeleteFunc(all, func(s *stage) bool { return s == nil }) // the configuration leaves it out
	for _, s := range all {
		s.step = b.health.Watch(s.step)
	}
	return all
}

func (b *builder) wakeDelivery() {
	for _, s := range b.deliver {
		s.Wake()
	}
}

func (b *builder) readSources() (all []*stage) {
	var early []*stage // behind those of the sources
	next := func() { b.locate.Wake(); b.announce.Wake(); b.whois.Wake() }
	b.health.Found, b.health.Patterns = b.found, b.patterns
	for _, source := range b.Config.Sources {
		b.tellOfKnownHosts(source)
		if source.IsPattern() {
			all = append(all, b.readPattern(source, next))
			continue
		}
		if source.IsStream() {
			s, e := b.readStream(source, next)
			all, early = append(all, s), append(early, e)
			continue
		}
		reader := b.Reader(source)
		reader.Next = next
		all = append(all, newStage("read "+source.Name, source.Every).doing(b.offeringHistory(source, reader.Step)))
		b.health.Sources = append(b.health.Sources, bot.Watched{Name: source.Name, SilentAfter: source.SilentAfter})
	}
	return append(all, early...)
}

func (b *builder) readLogins() []*stage {
	b.health.FoundLogins = b.foundLogins
	for _, l := range b.Config.Logins {
		source := l.Source()
		b.tellOfKnownHosts(source)
		if l.IsPattern() {
			b.logins = append(b.logins, b.readLoginPattern(l, b.announce.Wake))
			continue
		}
		reader := b.LoginReader(l)
		reader.Next = b.announce.Wake
		b.logins = append(b.logins, newStage("read logins of "+l.Name, source.Every).doing(reader.Step))
		b.health.Logins = append(b.health.Logins, l.Name)
	}
	return b.logins
}

// tellOfKnownHosts logs the lines of the source's known_hosts that cannot be read. Only they count for nothing.
func (b *builder) tellOfKnownHosts(c config.Source) {
	if c.SFTP == nil {
		return
	}
	if bad, err := ingest.BadKnownHosts(c.KnownHosts); err == nil && len(bad) > 0 {
		b.log.Warn("known_hosts has lines that cannot be read", "source", c.Name, "file", c.KnownHosts, "lines", bad)
	}
}

// offeringHistory returns step, which reads the source, and the first time that it does says what it left unread.
func (b *builder) offeringHistory(c config.Source, step func(context.Context) error) func(context.Context) error {
	looked := false
	return func(ctx context.Context) error {
		if looked {
			return step(ctx)
		}
		cursor, err := b.Store.Cursor(ctx, c.Name)
		if err != nil {
			return err
		}
		if err := step(ctx); err != nil {
			return err
		}
		looked = true
		if cursor.Offset > 0 {
			return nil
		}
		finding, command, err := b.Unread(ctx, c)
		if finding != "" {
			b.log.Info(finding, "source", c.Name, "import", command)
		}
		return err
	}
}

func (b *builder) locateAddresses() *stage {
	locator := enrich.Locator{Store: b.Store, Table: b.Table, Watch: true, Next: func() { b.whois.Wake(); b.announce.Wake() }}
	return b.locate.doing(locator.Step)
}

func (b *builder) askRegistries() *stage {
	if !b.Config.Enrich.Whois {
		return nil
	}
	b.registries = b.Whois()
	b.registries.NewsOnly, b.registries.Next, b.registries.News = b.once, b.announce.Wake, b.whois.woken
	return b.whois.doing(b.registries.Step)
}

func (b *builder) announceBans() *stage {
	b.announcer = &bot.Announcer{
		Store: b.Store, Chats: b.Chats, Words: b.report.Words, Judge: b.report.Judge, MaxAge: b.Config.Alerts.MaxAge,
		Next: func() { b.wakeDelivery(); b.whois.Wake() }, Again: b.announce.RetryIn,
		Acting: b.acting, Voice: b.speaks(),
		InPlace: func(chat store.Chat) bool { _, ok := b.sender(chat).(msg.Editor); return ok },
	}
	if b.Config.Enrich.Whois {
		b.announcer.Patience = b.Config.Enrich.Patience
	}
	return b.announce.doing(b.announcer.Step)
}

func (b *builder) postDigest() *stage {
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

func (b *builder) checkHealth() *stage {
	return newStage("health", 20*time.Second).doing(b.health.Step)
}

func (b *builder) purgeOldBans() *stage {
	s := newStage("purge", time.Hour)
	return s.doing(func(ctx context.Context) error {
		if err := b.look(ctx); err != nil {
			return err
		}
		if !b.clock.Confirmed() {
			s.RetryIn(time.Minute)
			return nil
		}
		_, err := b.purge(ctx)
		return err
	})
}

// answerTune reads logs for /tune, apart from everything else.
func (b *builder) answerTune() *stage {
	b.commands.Tuner = &bot.Tuner{
		Read: func(ctx context.Context, q bot.TuneQuestion) ([]bot.Tuned, error) {
			defer b.memory.Touch()
			sources, err := b.Sources(ctx)
			if err != nil {
				return nil, err
			}
			return b.Tune(ctx, sources, q)
		},
		Reporter: b.report, Sender: b.sender, Wake: b.tune.Wake, Log: b.log,
	}
	return b.tune.doing(b.commands.Tuner.Step)
}

func (b *builder) deliverNotices() []*stage {
	for _, chat := range b.Chats {
		_, hears := b.sender(chat).(msg.Listener)
		words := newStage("deliver to "+chat.String(), 30*time.Second)
		pictures := newStage("deliver pictures to "+chat.String(), 30*time.Second)
		for _, s := range []*stage{words, pictures} {
			deliverer := &bot.Deliverer{
				Store: b.Store, Words: b.report.Words, Sender: b.sender(chat), Chat: chat, Pictures: s == pictures, Deaf: !hears,
				Draw: b.report.For(chat.Platform).Draw, Quiet: b.quiet(), Acting: b.acting,
				Voice: b.speaks(), Again: s.RetryIn, Next: words.Wake, Log: b.log,
			}
			if s == words {
				deliverer.Next = pictures.Wake
			}
			b.deliver = append(b.deliver, b.whileSpeaking(s.doing(deliverer.Step), nil))
		}
	}
	return b.deliver
}

// quiet is when only alerts are sent, nil for never.
func (b *builder) quiet() *bot.Quiet {
	hours := b.Config.Alerts.Quiet
	if hours == nil {
		return nil
	}
	return &bot.Quiet{From: hours.From.SinceMidnight(), To: hours.To.SinceMidnight(), Zone: b.Config.Timezone}
}

func (b *builder) returnMemory() *stage {
	b.memory.store, b.memory.table = b.Store, b.Table
	return newStage("memory", 5*time.Second).doing(b.memory.Step)
}

func (b *builder) packCounts() *stage {
	return newStage("pack", 30*time.Second).doing(func(ctx context.Context) error {
		return b.Store.Pack(ctx, time.Now())
	})
}

func (b *builder) backUp() *stage {
	backup := &store.Backup{Store: b.Store, Clock: b.clock, Zone: b.Config.Timezone}
	return newStage("backup", 10*time.Minute).doing(backup.Step)
}

func (b *builder) watchDatabase() *stage {
	return newStage("database", time.Minute).doing(b.Store.Present)
}
