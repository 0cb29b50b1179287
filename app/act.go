package app

import (
	"context"
	"errors"
	"net"

	"github.com/coreos/go-systemd/v22/activation"

	"friendlyfire/act"
)

// ServeActs answers at the socket that the service manager has opened, until ctx ends or nobody has asked for a while.
func ServeActs(ctx context.Context, h *act.Helper) error {
	listeners, err := activation.Listeners()
	if err != nil {
		return err
	}
	if len(listeners) != 1 {
		return errors.New("the helper is started by its socket: systemctl enable --now friendlyfire-act.socket")
	}
	socket, ok := listeners[0].(*net.UnixListener)
	if !ok {
		return errors.New("the helper listens on a Unix socket only")
	}
	socket.SetUnlinkOnClose(false) // it is the service manager's
	defer socket.Close()           //nolint:errcheck // the service manager has it, too
	return h.Serve(ctx, socket)
}
