package msg

import (
	"context"
	"errors"
	"log/slog"
	"net"

	"friendlyfire/store"
)

// Bot is what a platform is given of the bot: whom it obeys, what it answers, and where it keeps things.
type Bot struct {
	// Dial opens connections; nil is the network itself.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Allowed decides who is answered, before anything else happens. What it refuses gets no reaction at all; it is for
	// Allowed to log it. Nil refuses everybody.
	Allowed func(Request) bool
	// Answer says what to post in answer to an allowed request, within a minute.
	Answer func(context.Context, Request) Message
	// Suggest proposes values while a command is typed, "/ip 198." for one; nil proposes nothing.
	Suggest func(context.Context, Request) []string
	// Commands are offered to whoever types a slash.
	Commands []Command

	Store *store.Store // keeps what the platform must remember
	Log   *slog.Logger // nil: silence
}

// Connection is a platform to chat on. It is made without the network.
type Connection interface {
	Sender
	// Listen hears commands until ctx ends.
	Listen(ctx context.Context) error
	// Me says as whom the platform knows the bot; "" where it has no account.
	Me(ctx context.Context) (name string, err error)
	// CanPost says what a chat is called, or why the bot cannot post there.
	CanPost(ctx context.Context, chat string) (title string, err error)
}

// Advice is what a person can do about a platform, in sentences.
type Advice struct {
	Token string // where the platform does not let the bot in
	Chat  string // where the bot cannot post to a chat
}

// Cause is why a platform says no, without what follows from it for a message: there may be none.
func Cause(err error) error {
	if e, ok := errors.AsType[*NotSentError](err); ok {
		return errors.New(e.Reason)
	}
	return err
}
