package app

import (
	"context"
	"log/slog"
	"os"
	"time"

	"friendlyfire/store"
)

// withRecovery runs serve, and runs it again whenever the database was found damaged and has been mended. Damage that
// comes back within a minute is returned as an error: the disk may be failing.
func withRecovery(ctx context.Context, database string, log *slog.Logger, serve func() error) error {
	for last := (time.Time{}); ; {
		err := unlessStopped(ctx, store.Check(ctx, database))
		if err == nil {
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
		restored, err := store.Restore(ctx, database, damage.Reason, last)
		if err != nil {
			return err
		}
		log.Info("the database is mended", "database", database, "kept as", restored.Aside)
	}
}

// rescue keeps the content of the open database if err says that its file is lost. Other errors are none of its
// business.
func (a *App) rescue(ctx context.Context, err error) error {
	if damage := store.Corruption(a.Config.Database, err); damage != nil && damage.Lost {
		return a.Store.Rescue(context.WithoutCancel(ctx), damage.Reason, time.Now())
	}
	return nil
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
