package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/term"

	"friendlyfire/bot"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/terminal"
	"friendlyfire/config"
	"friendlyfire/store"
)

// start runs everything until ctx ends or a stage meets a damaged database, and returns when all of it has stopped. Its
// error is a *store.CorruptError or nil.
func (a *App) start(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	wg.Go(func() { a.keepNotified(ctx) })
	if a.port != nil {
		wg.Go(func() {
			if err := a.metrics.serve(ctx, a.port, a.log); err != nil {
				a.log.Error("metrics are not served any more", "error", err)
			}
		})
	}
	for _, s := range a.stages {
		s.step = a.stopOnCorruption(s.step, stop)
		wg.Go(func() { s.loop(ctx, a.log) })
	}
	watch := func(source config.Source, wake func()) {
		wg.Go(func() {
			if err := a.env.Watch(ctx, source.Path, wake); err != nil {
				a.log.Error("file is polled, not watched", "source", source.Name, "error", err)
			}
		})
	}
	groups := a.groups
	for i, source := range a.Config.Sources { // their readers are the first stages
		switch {
		case source.IsPattern():
			group := groups[0]
			groups = groups[1:]
			wg.Go(func() { a.watchPattern(ctx, group, a.stages[i].Wake) })
		case source.IsStream(): // it wakes the stage by itself
		case source.SFTP == nil && !IsSample(source):
			watch(source, a.stages[i].Wake)
		}
	}
	groups = a.loginGroups
	for i, l := range a.Config.Logins {
		switch {
		case l.IsPattern():
			group := groups[0]
			groups = groups[1:]
			wg.Go(func() { a.watchPattern(ctx, group, a.logins[i].Wake) })
		case l.SFTP == nil:
			watch(l.Source(), a.logins[i].Wake)
		}
	}
	listen := func(ctx context.Context, wg *sync.WaitGroup) { a.listen(ctx, stop, wg) }
	if a.voice != nil {
		wg.Go(func() { a.listenWhileSpeaking(ctx, listen) })
	} else {
		listen(ctx, &wg)
	}
	wg.Wait()
	a.giveUpVoice(ctx)
	if damage, ok := errors.AsType[*store.CorruptError](context.Cause(ctx)); ok {
		return damage
	}
	return nil
}

// listen hears commands on all platforms until ctx ends.
func (a *App) listen(ctx context.Context, stop context.CancelCauseFunc, wg *sync.WaitGroup) {
	for _, connection := range a.Connections {
		listener, hears := connection.(msg.Listener)
		if !hears {
			continue
		}
		wg.Go(func() {
			err := listener.Listen(ctx)
			if errors.Is(err, terminal.ErrQuit) {
				stop(nil)
				return
			}
			if err != nil && ctx.Err() == nil {
				a.log.Error("commands are not heard any more", "platform", connection.Platform(), "error", err)
			}
		})
	}
}

// once takes a step of every stage, over and over while bans are still waiting for the table or the registries.
func (a *App) once(ctx context.Context) error {
	for {
		var errs []error
		for _, s := range a.stages {
			if err := s.step(ctx); err != nil {
				errs = append(errs, err)
			}
		}
		for _, s := range a.deliver { // what waited for a picture
			errs = append(errs, s.step(ctx))
		}
		pending, err := a.announcer.Pending(ctx)
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

// Run is the bot: it runs until ctx ends or, with once, until nothing is due. The error is a *config.Error where the
// configuration is wrong.
func Run(ctx context.Context, once bool, env Env) error {
	c, err := env.Config().Load(config.ToRun)
	if err != nil {
		return err
	}
	if err := runnable(c, once); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(env.Err, nil))
	own := func(full time.Time) error {
		unlock, err := Lock(c.Database)
		if err != nil {
			return err
		}
		defer unlock()
		if err := store.CheckReserved(c.Database); err != nil {
			return err
		}
		return withRecovery(ctx, c.Database, log, func() error { return serve(ctx, c, once, env, log, full) })
	}
	if once {
		return own(time.Time{})
	}
	return withRoom(ctx, c.Database, log, own)
}

// serve is the bot from opening the database to closing it. full is since when the disk was full, until now; zero: it
// was not.
func serve(
	ctx context.Context, c *config.Config, once bool, env Env, log *slog.Logger, full time.Time,
) (err error) {
	a, err := Build(ctx, c, env, log, once)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.Store.Reserve(); err != nil {
		return err
	}
	defer func() {
		a.leaveClock(ctx)
		err = errors.Join(err, a.keepLost(ctx, err))
	}()
	if err := a.look(ctx); err != nil {
		return unlessStopped(ctx, err)
	}
	err = errors.Join(a.Store.Recover(ctx), bot.TellOfCorruption(ctx, a.Store, a.Chats, a.Words(), c.Alerts.MaxAge))
	if err != nil {
		return unlessStopped(ctx, err)
	}
	if a.onTerminal() && slices.ContainsFunc(c.Sources, IsSample) {
		fmt.Fprint(env.Out, sampleNote+"\n\n")
	}
	if !full.IsZero() {
		if err := a.health.WasFull(ctx, full, time.Now()); err != nil {
			return unlessStopped(ctx, err)
		}
	}
	if once {
		return a.once(ctx)
	}
	if a.port, err = listen(ctx, c); err != nil {
		return err
	}
	if a.onTerminal() && IsTerminal(env.Out) {
		fmt.Fprint(env.Out,
			"No chat platform is configured, so this terminal is the chat: type /help, or quit to stop.\n\n")
	}
	// The bot lives beside other programs for weeks: memory is dearer than a little time.
	debug.SetGCPercent(50)
	return a.start(ctx)
}

// unlessStopped returns err, or nil if the program was told to stop while it was starting: that is no failure.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// IsTerminal reports whether v is a file that is a terminal.
func IsTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // a descriptor fits
}

// Columns returns how wide the terminal v is, in characters; 0 if v is none.
func Columns(v any) int {
	f, ok := v.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd())) //nolint:gosec // a descriptor fits
	if err != nil {
		return 0
	}
	return columns
}
