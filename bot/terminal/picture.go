package terminal

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-sixel"
)

// protocol writes a PNG in the form that a terminal expects.
type protocol func(w io.Writer, data []byte) error

// Draw draws a PNG at the cursor of the terminal w, and reports whether it did: only if the environment names a
// terminal that is known to show pictures. The terminal itself is not queried, since it would have to be waited for,
// and its reply would be read as a command. The caller must know that w is a terminal, which the environment cannot
// tell.
func Draw(w io.Writer, data []byte, getenv func(string) string) bool {
	draw := protocolOf(getenv)
	if draw == nil {
		return false
	}
	var b bytes.Buffer // so that nothing is written if it fails
	if err := draw(&b, data); err != nil {
		return false
	}
	b.WriteByte('\n') // the cursor is in the picture's last row
	_, err := w.Write(b.Bytes())
	return err == nil
}

// protocolOf returns the protocol of the environment's terminal; nil if none is known.
//
// TERM comes first: every terminal sets it, and ssh passes it on. The other variables are inherited by all programs
// that are started in a terminal. They mean nothing in a multiplexer, which does not pass pictures on.
func protocolOf(getenv func(string) string) protocol {
	term, program := getenv("TERM"), getenv("TERM_PROGRAM")
	family, _, _ := strings.Cut(term, "-")
	switch {
	case slices.ContainsFunc([]string{"TMUX", "STY", "ZELLIJ"}, func(key string) bool { return getenv(key) != "" }),
		slices.Contains([]string{"tmux", "screen", "dumb", "linux", ""}, family), program == "tmux":
		return nil
	case term == "xterm-kitty", term == "xterm-ghostty", program == "ghostty":
		return kitty
	case slices.Contains([]string{"foot", "mlterm", "contour", "yaft"}, family):
		return sixels
	case slices.Contains([]string{"iTerm.app", "WezTerm", "mintty"}, program), getenv("LC_TERMINAL") == "iTerm2":
		return iTerm2
	case program == "" && getenv("KITTY_WINDOW_ID") != "":
		return kitty
	}
	return nil
}

// kitty writes the PNG by the protocol of kitty, https://sw.kovidgoyal.net/kitty/graphics-protocol: in chunks of at
// most 4096 characters that suppress replies (q=2), scaled to the width of a message.
func kitty(w io.Writer, data []byte) error {
	const chunk = 4096
	rest := base64.StdEncoding.EncodeToString(data)
	control := fmt.Sprintf("a=T,f=100,c=%d,", usual)
	for {
		n, more := min(chunk, len(rest)), 0
		if n < len(rest) {
			more = 1
		}
		if _, err := fmt.Fprintf(w, "\033_G%sq=2,m=%d;%s\033\\", control, more, rest[:n]); err != nil || more == 0 {
			return err
		}
		rest, control = rest[n:], ""
	}
}

// iTerm2 writes the PNG by the protocol of iTerm2, https://iterm2.com/documentation-images.html, scaled to the width of
// a message.
func iTerm2(w io.Writer, data []byte) error {
	_, err := fmt.Fprintf(w, "\033]1337;File=inline=1;size=%d;width=%d;preserveAspectRatio=1:%s\a",
		len(data), usual, base64.StdEncoding.EncodeToString(data))
	return err
}

// sixels writes the picture at half its size: terminals crop sixels instead of scaling them, and a column of text is
// about eight pixels wide.
func sixels(w io.Writer, data []byte) error {
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	encoder := sixel.NewEncoder(w)
	if p, ok := picture.(*image.Paletted); ok && len(p.Palette) < 256 { // the encoder reserves one colour
		encoder.Palette = p.Palette
	}
	return encoder.Encode(half(picture))
}

// half returns the picture at half its size: each pixel is the mean of four.
func half(p image.Image) *image.RGBA {
	b := p.Bounds()
	h := image.NewRGBA(image.Rect(0, 0, b.Dx()/2, b.Dy()/2))
	for y := range h.Rect.Dy() {
		for x := range h.Rect.Dx() {
			var sum [3]uint32
			for i := range 4 {
				r, g, b, _ := p.At(b.Min.X+2*x+i%2, b.Min.Y+2*y+i/2).RGBA()
				sum[0], sum[1], sum[2] = sum[0]+r, sum[1]+g, sum[2]+b
			}
			mean := func(i int) uint8 { return uint8(sum[i] / 4 >> 8) } //nolint:gosec // 16 bits, shifted by 8
			h.SetRGBA(x, y, color.RGBA{mean(0), mean(1), mean(2), 0xff})
		}
	}
	return h
}
