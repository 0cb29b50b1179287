package bot

import (
	"context"
	"fmt"
)

// Picture is a chart that is ready to be drawn.
type Picture interface {
	PNG() ([]byte, error)
	SVG() ([]byte, error)
	Text(width int) string // rows of block characters, at most width cells wide
}

// Draw counts what c asks for and returns the picture as PNG.
func (r *Reporter) Draw(ctx context.Context, c Chart) ([]byte, error) {
	rep, err := r.count(ctx, c)
	if err != nil {
		return nil, err
	}
	return r.Picture(rep).PNG()
}

// Picture makes the chart that suits the report.
func (r *Reporter) Picture(rep Report) Picture { return rep.kind.chart(r, rep) }

// subtitle is the period, the totals and the zone.
func (r *Reporter) subtitle(rep Report) string {
	period := r.Words.period(rep.Since, rep.Window)
	if rep.Total == 0 {
		return period
	}
	s := fmt.Sprintf("%s · %s of %s", period, plural(rep.Total, "ban"), plural(rep.Addresses, "address"))
	if rep.Before > 0 {
		s += fmt.Sprintf(" · %s on the %s before", change(rep.Total, rep.Before), length(rep.Since))
	}
	return s
}
