package terminal

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/mattn/go-sixel"

	"friendlyfire/bot/msg"
)

func env(pairs ...string) func(string) string {
	return func(key string) string {
		for _, pair := range pairs {
			if k, v, _ := strings.Cut(pair, "="); k == key {
				return v
			}
		}
		return ""
	}
}

// picture returns a PNG of a few kilobytes: a red half, a blue half, and noise in a corner.
func picture(t *testing.T) []byte {
	t.Helper()
	p, dice := image.NewRGBA(image.Rect(0, 0, 200, 100)), rand.New(rand.NewPCG(1, 2))
	for y := range 100 {
		for x := range 200 {
			c := color.RGBA{200, 30, 30, 255}
			if x >= 100 {
				c = color.RGBA{30, 30, 200, 255}
			}
			if x < 60 && y < 60 {
				c = color.RGBA{uint8(dice.IntN(256)), 30, 30, 255}
			}
			p.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPicturesAreDrawnOnlyWhereTheyAreUnderstood(t *testing.T) {
	const kitty, iterm, sixels, none = "\033_Ga=T,", "\033]1337;File=", "\033P0;", ""
	for name, tc := range map[string]struct {
		env  []string
		want string
	}{
		"kitty":             {[]string{"TERM=xterm-kitty", "KITTY_WINDOW_ID=1"}, kitty},
		"kitty over ssh":    {[]string{"TERM=xterm-kitty"}, kitty},
		"kitty by its id":   {[]string{"TERM=xterm-256color", "KITTY_WINDOW_ID=1"}, kitty},
		"ghostty":           {[]string{"TERM=xterm-256color", "TERM_PROGRAM=ghostty"}, kitty},
		"ghostty over ssh":  {[]string{"TERM=xterm-ghostty"}, kitty},
		"iTerm2":            {[]string{"TERM=xterm-256color", "TERM_PROGRAM=iTerm.app"}, iterm},
		"iTerm2 over ssh":   {[]string{"TERM=xterm-256color", "LC_TERMINAL=iTerm2"}, iterm},
		"WezTerm":           {[]string{"TERM=xterm-256color", "TERM_PROGRAM=WezTerm"}, iterm},
		"iTerm2 from kitty": {[]string{"TERM=xterm-256color", "TERM_PROGRAM=iTerm.app", "KITTY_WINDOW_ID=1"}, iterm},
		"foot":              {[]string{"TERM=foot"}, sixels},
		"foot from kitty":   {[]string{"TERM=foot-extra", "KITTY_WINDOW_ID=1"}, sixels},
		"mlterm":            {[]string{"TERM=mlterm-256color"}, sixels},
		"contour":           {[]string{"TERM=contour"}, sixels},
		"xterm":             {[]string{"TERM=xterm-256color"}, none},
		"an unknown one": {
			[]string{"TERM=xterm-256color", "TERM_PROGRAM=Apple_Terminal", "KITTY_WINDOW_ID=1"}, none,
		},
		"console": {[]string{"TERM=linux", "KITTY_WINDOW_ID=1"}, none},
		"Emacs":   {[]string{"TERM=dumb", "TERM_PROGRAM=iTerm.app"}, none},
		"tmux in kitty": {
			[]string{"TERM=tmux-256color", "TMUX=/tmp/tmux-0/default,1,0", "KITTY_WINDOW_ID=1"}, none,
		},
		"tmux told a lie":  {[]string{"TERM=xterm-kitty", "TMUX=/tmp/tmux-0/default,1,0"}, none},
		"screen in iTerm2": {[]string{"TERM=screen.xterm-256color", "STY=12.pts", "TERM_PROGRAM=iTerm.app"}, none},
		"tmux over ssh":    {[]string{"TERM=screen-256color", "LC_TERMINAL=iTerm2"}, none},
		"cron":             {nil, none},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			drawn := Draw(&out, picture(t), env(tc.env...))
			if drawn != (tc.want != none) || !strings.HasPrefix(out.String(), tc.want) || !drawn && out.Len() > 0 {
				t.Errorf("drawn %v, wrote %.20q…, want %q…", drawn, out.String(), tc.want)
			}
		})
	}
}

func TestKittyGetsThePictureInChunksAndNeverAnswers(t *testing.T) {
	var out bytes.Buffer
	data := picture(t)
	if !Draw(&out, data, env("TERM=xterm-kitty")) {
		t.Fatal("not drawn")
	}
	chunks := regexp.MustCompile(`\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\`).FindAllStringSubmatch(out.String(), -1)
	var payload, whole string
	for i, c := range chunks {
		whole, payload = whole+c[0], payload+c[2]
		want := "q=2,m=1"
		if i == len(chunks)-1 {
			want = "q=2,m=0"
		}
		if i == 0 {
			want = "a=T,f=100,c=78," + want
		}
		if c[1] != want || len(c[2]) > 4096 || i < len(chunks)-1 && len(c[2]) != 4096 {
			t.Errorf("chunk %d of %d: %q with %d characters, want %q", i, len(chunks), c[1], len(c[2]), want)
		}
	}
	if len(chunks) < 2 || whole+"\n" != out.String() {
		t.Errorf("%d chunks, and more than chunks was written", len(chunks))
	}
	if got, err := base64.StdEncoding.DecodeString(payload); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the chunks are not the picture: %v", err)
	}
}

func TestKittyTakesASmallPictureInOneChunk(t *testing.T) {
	var out bytes.Buffer
	if err := kitty(&out, []byte("png")); err != nil || out.String() != "\033_Ga=T,f=100,c=78,q=2,m=0;cG5n\033\\" {
		t.Errorf("wrote %q, %v", out.String(), err)
	}
}

func TestITerm2GetsThePictureInline(t *testing.T) {
	var out bytes.Buffer
	data := []byte("any bytes")
	if !Draw(&out, data, env("TERM=xterm-256color", "TERM_PROGRAM=iTerm.app")) {
		t.Fatal("not drawn")
	}
	want := "\033]1337;File=inline=1;size=9;width=78;preserveAspectRatio=1:" +
		base64.StdEncoding.EncodeToString(data) + "\a\n"
	if out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
}

func TestSixelsAreThePictureInHalfItsSize(t *testing.T) {
	var out bytes.Buffer
	if !Draw(&out, picture(t), env("TERM=foot")) {
		t.Fatal("not drawn")
	}
	if s := out.String(); !strings.HasPrefix(s, "\033P0;0;8q\"1;1;100;50") || !strings.HasSuffix(s, "\033\\\n") {
		t.Errorf("wrote %.30q…, which is no sixel picture of 100x50", s)
	}
	var got image.Image
	if err := sixel.NewDecoder(&out).Decode(&got); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[image.Point]color.RGBA{
		{40, 10}: {200, 30, 30, 255}, {10, 45}: {200, 30, 30, 255},
		{60, 10}: {30, 30, 200, 255}, {99, 49}: {30, 30, 200, 255},
	} {
		r, g, b, _ := got.At(at.X, at.Y).RGBA()
		near := func(a uint32, b uint8) bool { return max(a>>8, uint32(b))-min(a>>8, uint32(b)) <= 4 } // of 100 steps
		if !near(r, want.R) || !near(g, want.G) || !near(b, want.B) {
			t.Errorf("%v is %d %d %d, want %v", at, r>>8, g>>8, b>>8, want)
		}
	}
}

func TestWhatIsNoPictureIsNotDrawn(t *testing.T) {
	var out bytes.Buffer
	if Draw(&out, []byte("no PNG"), env("TERM=foot")) || out.Len() > 0 {
		t.Errorf("wrote %q", out.String())
	}
}

func TestAPictureInPlaceTakesThePlaceOfTheTextChart(t *testing.T) {
	m := msg.Message{Text: msg.Text{{Text: "12 bans"}}, Photo: []byte("png"), Fallback: "██ 12\n"}
	for name, tc := range map[string]struct {
		styled bool
		term   string
		want   string
	}{
		"kitty":     {true, "xterm-kitty", "\r\033[K12 bans\n\n\033_Ga=T,f=100,c=78,q=2,m=0;cG5n\033\\\nPicture: "},
		"xterm":     {true, "xterm", "\r\033[K12 bans\n\n██ 12\nPicture: "},
		"to a file": {false, "xterm-kitty", "12 bans\n\n██ 12\nPicture: "},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			file := t.TempDir() + "/report.png"
			term := Terminal{Out: &out, Styled: tc.styled, Picture: file, Getenv: env("TERM=" + tc.term)}
			if err := term.Send(t.Context(), Chat, m); err != nil || !strings.HasPrefix(out.String(), tc.want) {
				t.Errorf("printed %q (%v), want %q…", out.String(), err, tc.want)
			}
		})
	}
}
