package app

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// keepNotified tells the service manager that the program is ready, from time to time that it is alive, and at the end
// of ctx that it stops. It returns with ctx, and at once where no service manager listens.
func (a *App) keepNotified(ctx context.Context) {
	if listens, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		a.log.Error("the service manager cannot be told that all is ready", "error", err)
		return
	} else if !listens {
		return
	}
	defer daemon.SdNotify(false, daemon.SdNotifyStopping) //nolint:errcheck // it sees the end by itself

	patience, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		a.log.Error("the service manager's watchdog is not fed", "error", err)
	}
	if patience == 0 {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(patience / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := a.alive(ctx, patience/3); err != nil && ctx.Err() == nil {
				a.log.Error("no sign of life to the service manager", "error", err)
			}
		}
	}
}

// alive gives a sign of life if the database answers within so long. Every stage lives of the one connection that
// writes; whatever holds it up for good holds up all alerts. Stages have no limit of their own: whois may work on its
// backlog for days, and what goes out to the network ends by itself.
func (a *App) alive(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := a.Store.Ping(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	_, err := daemon.SdNotify(false, daemon.SdNotifyWatchdog)
	return err
}
