// Package fleet gives two bots one voice. Both read the same bans, each into a database of its own; one of them speaks,
// and the other is silent and knows what was said, so that it can go on. The package knows who speaks, and what each
// must be told. It does not know what messages say, nor the platforms that they go to.
//
// # The log
//
// All that the bots tell each other is in one stream of NATS JetStream, of which the last message of each subject is
// kept. VOICE is its name, unless the configuration gives another:
//
//	VOICE.lease     who speaks: a Lease
//	VOICE.said.ID.N an attempt to tell a chat something: a store.Said, before the request and again after it
//	VOICE.kept.KEY  a value that travels with the voice, such as how far Telegram's updates were read
//	VOICE.bot.NAME  that a bot runs: a Presence
//
// # The fence
//
// The lease is a message that the speaker writes anew every two seconds. The number that it has in the stream is the
// fence: whatever the speaker writes carries the number that the lease has, as far as it knows, and the stream refuses
// it if the lease has another by then (Nats-Expected-Last-Subject-Sequence-Subject). So the log has one writer at a
// time. What an old speaker writes after a new one took the lease is refused, be it about something that the new one
// knows or not: a check on the subject of each fact alone would let it tell what the new one has not come to yet.
//
// The other bot takes the lease when that has not changed for nine seconds by its own monotonic clock, and then only if
// it is still the one that it looked at. The speaker holds itself to be that for seven seconds after it has begun to
// write the lease, by its own clock, which need not agree with any other. Before it speaks, the new speaker reads the
// log up to its own lease. From then on it knows everything that was ever claimed.
//
// # A message
//
// Before a request to a platform: the claim of its notices is kept in the own database, then written to the log, then
// the age of the lease is looked at again; and each byte that is written to a platform passes a Gate, which looks at
// it, too. After it: the outcome is kept in the own database, and what the log is owed is written to it. The other bot,
// if it takes over, skips what was told, sends what was claimed and has no outcome with the mark that it may be a
// repeat, and sends the rest.
//
// What cannot be fenced is a request under way: its bytes may reach the platform after its sender has stopped. The two
// seconds between the end of one voice and the beginning of the other are for these.
//
// # Without the log
//
// Nothing that a bot could ask itself would tell it that the other one is silent. So when the log is out of reach for
// seven seconds the speaker falls silent, and both stay so until it is back: at most one voice at any time is worth
// more.
package fleet

import (
	"context"
	"errors"
	"time"

	"friendlyfire/stream"
)

// How long things take.
const (
	renewEvery = 2 * time.Second
	speaksFor  = 7 * time.Second  // after the lease was written
	silentFor  = 9 * time.Second  // the lease must not have changed for so long
	showEvery  = 10 * time.Second // how often a bot writes that it runs
	writeLimit = 3 * time.Second
	dialLimit  = 10 * time.Second
)

// Lease says who speaks.
type Lease struct {
	Bot   string `json:"bot"`          // its name; "": nobody, the last one has ended
	ID    string `json:"id,omitempty"` // of its database
	Run   string `json:"run,omitempty"`
	Since int64  `json:"since,omitempty"` // unix seconds
}

// Presence says that a bot runs.
type Presence struct {
	Bot   string `json:"bot"`
	ID    string `json:"id"`
	Since int64  `json:"since"` // unix seconds

	Troubles map[string]string `json:"troubles,omitempty"` // of its machine, by kind
}

// Log is where the bots write what the other is to know.
type Log interface {
	// Write writes a message. With a fence, it does so only if the last message of the lease has that number. It returns
	// the number that the message has; ErrRefused if it was certainly not written, because of the fence; or another error
	// if nobody knows.
	Write(ctx context.Context, subject string, data []byte, fence *uint64) (seq uint64, err error)
	// Last returns the last message of a subject, of which the number is 0 if there is none.
	Last(ctx context.Context, subject string) (data []byte, seq uint64, err error)
	// Close ends the connection.
	Close()
}

// Feed brings the messages of the log in their order: a stream.Subscriber.
type Feed interface {
	State(ctx context.Context) (stream.State, error)
	Follow(ctx context.Context, after uint64, state stream.State) error
	Following() bool
	Next(ctx context.Context, wait bool) (m stream.Message, ok bool, err error)
}

// ErrRefused says that a message was not written to the log: another bot has the lease by now.
var ErrRefused = errors.New("another bot speaks by now")

// ErrSilent says that this bot does not speak.
var ErrSilent = errors.New("this bot does not speak")
