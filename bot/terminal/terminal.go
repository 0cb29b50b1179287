// Package terminal is the chat when no platform is configured: it prints messages and reads commands. It has no
// configuration of its own, and knows nothing of bans, or of what messages say.
package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"friendlyfire/bot/msg"
)

// Chat is the terminal's only chat, and its user.
const Chat = "terminal"

// A chart is as wide as the terminal, within these bounds, in characters. Where that is not known, it is usual.
const narrow, usual, wide = 30, 78, 118

// ErrQuit ends Listen when the person at the terminal has had enough.
var ErrQuit = errors.New("quit")

// Terminal prints messages and reads commands.
type Terminal struct {
	In      io.Reader
	Out     io.Writer
	Styled  bool   // Out is a terminal, for ANSI styles, a prompt, and pictures if it shows them
	Typed   bool   // In is a terminal: its end is somebody's wish
	Picture string // the file for the latest picture, readable by its owner only

	Columns func() int // how wide Out is now, 0 if that is not known; nil: never known

	Answer func(context.Context, msg.Request) msg.Message
	Getenv func(string) string // to recognize the terminal; nil: os.Getenv

	mu        sync.Mutex
	listening bool // there is a prompt
}

// Platform is "terminal".
func (t *Terminal) Platform() string { return "terminal" }

// Me returns "": a terminal has no account.
func (t *Terminal) Me(context.Context) (string, error) { return "", nil }

// CanPost never fails.
func (t *Terminal) CanPost(context.Context, string) (string, error) {
	return "is the chat, since no platform is configured", nil
}

// Fits reports whether the text has at most 4,096 bytes, so that it does not fill more than a screen.
func (t *Terminal) Fits(m msg.Message) bool { return len(m.Text.String()) <= 4096 }

// Send prints the message, with its photo if the terminal shows pictures, and writes the photo to the file.
func (t *Terminal) Send(_ context.Context, _ string, m msg.Message) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	if t.Styled {
		b.WriteString("\r\033[K") // over the prompt
	}
	for _, run := range m.Text {
		b.WriteString(t.style(run))
	}
	b.WriteString("\n")
	t.chart(&b, m)
	if m.Photo != nil {
		if err := write(t.Picture, m.Photo); err != nil {
			fmt.Fprintf(&b, "(no picture: %v)\n", err)
		} else {
			fmt.Fprintf(&b, "Picture: %s\n", t.Picture)
		}
	}
	b.WriteString("\n" + t.prompt())
	_, err := io.WriteString(t.Out, b.String())
	return err
}

// chart draws the photo if the terminal shows pictures, and otherwise prints the fallback.
func (t *Terminal) chart(b *strings.Builder, m msg.Message) {
	if t.Styled && m.Photo != nil {
		getenv := t.Getenv
		if getenv == nil {
			getenv = os.Getenv
		}
		var picture strings.Builder
		if Draw(&picture, m.Photo, getenv) {
			b.WriteString("\n" + picture.String())
			return
		}
	}
	if m.Fallback != "" {
		b.WriteString("\n" + strings.TrimRight(m.Fallback, "\n") + "\n")
	}
}

// write replaces the file atomically, so that a viewer never sees half a picture.
func write(name string, data []byte) error {
	if err := os.WriteFile(name+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

func (t *Terminal) style(r msg.Run) string {
	if !t.Styled {
		return r.Text
	}
	switch r.Style {
	case msg.Bold:
		return "\033[1m" + r.Text + "\033[0m"
	case msg.Code, msg.Pre:
		return "\033[36m" + r.Text + "\033[0m"
	case msg.Quote:
		return "\033[2m" + r.Text + "\033[0m"
	}
	return r.Text
}

func (t *Terminal) prompt() string {
	if t.Styled && t.listening {
		return "> "
	}
	return ""
}

// Width is how wide charts may be on a terminal of so many columns, 0 if that is not known.
func Width(columns int) int {
	if columns <= 0 {
		return usual
	}
	return min(max(columns-2, narrow), wide)
}

// Listen answers commands until the input or ctx ends. It returns ErrQuit for "quit" and "exit", and for Ctrl-D on a
// terminal. A pending read cannot be interrupted: it ends with the process.
func (t *Terminal) Listen(ctx context.Context) error {
	t.mu.Lock()
	t.listening = true
	fmt.Fprint(t.Out, t.prompt())
	t.mu.Unlock()
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(t.In); in.Scan(); {
			select {
			case lines <- in.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			if !ok {
				return t.end()
			}
			switch strings.ToLower(strings.Trim(line, " \t\r/")) {
			case "quit", "exit":
				return ErrQuit
			case "":
				t.mu.Lock()
				fmt.Fprint(t.Out, t.prompt())
				t.mu.Unlock()
				continue
			}
			request := msg.Request{Platform: t.Platform(), Chat: Chat, User: Chat, Text: line, Width: t.width()}
			if err := t.Send(ctx, Chat, t.Answer(ctx, request)); err != nil {
				return err
			}
		}
	}
}

func (t *Terminal) width() int {
	if t.Columns == nil {
		return usual
	}
	return Width(t.Columns())
}

// end is the end of the input. A service's ends at once, and the bot goes on.
func (t *Terminal) end() error {
	if !t.Typed {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.Out) // the shell's prompt begins a line
	return ErrQuit
}
