package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/term"

	"friendlyfire/bot"
	"friendlyfire/store"
)

// start runs everything until ctx ends, or a stage meets a damaged database: that is its error. It returns when all of it
// has come to rest.
func (p *program) start(ctx context.Context) error {
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
				if err := p.env.Watch(ctx, source.Path, p.stages[i].poke); err != nil {
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
func runBot(ctx context.Context, once bool, env Env) error {
	c, err := Load(env)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(env.Err, nil))
	unlock, err := lock(c.Database)
	if err != nil {
		return err
	}
	defer unlock()
	return mended(ctx, c.Database, log, func() error { return serve(ctx, c, once, env, log) })
}

// serve is the bot, from the database's opening to its closing.
func serve(ctx context.Context, c *Config, once bool, env Env, log *slog.Logger) error {
	p, err := build(ctx, c, env, log, once)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	if err := errors.Join(p.store.Recover(ctx), bot.TellOfCorruption(ctx, p.store, p.chats, p.words(), c.Alerts.MaxAge)); err != nil {
		return errors.Join(unlessStopped(ctx, err), p.close())
	}
	if once {
		return errors.Join(p.once(ctx), p.close())
	}
	if p.port, err = listen(ctx, c); err != nil {
		return errors.Join(err, p.close())
	}
	if c.Terminal() && isTerminal(env.Out) {
		fmt.Fprint(env.Out, "No chat platform is configured, so this terminal is the chat: type /help, or Ctrl-C to stop.\n\n")
	}
	// It lives for weeks beside other programs: memory is dearer to it than a little time.
	debug.SetGCPercent(50)
	err = p.start(ctx)
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
