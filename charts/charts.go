// Package charts turns numbers into pictures: PNG for a chat, SVG for a web page, and rows of block characters for a
// terminal or a chat that takes no pictures.
//
// It knows nothing about bans, countries or chats. A caller fills in a struct (BarChart, TimeChart, HeatMap,
// ShareChart) and calls its PNG, SVG or Text. The zero value of every chart can be drawn: it says that there is nothing
// to show.
//
// Every value is safe to draw. Labels may contain foreign text: characters that cannot be printed are dropped or
// replaced, and text that does not fit is truncated with an ellipsis. Numbers that make no sense in a chart of counts
// (negative, NaN, infinite) count as zero.
package charts

import (
	"bytes"
	"cmp"
	"errors"
	"html"
	"image"
	"image/draw"

	"github.com/wcharczuk/go-chart/v2"
)

// Size of a picture in pixels. Telegram and Discord scale photos to about this width, so a larger one would cost time
// and show no more. Charts with few rows are lower than Height.
const (
	Width  = 1280
	Height = 800
)

// slots limits how many pictures are drawn at the same time: each takes about 8 MB meanwhile.
var slots = make(chan struct{}, 2)

// defaultEmpty is the text of an empty chart, unless its caller sets another.
const defaultEmpty = "No bans in this period"

// plan is a chart that has been laid out.
type plan struct {
	height int
	theme  Theme
	draw   func(*sheet)
}

func (p plan) png() ([]byte, error) {
	slots <- struct{}{}
	defer func() { <-slots }()

	r, err := chart.PNG(Width, p.height)
	if err != nil {
		return nil, err
	}
	// The raster renderer converts points at 64 to the inch, the vector one at 72: a point is then a pixel.
	r.SetDPI(64)

	// The renderer returns the image on which it draws, so that the background can be a plain copy: filling 1280x800
	// pixels as a path takes longer than all the rest of a chart.
	var w chart.ImageWriter
	if err := r.Save(&w); err != nil {
		return nil, err
	}
	img, err := w.Image()
	if err != nil {
		return nil, err
	}
	canvas, ok := img.(*image.RGBA)
	if !ok {
		return nil, errors.New("charts: the renderer draws on an unknown kind of image")
	}
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(p.theme.paper), image.Point{}, draw.Src)

	p.draw(&sheet{Renderer: r, Theme: p.theme, height: p.height, literal: asIs})
	return encode(canvas, p.theme.flat())
}

func (p plan) svg() ([]byte, error) {
	slots <- struct{}{}
	defer func() { <-slots }()

	r, err := chart.SVG(Width, p.height)
	if err != nil {
		return nil, err
	}
	r.SetDPI(72)
	s := &sheet{Renderer: r, Theme: p.theme, height: p.height, literal: html.EscapeString}
	s.rect(0, 0, Width, p.height, p.theme.paper)
	p.draw(s)

	var b bytes.Buffer
	if err := r.Save(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// blank is the plan of a chart without data: its head, and one muted sentence.
func blank(t Theme, h Head, sentence string) plan {
	t, head := t.orLight(), h.lay()
	height := head.bottom() + 150
	return plan{height: height, theme: t, draw: func(s *sheet) {
		head.draw(s)
		sentence := fit(cmp.Or(sentence, defaultEmpty), textSize, Width-2*margin)
		s.text(Width/2, head.bottom()+60, textSize, middle, t.muted, sentence)
	}}
}
