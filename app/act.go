package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/pquerna/otp/hotp"

	"friendlyfire/act"
	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/ingest"
	"friendlyfire/store"
)

// Acting returns what may be done about bans, and by which helpers; nil where the configuration names none.
func (a *App) Acting() *bot.Acting {
	servers := map[string]bot.FailServer{}
	remote := map[config.SSHAccount]bot.FailServer{} // one for the sources of one machine
	for _, source := range a.Config.Sources {
		switch account := source.ActAccount; {
		case account != nil:
			if remote[*account] == nil {
				remote[*account] = remoteHelper{&ingest.Remote{
					User: account.User, Address: account.Address, KeyFile: source.ActKeyFile, KnownHosts: source.KnownHosts,
					Dial: a.env.Dial,
				}}
			}
			servers[source.Name] = remote[*account]
		case source.Act == config.ActLocal:
			servers[source.Name] = act.Socket{Path: a.Config.Act.Socket}
		}
	}
	if len(servers) == 0 {
		return nil
	}
	var code func(uint64) (string, error)
	if secret := a.Config.Act.TOTP; !secret.Empty() {
		code = func(period uint64) (string, error) { return hotp.GenerateCode(secret.Reveal(), period) }
	}
	return &bot.Acting{
		Code:  code,
		Store: a.Store, Words: a.Words(), Servers: servers, Users: a.Config.Act.Users, Chats: a.Chats,
		Log:  cmp.Or(a.log, slog.New(slog.DiscardHandler)),
		Wake: func(string) {}, Next: func() {},
	}
}

// Rules change seldom, and each question starts Fail2Ban's client, which is a large program. Where they are not told,
// they are asked for again sooner: the server may be starting.
const rulesEvery, rulesAgain = 3 * time.Hour, 10 * time.Minute

// act makes two stages for each source on which somebody can act, one that acts and one that asks for the rules of its
// jails: a source that does not answer keeps no other waiting.
func (b *builder) act() (all []*stage) {
	if b.acting == nil {
		return nil
	}
	stages := map[string]*stage{}
	for name := range b.acting.Servers {
		s := newStage("act on "+name, 30*time.Second)
		stages[name] = b.whileSpeaking(s.doing(func(ctx context.Context) error { return b.acting.Step(ctx, name) }), nil)
		all = append(all, s)
		if b.once { // what it asks for is to be seen over time
			continue
		}
		asks := newStage("rules on "+name, rulesEvery)
		asks.doing(func(ctx context.Context) error {
			err := b.acting.AskRules(ctx, name)
			if err != nil {
				asks.RetryIn(rulesAgain)
			}
			return err
		})
		all = append(all, asks)
	}
	b.acting.Chats, b.acting.Voice = b.Chats, b.speaks()
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
	if err := h.Tidy(ctx, time.Now()); err != nil {
		h.Log.Warn("the list of whom Fail2Ban trusts is not tidied", "error", err)
	}
	return h.Serve(ctx, socket)
}

// remoteHelper is the helper of another machine, over SSH.
type remoteHelper struct{ *ingest.Remote }

// Do implements bot.FailServer.
func (h remoteHelper) Do(ctx context.Context, r act.Request) act.Answer {
	line, begun, err := h.Run(ctx, r.String())
	answer, unread := act.ParseAnswer(line)
	switch {
	case unread == nil:
		return answer
	case err != nil && !begun:
		return act.Answer{Outcome: act.Refused, Text: "not reached: " + store.Clean(err.Error(), 150)}
	case err != nil:
		return act.Answer{Outcome: act.Unclear, Text: store.Clean(err.Error(), 150)}
	}
	return act.Answer{Outcome: act.Unclear, Text: unread.Error()}
}
