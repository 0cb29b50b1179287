package terminal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"friendlyfire/bot/msg"
)

func TestCommandsAreReadUntilTheInputEnds(t *testing.T) {
	var out bytes.Buffer
	picture := filepath.Join(t.TempDir(), "report.png")
	term := Terminal{
		In: strings.NewReader("/report jail\n\n  \n/help\n"), Out: &out, Picture: picture,
		Answer: func(_ context.Context, r msg.Request) msg.Message {
			if r.Chat != Chat || r.User != Chat || r.Platform != "terminal" {
				t.Errorf("asked by %+v", r)
			}
			if r.Text == "/help" {
				return msg.Message{Text: msg.Text{{Text: "help", Style: msg.Bold}}}
			}
			return msg.Message{Text: msg.Text{{Text: "12 bans"}}, Photo: []byte("picture"), Fallback: "██ 12\n"}
		},
	}
	if err := term.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := "12 bans\n\n██ 12\nPicture: " + picture + "\n\nhelp\n\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
	if data, err := os.ReadFile(picture); err != nil || string(data) != "picture" {
		t.Errorf("picture %q, %v", data, err)
	}
	if info, err := os.Stat(picture); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("picture is open to others: %v, %v", info, err)
	}
}

func TestPictureThatCannotBeWrittenCostsNoWord(t *testing.T) {
	var out bytes.Buffer
	term := Terminal{Out: &out, Picture: filepath.Join(t.TempDir(), "missing", "report.png")}
	m := msg.Message{Text: msg.Text{{Text: "12 bans"}}, Photo: []byte("picture")}
	if err := term.Send(t.Context(), Chat, m); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "12 bans\n(no picture: ") {
		t.Errorf("printed %q", got)
	}
}

// Without Listen, nobody reads what is typed, and there is no prompt.
func TestPromptIsShownWhileListening(t *testing.T) {
	for styled, want := range map[bool]string{false: "hello\n\n", true: "> \r\x1b[Khello\n\n> "} {
		var out bytes.Buffer
		answer := func(context.Context, msg.Request) msg.Message { return msg.Message{Text: msg.Text{{Text: "hello"}}} }
		term := Terminal{In: strings.NewReader("/help\n"), Out: &out, Styled: styled, Answer: answer}
		if err := term.Listen(t.Context()); err != nil || out.String() != want {
			t.Errorf("styled %v: printed %q (%v), want %q", styled, out.String(), err, want)
		}
	}
}

func TestStylesAreForTerminalsOnly(t *testing.T) {
	for styled, want := range map[bool]string{
		false: "bold code\n\n", true: "\r\x1b[K\x1b[1mbold\x1b[0m \x1b[36mcode\x1b[0m\n\n",
	} {
		var out bytes.Buffer
		term := Terminal{Out: &out, Styled: styled}
		text := msg.Text{{Text: "bold", Style: msg.Bold}, {Text: " "}, {Text: "code", Style: msg.Code}}
		if err := term.Send(t.Context(), Chat, msg.Message{Text: text}); err != nil || out.String() != want {
			t.Errorf("styled %v: printed %q (%v), want %q", styled, out.String(), err, want)
		}
	}
}

func TestPersonAtTheTerminalCanQuit(t *testing.T) {
	tests := map[string]struct {
		in    string
		typed bool
		want  error
	}{
		"quit":                      {"/help\nquit\n/help\n", false, ErrQuit},
		"exit, as a command":        {"/help\n/EXIT \n", true, ErrQuit},
		"Ctrl-D":                    {"/help\n", true, ErrQuit},
		"the end of what is no tty": {"/help\n", false, nil},
	}
	for name, tc := range tests {
		var out bytes.Buffer
		asked := 0
		answer := func(context.Context, msg.Request) msg.Message { asked++; return msg.Message{} }
		term := Terminal{In: strings.NewReader(tc.in), Typed: tc.typed, Out: &out, Answer: answer}
		if err := term.Listen(t.Context()); !errors.Is(err, tc.want) || asked != 1 {
			t.Errorf("%s: ends with %v after %d commands, want %v after one", name, err, asked, tc.want)
		}
	}
}

func TestChartsAreAsWideAsTheTerminal(t *testing.T) {
	for columns, want := range map[int]int{0: 78, 20: 30, 60: 58, 80: 78, 300: 118} {
		term := Terminal{
			In: strings.NewReader("/report\n"), Out: &bytes.Buffer{}, Columns: func() int { return columns },
			Answer: func(_ context.Context, r msg.Request) msg.Message {
				if r.Width != want {
					t.Errorf("%d columns: charts of %d, want %d", columns, r.Width, want)
				}
				return msg.Message{}
			},
		}
		if err := term.Listen(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
