// Package charts turns numbers into pictures: PNG for a chat, SVG for a web page, and rows of block characters for a
// terminal or a chat that takes no pictures.
//
// It knows nothing of bans, countries or chats. A caller fills in a struct (BarChart, TimeChart, HeatMap, ShareChart)
// and asks it for PNG, SVG or Text. The zero value of every chart draws: it says that there is nothing to show.
//
// Every value is safe to draw. Labels may hold foreign text: what cannot be printed is dropped or replaced, and what
// does not fit is cut with an ellipsis. Numbers that make no sense in a chart of counts (negative, NaN, infinite)
// count as zero.
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

// Size of a picture in pixels. Telegram and Discord scale photos to about this width, so more would cost time and
// show nothing. Charts with few rows are less high than Height.
const (
	Width  = 1280
	Height = 800
)

// slots bounds how many pictures are drawn at the same time: each holds about 8 MB while it is drawn.
var slots = make(chan struct{}, 2)

// nothing is what an empty chart says when its caller has no words of his own.
const nothing = "No bans in this period"

// plan is a chart that has been laid out: its size is known, and how to draw it.
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
	// The raster renderer takes a point for 1/64 of its resolution, the vector one for 1/72.
	r.SetDPI(64)

	// The renderer hands out the image it draws on, so that the paper is laid by a plain copy: filling 1280x800
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

// blank is the plan of a chart without data: its headings, and one quiet sentence.
func blank(t Theme, title, subtitle, sentence string) plan {
	t = t.orLight()
	return plan{height: 480, theme: t, draw: func(s *sheet) {
		top := s.header(title, subtitle)
		size := 28.0
		sentence := fit(cmp.Or(sentence, nothing), size, Width-2*margin)
		s.text(Width/2, (top+s.height)/2-10, size, middle, t.muted, sentence)
	}}
}
