package msg

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"friendlyfire/store"
)

// Bot is what the bot gives to a platform: whose commands to obey, how to answer them, and where to store state.
type Bot struct {
	// Dial opens connections; nil dials the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Allowed decides who is answered, before anything else happens. A request that it refuses gets no reaction at all;
	// Allowed logs it if it is to be logged. Nil refuses everybody.
	Allowed func(Request) bool
	// Answer returns the answer to an allowed request, within a minute.
	Answer func(context.Context, Request) Message
	// Suggest returns values for the argument of an unfinished command, such as "/ip 198."; nil suggests nothing.
	Suggest func(context.Context, Request) []string
	// Commands are listed for users who type a slash.
	Commands []Command

	// Hearing is told whether commands are heard; nil: nobody wants to know.
	Hearing *Hearing

	// Date is called with the time at which the platform says it answered, with each answer; nil: nobody asks.
	Date func(time.Time)

	// Keep is called with a value of the store that another bot must know before it hears commands in place of this one.
	// After an error no command must be obeyed that depends on it. Nil: there is no other bot.
	Keep func(ctx context.Context, key, value string) error

	Store *store.Store // for what the platform must remember
	Log   *slog.Logger // nil: nothing is logged
}

// SawAnswer passes on the Date of an answer, if it has one: RFC 9110, section 6.6.1.
func (b *Bot) SawAnswer(h http.Header) {
	if b.Date == nil {
		return
	}
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		b.Date(at)
	}
}

// Logger returns Log with the platform as an attribute, or a logger that discards everything.
func (b *Bot) Logger(platform string) *slog.Logger {
	if b.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return b.Log.With("platform", platform)
}

// Connection is a platform to post to. Creating it does not use the network.
type Connection interface {
	Sender
	// Me returns the name of the bot's account; "" where it has none.
	Me(ctx context.Context) (name string, err error)
	// CanPost returns a chat's title, and an error that says why the bot cannot post there.
	CanPost(ctx context.Context, chat string) (title string, err error)
}

// Listener is a Connection over which commands are given, too.
type Listener interface {
	Connection
	// Listen answers commands until ctx ends.
	Listen(ctx context.Context) error
}

// Advice says what a person can do about a platform's refusals.
type Advice struct {
	Token string // when the platform does not let the bot in
	Chat  string // when the bot cannot post to a chat
}

// Cause returns why a platform refuses, without "not sent: " in front of it, for where there is no message.
func Cause(err error) error {
	if e, ok := errors.AsType[*NotSentError](err); ok {
		return errors.New(e.Reason)
	}
	return err
}
