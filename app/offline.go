package app

import (
	"context"
	"errors"
	"fmt"

	"friendlyfire/config"
	"friendlyfire/enrich"
)

// OpenOffline opens what is needed by commands that only ask the database.
func OpenOffline(ctx context.Context, env Env) (a *App, err error) {
	c, err := env.Config().Load(config.ToAsk)
	if err != nil {
		return nil, err
	}
	a = &App{env: env, Config: c, progress: newProgress(env.Err)}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// OnAnother is the program on another database, that of c, with the same table. The caller closes its store.
func (a *App) OnAnother(ctx context.Context, c *config.Config) (*App, error) {
	s, err := OpenStore(ctx, c)
	return &App{env: a.env, Config: c, Table: a.Table, Store: s, progress: newProgress(nil)}, err
}

// Refresh reads and places what is new in the sources of this machine, unless a bot runs, which does so itself.
// What cannot be read is reported, and does no more harm.
func (a *App) Refresh(ctx context.Context) {
	unlock, err := Lock(a.Config.Database)
	if err != nil {
		return
	}
	defer unlock()
	var errs []error
	for _, source := range a.Config.Sources {
		if source.SFTP == nil {
			errs = append(errs, a.Reader(source).Step(ctx))
		}
	}
	errs = append(errs, a.Store.UseTable(ctx, a.Table.Name()),
		(&enrich.Locator{Store: a.Store, Table: a.Table, Next: func() {}}).Step(ctx))
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(a.env.Err, "friendlyfire:", err)
	}
}
