package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// AstrayError reports that a command would delete by a clock that is far ahead of the time when the bot last ran.
type AstrayError struct{ Ahead time.Duration }

func (e *AstrayError) Error() string {
	const day = 24 * time.Hour
	return fmt.Sprintf("the clock says %s, which is %d days after the bot last ran", msg.Stamp(time.Now(), time.Time{}),
		int64(e.Ahead/day))
}

// Purge forgets whatever is older than the configuration allows, in the database and in its copies. Unless the caller
// trusts the clock, it returns an *AstrayError where the bot has not run for more than a day by it.
func (a *App) Purge(ctx context.Context, trust bool) (store.Purged, error) {
	clock, err := a.Store.OpenClock(ctx, false)
	if err != nil {
		return store.Purged{}, err
	}
	if ahead := clock.Off(time.Now()); ahead > 0 && store.Astray(ahead) && !trust {
		return store.Purged{}, &AstrayError{ahead}
	}
	return a.purge(ctx)
}

func (a *App) purge(ctx context.Context) (store.Purged, error) {
	before := time.Now().AddDate(0, 0, -a.Config.Privacy.KeepDays)
	purged, err := a.Store.Purge(ctx, before)
	return purged, errors.Join(err, store.PurgeCopies(ctx, a.Config.Database, before))
}

// look looks at the clock.
func (a *App) look(ctx context.Context) error {
	now := time.Now()
	return a.clock.Look(ctx, now.Round(0), now.Sub(a.started))
}

// leaveClock notes how far the clock has come, for the next start.
func (a *App) leaveClock(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	if err := errors.Join(a.look(ctx), a.clock.Save(ctx)); err != nil {
		a.log.Error("the next start will not know when this one ended", "error", err)
	}
}
