// Package msg is what the bot and the chat platforms share: messages and how they are sent, the errors of sending,
// commands, and pairing. It is all of the bot that a platform imports. It knows no platform, and nothing of bans.
package msg

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Style is how a run of text is shown.
type Style string

// Styles that every platform can show in its own way.
const (
	Plain Style = ""
	Bold  Style = "bold"
	Code  Style = "code" // one line, monospaced: addresses, commands
	Pre   Style = "pre"  // a block of monospaced lines: text charts

	// Quote is whole lines that stand back, folded or small, for who wants to look: many addresses, log lines. No client
	// makes a link of anything in it.
	Quote Style = "quote"
)

// Run is a stretch of text in one style. It is never markup: a platform shows every character as it is.
type Run struct {
	Text  string `json:"text"`
	Style Style  `json:"style,omitempty"`
}

// Text is what a message says.
type Text []Run

// String returns the text without its styles.
func (t Text) String() string {
	var b strings.Builder
	for _, r := range t {
		b.WriteString(r.Text)
	}
	return b.String()
}

// Message is one post to one chat.
type Message struct {
	Text  Text
	Photo []byte // PNG, whose caption the text then is; nil: none

	// Fallback is the photo as rows of block characters, for where the photo cannot be shown or is refused.
	Fallback string

	// Nonce is the same for every attempt to send one message, so that a platform that remembers nonces drops
	// duplicates. At most 25 characters; empty for answers to commands.
	Nonce string

	// Follows is the Nonce of the message that this one adds to; "": it stands alone.
	Follows string

	// Buttons are shown below the message, in rows; nil: none.
	Buttons [][]Button

	// Silent does not make a phone ring.
	Silent bool

	// Kind is what the message is about. It and the fields below repeat what the text says, for platforms that show more
	// than words, or hand on facts.
	Kind Kind
	// Bans are those that an alert tells of; nil: the message is none.
	Bans []Ban
	// Command lifts the ban of an alert, on its server; "": nothing does, or the text alone tells it.
	Command string
	// Repeat is set where the message may have been sent before.
	Repeat bool

	// Aside says that this answer to a press of a button takes no message's place: it is posted below.
	Aside bool
}

// Kind is what a message is about.
type Kind string

// Kinds of messages, the most urgent first. An answer to a command has none.
const (
	Alert   Kind = "alert"   // a friend is banned
	Trouble Kind = "trouble" // something does not work
	Digest  Kind = "digest"  // a summary of a day or a week
	News    Kind = "news"    // everything else, such as that trouble is over
)

// Ban is a ban that an alert tells of.
type Ban struct {
	Address  string // or its network, where addresses are masked
	Jail     string // "" where it has no name
	Source   string // the name of the server
	Time     time.Time
	Duration time.Duration // 0: not known; negative: for ever
	Country  string        // ISO 3166-1 alpha-2; "": not known
	Friend   string        // what makes it friendly: "Belgium", "your 203.0.113.0/24"
	Verdict  string        // who was probably banned: "person", "attacker", or "unclear"
}

// Button sends Command when it is pressed.
type Button struct {
	Label   string
	Command string // at most 64 bytes, as if typed: "/report jail 7d"
}

// Sender posts to the chats of one platform.
//
// Send waits, within ctx, until the platform's rate limits allow the post. It returns nil when the platform has
// confirmed the message, and otherwise an error whose type says what the caller may do: *RejectedError,
// *RetryAfterError, *NotSentError, *MovedError. After any other error it is unknown whether the message was sent.
// No error contains a token, or a URL with a token. A reason that begins with "because " is in words for people, and
// is shown to them as it is; any other is for the log.
type Sender interface {
	Platform() string
	Send(ctx context.Context, chat string, m Message) error

	// Fits reports whether m is short enough for one post: its text, or with a photo its caption.
	Fits(m Message) bool
}

// Editor is a Sender that can change a message in place.
type Editor interface {
	Sender

	// Post is Send, and returns the id that the platform has given the message; "" if it is unknown.
	Post(ctx context.Context, chat string, m Message) (id string, err error)
	// Edit replaces the text of the message with that id. It waits and fails as Send does; to edit twice does no harm.
	Edit(ctx context.Context, chat, id string, m Message) error
}

// Resumer is a Sender that keeps a pace of its own. Resume tells it, before its first post to a chat, when an earlier
// run of the program has last tried to post there: a start is no reason for a burst.
type Resumer interface {
	Resume(chat string, last time.Time)
}

// RejectedError is a message that is certainly at fault itself, so that the platform will never accept it, however
// often it is sent: too long, malformed, blocked for its words.
type RejectedError struct{ Reason string }

func (e *RejectedError) Error() string { return "rejected" + because(e.Reason) }

// RetryAfterError is a message that was not sent, and must not be sent again before After has passed.
type RetryAfterError struct {
	After time.Duration
	Scope Scope
}

// Scope is what a RetryAfterError applies to.
type Scope string

// Scopes of a rate limit.
const (
	ThisChat      Scope = "chat"
	WholePlatform Scope = "platform"
)

func (e *RetryAfterError) Error() string {
	return fmt.Sprintf("rate limit of the %s: wait %v", e.Scope, e.After)
}

// NotSentError is a message that was certainly not sent, but may be by a later attempt: no connection, no permission,
// a bad token.
type NotSentError struct {
	Reason string
	After  time.Duration // no attempt is worthwhile before; 0: soon

	// Unreached: nobody has received anything of it. That says nothing about the message or its photo.
	Unreached bool

	// Unknown is set when the platform has answered with a refusal that may concern the message itself or the chat. Which
	// of them shows when others are sent.
	Unknown bool
}

func (e *NotSentError) Error() string { return "not sent" + because(e.Reason) }

// because joins a reason to what was not done.
func because(reason string) string {
	if strings.HasPrefix(reason, "because ") {
		return " " + reason
	}
	return ": " + reason
}

// MovedError is a chat whose id has changed. The message was not sent.
type MovedError struct{ To string }

func (e *MovedError) Error() string { return "chat moved to " + e.To }

// Request is a command that somebody typed, or sent by pressing a button.
type Request struct {
	Platform string
	Chat     string
	User     string
	Name     string // what the user is called there, cleaned; "": not known
	Text     string // "/report country 7d", whatever form the platform gives it
	Width    int    // of a monospaced block, in characters; 0: that of a phone
}

// Command describes a command to the platforms that list them.
type Command struct {
	Name        string // without the slash
	Description string // at most 100 characters
	Args        []Arg
}

// Arg is one argument of a Command, by position.
type Arg struct {
	Name        string
	Description string
	Choices     []string // empty: free text
	Suggested   bool     // free text for which Bot.Suggest has suggestions
	Required    bool
}

// WithoutPhoto returns m for where its photo cannot be posted: the fallback, if there is one, takes the photo's place.
func (m Message) WithoutPhoto() Message {
	if m.Photo != nil && m.Fallback != "" {
		m.Text = append(append(Text{}, m.Text...), Run{Text: "\n\n"}, Run{Text: m.Fallback, Style: Pre})
	}
	m.Photo = nil
	return m
}

// InWords returns m WithoutPhoto, and without the fallback too if it does not fit with it.
func (m Message) InWords(fits func(Message) bool) Message {
	if plain := m.WithoutPhoto(); fits(plain) {
		return plain
	}
	m.Photo = nil
	return m
}

// AsRepeat returns m with the note that it may have been sent before.
func (m Message) AsRepeat() Message {
	m.Text, m.Repeat = m.Text.Noted(" (may repeat)"), true
	return m
}

// Noted returns the text with a note at the end of its first line; "" is none.
func (t Text) Noted(note string) Text {
	if note == "" {
		return t
	}
	for i, r := range t {
		if line, rest, more := strings.Cut(r.Text, "\n"); more {
			before, after := Run{Text: line, Style: r.Style}, Run{Text: "\n" + rest, Style: r.Style}
			return slices.Concat(t[:i], Text{before, {Text: note}, after}, t[i+1:])
		}
	}
	return append(slices.Clone(t), Run{Text: note})
}
