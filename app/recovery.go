package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"friendlyfire/store"
)

// withRecovery runs serve, and runs it again whenever the database was found damaged and has been mended. Damage that
// comes back within a minute is returned as an error: the disk may be failing. Damage that is found when the program is
// told to stop is mended before it does.
func withRecovery(ctx context.Context, database string, log *slog.Logger, serve func() error) error {
	for last := (time.Time{}); ; {
		err := unlessStopped(ctx, store.Check(ctx, database))
		if err == nil && ctx.Err() == nil {
			err = serve()
		}
		damage := store.Corruption(database, err)
		if damage == nil || time.Since(last) < time.Minute {
			return err
		}
		last = time.Now()
		log.Error("the database is damaged", "database", database, "it", damage.Reason, "error", err)
		if _, err := os.Lstat(database); damage.Lost && err == nil {
			continue // the database was rescued, or somebody has put another one there
		}
		restored, err := store.Restore(context.WithoutCancel(ctx), database, damage.Reason, last)
		if err != nil {
			return err
		}
		log.Info("the database is mended", "database", database, "kept as", restored.Aside)
	}
}

// keepLost looks at the open database for a last time. If its file was deleted or replaced, as err says or as is found
// only now, it keeps the content; the error that it returns is then, or for other damage, a *store.CorruptError.
func (a *App) keepLost(ctx context.Context, err error) error {
	ctx = context.WithoutCancel(ctx)
	var found error
	damage := store.Corruption(a.Config.Database, err)
	if damage == nil {
		found = a.Store.Present(ctx)
		damage = store.Corruption(a.Config.Database, found)
	}
	if damage != nil && damage.Lost {
		return errors.Join(found, a.Store.Rescue(ctx, damage.Reason, time.Now()))
	}
	return found
}

// stopOnCorruption returns a step that takes the given one and calls stop if that has met a damaged database.
func (a *App) stopOnCorruption(
	step func(context.Context) error, stop context.CancelCauseFunc,
) func(context.Context) error {
	return func(ctx context.Context) error {
		err := step(ctx)
		if damage := store.Corruption(a.Config.Database, err); damage != nil {
			stop(damage)
		}
		return err
	}
}
