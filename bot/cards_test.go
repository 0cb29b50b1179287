package bot

import (
	"bytes"
	"embed"
	"encoding/base64"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"text/template"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/bot/msg"
)

//go:embed testdata/telegram.svg.tmpl testdata/discord.svg.tmpl
var cardTemplates embed.FS

// cards are messages of the golden scenes that the documentation shows, as a chat shows them: the message of that
// number, in docs/pictures/NAME.svg.
var cards = []struct {
	name, look, scene string
	number            int
	hour              string // when it came
}{
	{"alert-telegram", "telegram", "an alert to which whois adds, and what it becomes", 0, "01:00"},
	{"alert-discord", "discord", "an alert to which whois adds, and what it becomes", 0, "01:00"},
	{"acting-discord", "discord", "an alert that may be acted on", 0, "01:00"},
	{"storm-telegram", "telegram", "a storm that is acted on, and more of it", 0, "01:00"},
	{"digest-telegram", "telegram", "the digest of a normal day", 0, "08:00"},
	{"week-telegram", "telegram", "the digest and the card of a Monday", 1, "08:00"},
	{"trouble-discord", "discord", "a source that cannot be read", 0, "01:02"},
}

// cardScenes are the golden ones, and those that differ from them only in what can be pressed.
var cardScenes = slices.Concat(scenes, []scene{
	{"an alert that may be acted on", func(d *desk) {
		d.inPlace()
		d.acting()
		d.banned("jdupont", "jdupont", "jdupont")
	}},
})

// The pictures of messages in the documentation are of messages that are sent; -update draws them anew.
func TestMessagesAreTheGoldenOnesInTheDocumentation(t *testing.T) {
	looks := template.Must(template.ParseFS(cardTemplates, "testdata/*.svg.tmpl"))
	for _, c := range cards {
		m := messageOf(t, c.scene, c.number)
		var b bytes.Buffer
		if err := looks.ExecuteTemplate(&b, c.look+".svg.tmpl", newCard(t, m, cardLooks[c.look], c.hour)); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("..", "docs", "pictures", c.name+".svg")
		if *update {
			if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil { //nolint:gosec // a public picture
				t.Fatal(err)
			}
		}
		if m.Photo != nil && runtime.GOARCH != "amd64" {
			continue // other processors round the curves of letters otherwise
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s is not of today's message: go test ./bot -run TestMessagesAreTheGoldenOnes -update\n%s", file, diff)
		}
	}
}

// messageOf plays a scene, and returns one of its messages.
func messageOf(t *testing.T, scene string, number int) (m msg.Message) {
	t.Helper()
	for _, s := range cardScenes {
		if s.name != scene {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			s.play(d)
			d.step()
			if number < len(d.sender.sent) {
				m = d.sender.sent[number]
			}
		})
	}
	if m.Text == nil {
		t.Fatalf("there is no message %d of a scene %q", number, scene)
	}
	return m
}

// cardLook is where a platform puts things, in pixels.
type cardLook struct {
	left, top     int // of the text's first baseline
	right, bottom int // margins
	line, size    int
	side          bool // buttons are as wide as their words, side by side; else each row fills the bubble
}

var cardLooks = map[string]cardLook{
	"telegram": {left: 20, top: 36, right: 20, bottom: 34, line: 25, size: 16},
	"discord":  {left: 66, top: 66, right: 16, bottom: 18, line: 25, size: 16, side: true},
}

// cardWidth is the width of every card: about that of a phone held upright, so that it can be read there.
const cardWidth = 420

// card is what the templates draw.
type card struct {
	Width, Height, Bubble int // Bubble is the height of what is not buttons
	Title, Hour           string
	Lines                 []cardLine
	Buttons               []cardButton
	Flag                  bool   // the first line begins with Belgium's, which not every font has
	Photo                 string // a data URI
	PhotoH                int
}

type cardLine struct {
	X, Y int
	Runs []msg.Run
}

type cardButton struct {
	X, Y, W, H, TextX, TextY int
	Label                    string
}

const belgium = "🇧🇪 "

func newCard(t *testing.T, m msg.Message, look cardLook, hour string) card {
	t.Helper()
	c := card{Width: cardWidth, Title: m.Text.String(), Hour: hour}
	y := look.top
	if m.Photo != nil {
		size, err := png.DecodeConfig(bytes.NewReader(m.Photo))
		if err != nil {
			t.Fatal(err)
		}
		c.Photo = "data:image/png;base64," + base64.StdEncoding.EncodeToString(m.Photo)
		c.PhotoH = size.Height * (cardWidth - 2) / size.Width
		y += c.PhotoH
	}
	width := float64(cardWidth - look.left - look.right)
	for i, line := range wrap(m.Text, width/float64(look.size)) {
		x := look.left
		if i == 0 && len(line) > 0 && strings.HasPrefix(line[0].Text, belgium) {
			line[0].Text = strings.TrimPrefix(line[0].Text, belgium)
			c.Flag = true
			x += 30
		}
		c.Lines = append(c.Lines, cardLine{X: x, Y: y, Runs: line})
		y += look.line
	}
	c.Bubble = y - look.line + look.bottom
	y = c.Bubble
	for _, row := range m.Buttons {
		const height, gap = 36, 4
		x := 0
		if look.side {
			x = look.left
		}
		for _, b := range row {
			w := (cardWidth - gap*(len(row)-1)) / len(row)
			if look.side {
				w = int(widthOf(b.Label, msg.Plain)*15) + 32
			}
			c.Buttons = append(c.Buttons, cardButton{
				X: x, Y: y + gap, W: w, H: height, TextX: x + w/2, TextY: y + gap + 23, Label: b.Label,
			})
			x += w + gap
			if look.side {
				x += gap
			}
		}
		y += height + gap
	}
	c.Height = y + 2
	if look.side && len(m.Buttons) > 0 {
		c.Height += 14
		c.Bubble = c.Height - 2
	}
	return c
}

// wrap breaks a text into lines of at most this width, in ems.
func wrap(text msg.Text, width float64) (lines [][]msg.Run) {
	lines = [][]msg.Run{nil}
	used := 0.0
	add := func(word string, style msg.Style) {
		line := &lines[len(lines)-1]
		if n := len(*line); n > 0 && (*line)[n-1].Style == style {
			(*line)[n-1].Text += word
		} else {
			*line = append(*line, msg.Run{Text: word, Style: style})
		}
	}
	for _, run := range text {
		for _, word := range strings.SplitAfter(run.Text, " ") {
			for i, part := range strings.Split(word, "\n") {
				if i > 0 {
					lines, used = append(lines, nil), 0
				}
				if part == "" {
					continue
				}
				w := widthOf(part, run.Style)
				if used > 0 && used+widthOf(strings.TrimRight(part, " "), run.Style) > width {
					lines, used = append(lines, nil), 0
				}
				used += w
				add(part, run.Style)
			}
		}
	}
	return lines
}

// widthOf is how wide a text is in ems, at most, in the fonts that the cards may be drawn with.
func widthOf(text string, style msg.Style) (ems float64) {
	for _, r := range text {
		switch {
		case style == msg.Code || style == msg.Pre:
			ems += 0.58 // 15 of 16 pixels
		case strings.ContainsRune(" .,:;'|!ijlIt()[]/", r):
			ems += 0.38
		case strings.ContainsRune("mwMW@", r):
			ems += 0.98
		case unicode.IsUpper(r):
			ems += 0.74
		case r > 0x2000 && !unicode.IsPunct(r):
			ems += 1.3
		default:
			ems += 0.62
		}
	}
	if style == msg.Bold {
		ems *= 1.1
	}
	return ems
}

// Mono reports whether the run is set in a monospaced font. The templates ask.
func (c card) Mono(r msg.Run) bool { return r.Style == msg.Code || r.Style == msg.Pre }

// Is reports whether the run has this style.
func (c card) Is(r msg.Run, style string) bool { return string(r.Style) == style }

// Text is the run as SVG has it. Spaces at the ends of a run are kept.
func (c card) Text(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\"", "&quot;").Replace(s)
}

// FlagY is the top of a flag that stands in the line.
func (l cardLine) FlagY() int { return l.Y - 13 }

// HourY is where the hour stands, at the bottom.
func (c card) HourY() int { return c.Bubble - 10 }

// Inner is the width without the line around it.
func (c card) Inner() int { return c.Width - 2 }

// Right is where the hour ends.
func (c card) Right() int { return c.Width - 18 }

// Arch is the upper edge of a picture between its round corners.
func (c card) Arch() int { return c.Inner() - 32 }
