package bot

import (
	"context"

	"friendlyfire/charts"
)

// Picture is a chart that is ready to be drawn.
type Picture interface {
	PNG() ([]byte, error)
	SVG() ([]byte, error)
	Text(width int) string // rows of block characters, at most width cells wide
}

// Draw counts what c asks for and returns the picture.
func (r *Reporter) Draw(ctx context.Context, c Chart) (Picture, error) {
	rep, err := r.count(ctx, c)
	if err != nil {
		return nil, err
	}
	return r.Picture(rep), nil
}

// Picture makes the chart that suits the report.
func (r *Reporter) Picture(rep Report) Picture { return rep.kind.chart(r, rep) }

// For returns the Reporter that draws for a platform: with AutoTheme, dark for Discord, which is dark unless its user
// has changed that, and light for all others.
func (r *Reporter) For(platform string) *Reporter {
	suited := *r
	if r.AutoTheme && platform == "discord" {
		suited.Theme = charts.Dark()
	}
	return &suited
}
