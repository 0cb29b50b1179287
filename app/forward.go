package app

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"friendlyfire/config"
	"friendlyfire/store"
	"friendlyfire/stream"
)

// Forward is the agent of a fleet: it reads the sources and publishes what is new, until ctx ends. It has no chats. The
// error is a *config.Error where the configuration is wrong.
func Forward(ctx context.Context, env Env) error {
	c, err := env.Config().Load(config.ToForward)
	if err != nil {
		return err
	}
	if err := forwardable(c); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(env.Err, nil))
	unlock, err := Lock(c.Database)
	if err != nil {
		return err
	}
	defer unlock()
	if err := store.CheckReserved(c.Database); err != nil {
		return err
	}
	return withRecovery(ctx, c.Database, log, func() error { return forward(ctx, c, env, log) })
}

// forwardable returns what keeps the sources from being forwarded, as a *config.Error.
func forwardable(c *config.Config) error {
	var mistakes []config.Mistake
	if c.Fleet.NATS == "" {
		mistakes = append(mistakes, config.Mistake{
			File: c.File, Key: "fleet.nats", Text: "is missing: the servers to which this agent publishes",
		})
	}
	for _, s := range c.Sources {
		if s.IsStream() {
			mistakes = append(mistakes, config.Mistake{
				File: c.File, Key: "source", Text: s.Name + " is a stream, and what is forwarded is files",
			})
		}
	}
	if mistakes != nil {
		return &config.Error{Mistakes: mistakes}
	}
	return nil
}

// OpenAgent opens what an agent has: the database and, once it publishes, connections. The caller closes it.
func OpenAgent(ctx context.Context, c *config.Config, env Env, log *slog.Logger) (a *App, err error) {
	files := *c
	files.Logins = nil // who logged in stays here
	a = &App{env: env, Config: &files, log: log, progress: newProgress(env.Err), started: time.Now(), forwards: true}
	a.Store, err = OpenStore(ctx, c)
	return a, err
}

// forward is the agent from opening the database to closing it.
func forward(ctx context.Context, c *config.Config, env Env, log *slog.Logger) (err error) {
	a, err := OpenAgent(ctx, c, env, log)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.Store.Reserve(); err != nil {
		return err
	}
	if a.clock, err = a.Store.OpenClock(ctx, false); err != nil {
		return unlessStopped(ctx, err)
	}
	defer func() {
		a.leaveClock(ctx)
		err = errors.Join(err, a.keepLost(ctx, err))
	}()
	publisher := a.Publisher()
	defer publisher.Close()
	b := &builder{App: a}
	publish := newStage("publish", 15*time.Second)
	publisher.Again = publish.RetryIn
	for _, source := range c.Sources {
		b.tellOfKnownHosts(source)
		if source.IsPattern() {
			a.stages = append(a.stages, b.readPattern(source, publish.Wake))
			continue
		}
		reader := a.Reader(source)
		reader.Next = publish.Wake
		a.stages = append(a.stages, newStage("read "+source.Name, source.Every).doing(reader.Step))
	}
	a.stages = append(a.stages, publish.doing(publisher.Step), b.purgeOldBans(), b.returnMemory(), b.watchDatabase())
	debug.SetGCPercent(50)
	return a.start(ctx)
}

// Publisher returns what publishes what an agent has read. The caller closes it.
func (a *App) Publisher() *stream.Publisher {
	f := a.Config.Fleet
	return &stream.Publisher{
		Store: a.Store, Cluster: a.cluster(f.NATS, f.Credentials, f.CA), Servers: a.serverNames,
	}
}

// serverNames returns the names of the servers whose files this agent finds.
func (a *App) serverNames(ctx context.Context) (names []string) {
	sources, err := a.Sources(ctx)
	if err != nil {
		a.log.Warn("of the servers of a pattern nobody is told that this agent runs", "error", err)
	}
	for _, s := range sources {
		names = append(names, s.Name)
	}
	return names
}
