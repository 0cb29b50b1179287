package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/coreos/go-systemd/v22/activation"

	"friendlyfire/act"
	"friendlyfire/bot"
	"friendlyfire/config"
)

// Acting returns what may be done about bans, and by which helpers; nil where the configuration names none.
func (a *App) Acting() *bot.Acting {
	servers := map[string]bot.FailServer{}
	for _, source := range a.Config.Sources {
		if source.Act == config.ActLocal {
			servers[source.Name] = act.Socket{Path: a.Config.Act.Socket}
		}
	}
	if len(servers) == 0 {
		return nil
	}
	return &bot.Acting{
		Store: a.Store, Words: a.Words(), Servers: servers, Users: a.Config.Act.Users, Chats: a.Chats,
		Log:  cmp.Or(a.log, slog.New(slog.DiscardHandler)),
		Wake: func(string) {}, Next: func() {},
	}
}

// act makes a stage for each source on which somebody can act: one that does not answer keeps no other waiting.
func (b *builder) act() (all []*stage) {
	if b.acting == nil {
		return nil
	}
	stages := map[string]*stage{}
	for name := range b.acting.Servers {
		s := newStage("act on "+name, 30*time.Second)
		stages[name] = s.doing(func(ctx context.Context) error { return b.acting.Step(ctx, name) })
		all = append(all, s)
	}
	b.acting.Chats = b.Chats
	b.acting.Wake = func(source string) {
		if s := stages[source]; s != nil {
			s.Wake()
		}
	}
	b.acting.Next = func() { b.announce.Wake(); b.wakeDelivery() }
	return all
}

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
