package app

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// keepNotified tells the service manager that the program is ready, then at intervals that it is alive, and that it is
// stopping once ctx ends. It returns when ctx ends, or at once where no service manager listens.
func (a *App) keepNotified(ctx context.Context) {
	if listens, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		a.log.Error("the service manager cannot be told that all is ready", "error", err)
		return
	} else if !listens {
		return
	}
	defer daemon.SdNotify(false, daemon.SdNotifyStopping) //nolint:errcheck // it will see the end anyway

	timeout, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		a.log.Error("the service manager's watchdog is not fed", "error", err)
	}
	if timeout == 0 {
		<-ctx.Done()
		return
	}
	interval := timeout / 3
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := a.signalAlive(ctx, interval); err != nil && ctx.Err() == nil {
				a.log.Error("no sign of life to the service manager", "error", err)
			}
		}
	}
}

// signalAlive gives a sign of life if the database answers within that time. All stages share the one connection that
// writes: what blocks it for good blocks all alerts. Stages themselves have no time limit: whois may work on its
// backlog for days, and whatever uses the network has timeouts of its own.
func (a *App) signalAlive(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := a.Store.Ping(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	_, err := daemon.SdNotify(false, daemon.SdNotifyWatchdog)
	return err
}
