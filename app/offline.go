package app

import (
	"context"
	"errors"
	"fmt"

	"friendlyfire/config"
	"friendlyfire/enrich"
)

// OpenOffline opens the table and the database, which is all that commands without a chat need. The caller closes the
// App. The error is a *config.Error where the configuration is wrong.
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

// OnAnother returns an App on the database of c, with the table of a. The caller closes its Store alone.
func (a *App) OnAnother(ctx context.Context, c *config.Config) (*App, error) {
	s, err := OpenStore(ctx, c)
	return &App{env: a.env, Config: c, Table: a.Table, Store: s, progress: newProgress(nil)}, err
}

// Refresh reads what is new in this machine's sources and looks its addresses up in the table, unless a bot is running,
// which does so itself. What cannot be read is reported to env.Err; the rest is done all the same.
func (a *App) Refresh(ctx context.Context) {
	unlock, err := Lock(a.Config.Database)
	if err != nil {
		return
	}
	defer unlock()
	if a.Store.Reserve() != nil {
		return
	}
	defer a.Store.Release()
	var errs []error
	for _, source := range a.Config.Sources {
		switch {
		case source.SFTP != nil || source.IsStream():
		case source.IsPattern():
			errs = append(errs, a.Group(source).Step(ctx))
		default:
			errs = append(errs, a.Reader(source).Step(ctx))
		}
	}
	locator := enrich.Locator{Store: a.Store, Table: a.Table, Next: func() {}}
	errs = append(errs, locator.Step(ctx))
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(a.env.Err, "friendlyfire:", err)
	}
}
