package harness

import (
	"context"
	"net"
	"testing"
	"time"
)

// Fake is the fake of a platform that hears no commands, as the rows of the contract see it that hold for all of them.
type Fake interface {
	// Name is that of the platform, and of its section.
	Name() string
	// Section is the section of the configuration, with all chats. In it, $DIR stands for the scene's folder.
	Section() string
	// Files are the files that the section names, with what they hold: tokens, passwords. They are in the scene's folder.
	Files() map[string]string
	// Secrets are what may stand nowhere but in requests to the platform.
	Secrets() []string
	// Chats are the chats as the program names them.
	Chats() []string

	// Posts are the messages that have arrived, as their readers see them.
	Posts() []Post
	// Attempts are all attempts to post a message, the oldest first, whatever became of them.
	Attempts() []Attempt
	// Script decides what happens to each attempt to post; nil: all messages arrive.
	Script(func(Attempt) Fault)

	// Addr is the host and the port where the platform is, and Dial connects to it.
	Addr() string
	Dial(ctx context.Context, network, address string) (net.Conn, error)
}

// NewFake makes the fake of a platform: without sockets, for a program in the test's own process, or on loopback.
type NewFake func(t *testing.T, inMemory bool) Fake

// Attempt is an attempt to post a message.
type Attempt struct {
	Chat, Text string
	Picture    bool
	Time       time.Time
}

// Fault is what goes wrong with an attempt. Each platform has its own form of it. The zero Fault is none.
type Fault struct {
	What Failure
	For  time.Duration // of Slow and Limited; Limited for 0: the platform does not say how long
}

// Failure is a kind of fault.
type Failure int

// Kinds of faults.
const (
	Arrives   Failure = iota
	Slow              // it arrives, and that is confirmed later
	Limited           // it does not arrive; there are too many
	Broken            // it does not arrive; the platform has trouble of its own
	Lost              // it arrives, and the connection breaks off before that is confirmed
	Hangs             // nobody ever answers; it does not arrive
	Malformed         // it does not arrive, and never will: the message itself is at fault
	Gone              // it does not arrive, since the chat is gone or takes nothing from us
)
