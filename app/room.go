package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// How a start waits for room: it is tried again when that many bytes are free, or after a while all the same, since a
// quota does not show in what is free.
const (
	startRoom = 1 << 20
	lookForIt = time.Second
	tryAnyway = time.Minute
)

// withRoom runs serve, and again for as long as it cannot start because the disk is full: a service manager would give
// up after a few tries. Serve is told since when there has been no room; zero: there is.
func withRoom(ctx context.Context, database string, log *slog.Logger, serve func(since time.Time) error) error {
	var since time.Time
	for {
		err := serve(since)
		if !store.NoRoom(err, database) || ctx.Err() != nil {
			return err
		}
		if since.IsZero() {
			since = time.Now()
			log.Error("the disk is full: the bot starts as soon as there is room",
				"directory", filepath.Dir(database), "error", err)
		}
		for begun := time.Now(); time.Since(begun) < tryAnyway; {
			// Where no service manager listens, nothing happens.
			_, _ = daemon.SdNotify(false, fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d\nSTATUS=%s",
				(10*lookForIt).Microseconds(), "The disk is full: waiting for room"))
			if !msg.Sleep(ctx, lookForIt) {
				return nil
			}
			if free, err := store.FreeSpace(filepath.Dir(database)); err == nil && free >= startRoom {
				break
			}
		}
	}
}
