//go:build gallery && linux

package acceptance

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

var castFile = flag.String("cast", "", "the file that TestRecordTheDemonstration writes")

// cast is a recording in the form of asciinema, https://docs.asciinema.org/manual/asciicast/v2/.
type cast struct {
	t    *testing.T
	text strings.Builder
	at   time.Duration
}

func (c *cast) line(v any) {
	line, err := json.Marshal(v)
	if err != nil {
		c.t.Fatal(err)
	}
	c.text.Write(append(line, '\n'))
}

// show adds what the terminal shows after a pause.
func (c *cast) show(pause time.Duration, text string) {
	c.at += pause
	c.line([]any{c.at.Seconds(), "o", strings.ReplaceAll(text, "\n", "\r\n")})
}

// typed adds what a person types, letter by letter.
func (c *cast) typed(text string) {
	for _, letter := range text {
		c.show(70*time.Millisecond, string(letter))
	}
	c.show(400*time.Millisecond, "\n")
}

// TestRecordTheDemonstration plays the demonstration in a terminal and records what the program answers. The pace of
// the recording is that of a reader, and none of the program's.
func TestRecordTheDemonstration(t *testing.T) {
	if *castFile == "" {
		t.Skip("-cast names no file")
	}
	s := harness.NewScene(t, string(harness.Defaults()))
	c := &cast{t: t}
	c.line(map[string]any{"version": 2, "width": 100, "height": 26, "title": "The demonstration"})
	c.show(500*time.Millisecond, "$ ")
	c.typed("go run .")

	d := s.Dialogue()
	shown := ""
	for _, step := range []struct{ typed, last string }{
		{"", "See /friends all.\n"},
		{"/report", "Picture: report.png\n"},
		{"/friends all", "earlier"},
		{"/ip 104.155.5.16", "web1"},
		{"/status", "free\n"},
	} {
		if step.typed != "" {
			c.show(4*time.Second, "")
			c.typed(step.typed)
			d.Type(step.typed + "\n")
			shown += step.typed + "\n" // the terminal's echo
		}
		harness.Await(t, 30*time.Second, step.last, func() bool {
			text := d.String()
			return len(text) > len(shown) && strings.Contains(text[len(shown):], step.last)
		})
		time.Sleep(300 * time.Millisecond) // the rest of it
		text := d.String()
		c.show(200*time.Millisecond, text[len(shown):])
		shown = text
	}
	c.show(6*time.Second, "")
	if err := os.WriteFile(*castFile, []byte(c.text.String()), 0o644); err != nil { //nolint:gosec // a public file
		t.Fatal(err)
	}
}
