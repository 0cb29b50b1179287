package main

import (
	"context"
	"errors"
	"fmt"
	"friendlyfire/enrich"
)

// openOffline opens what commands need that only ask.
func openOffline(ctx context.Context, env Env) (p *program, err error) {
	c, err := LoadOffline(env)
	if err != nil {
		return nil, err
	}
	p = &program{env: env, config: c, progress: newProgress(env.Err)}
	if p.table, err = enrich.OpenTable(c.Enrich.Table); err == nil {
		if p.store, err = openStore(ctx, c); err == nil {
			return p, nil
		}
	}
	return nil, errors.Join(err, p.close())
}

// onAnother is the program on another database, that of c, with the same table. The caller closes its store.
func (p *program) onAnother(ctx context.Context, c *Config) (*program, error) {
	s, err := openStore(ctx, c)
	return &program{env: p.env, config: c, table: p.table, store: s, progress: newProgress(nil)}, err
}

// refresh reads and places what is new in the sources of this machine, unless a bot runs, which does so itself.
// What cannot be read is said and does no more harm.
func (p *program) refresh(ctx context.Context) {
	unlock, err := lock(p.config.Database)
	if err != nil {
		return
	}
	defer unlock()
	var errs []error
	for _, source := range p.config.Sources {
		if source.SFTP == nil {
			errs = append(errs, p.reader(source).Step(ctx))
		}
	}
	errs = append(errs, p.store.UseTable(ctx, p.table.Name()),
		(&enrich.Locator{Store: p.store, Table: p.table, Next: func() {}}).Step(ctx))
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(p.env.Err, "friendlyfire:", err)
	}
}
