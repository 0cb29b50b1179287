// Package msg is what the bot and the chat platforms have in common: messages and how they are sent, the errors of
// sending, requests, and pairing. It is all of the bot that a platform imports.
package msg

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Style is how a run of text is set.
type Style string

// The styles every platform can show in its own way.
const (
	Plain Style = ""
	Bold  Style = "bold"
	Code  Style = "code" // one line, monospaced: addresses, commands
	Pre   Style = "pre"  // a block of monospaced lines: text charts
)

// Run is a stretch of text in one style. It is never markup: a platform shows every character as it is.
type Run struct {
	Text  string `json:"text"`
	Style Style  `json:"style,omitempty"`
}

// Text is what a message says.
type Text []Run

// String is the text without its styles.
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
	Photo []byte // PNG; the text is then its caption. nil: none

	// Fallback is the picture in rows of block characters, for where the picture cannot be shown or is refused.
	Fallback string

	// Nonce is the same for every attempt at one message, at most 25 characters, so that
	// a platform which remembers nonces drops the copy. Empty for answers to commands.
	Nonce string

	// Buttons stand under the message, a row each; nil: none.
	Buttons [][]Button
}

// Button asks for Command when it is pressed.
type Button struct {
	Label   string
	Command string // at most 64 bytes, as if typed: "/report jail 7d"
}

// Sender posts to the chats of one platform.
//
// Send paces itself: it waits, within ctx, until the platform's own limits allow the post. It returns nil when the
// platform has confirmed the message, and otherwise an error whose type says what may be done:
// *RejectedError, *RetryAfterError, *NotSentError, *MovedError. Any other error leaves open whether the message
// was sent. No error holds a token or a URL that does.
type Sender interface {
	Platform() string
	Send(ctx context.Context, chat string, m Message) error

	// Fits reports whether m can travel as one post: the length of its text, or of its caption with a photo.
	Fits(m Message) bool
}

// RejectedError is a message that the platform will never take, whoever asks again: too long, malformed.
type RejectedError struct{ Reason string }

func (e *RejectedError) Error() string { return "rejected: " + e.Reason }

// RetryAfterError is a message that was not sent, and must not be tried again before After has passed.
type RetryAfterError struct {
	After time.Duration
	Scope Scope
}

// Scope is what a RetryAfterError holds back.
type Scope string

// Scopes of a rate limit.
const (
	ThisChat      Scope = "chat"
	WholePlatform Scope = "platform"
)

func (e *RetryAfterError) Error() string {
	return fmt.Sprintf("rate limit of the %s: wait %v", e.Scope, e.After)
}

// NotSentError is a message that certainly was not sent, while a later attempt may succeed: no connection, no
// permission, a bad token.
type NotSentError struct {
	Reason string
	After  time.Duration // worth a try no earlier; 0: soon
}

func (e *NotSentError) Error() string { return "not sent: " + e.Reason }

// MovedError is a chat that has got another id. The message was not sent.
type MovedError struct{ To string }

func (e *MovedError) Error() string { return "chat moved to " + e.To }

// Request is a command somebody typed, or pressed.
type Request struct {
	Platform string
	Chat     string
	User     string
	Text     string // "/report country 7d", whatever the platform's own form
	Width    int    // characters side by side in a monospaced block; 0: as many as on a phone
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
	Suggested   bool     // free text for which Commands.Suggest has proposals
	Required    bool
}

// WithoutPhoto is m for where its photo cannot be posted: its picture in text, if there is one, takes its place.
func (m Message) WithoutPhoto() Message {
	if m.Photo != nil && m.Fallback != "" {
		m.Text = append(append(Text{}, m.Text...), Run{Text: "\n\n"}, Run{Text: m.Fallback, Style: Pre})
	}
	m.Photo = nil
	return m
}
