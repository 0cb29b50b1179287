package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"friendlyfire/app"
	"friendlyfire/config"
	"friendlyfire/ingest"
)

// justRotated says what is known of a file here that was rotated and has no line of its own yet: the bans are in the
// file before, and the next one makes the file anew. It is "" where that is not so.
func justRotated(ctx context.Context, a *app.App, c config.Source, now ingest.Preview, err error) string {
	gone := errors.Is(err, fs.ErrNotExist)
	if c.Path == "" || app.IsSample(c) || !gone && (err != nil || now.Lines > 0) {
		return ""
	}
	rotated, err := ingest.Local{Path: c.Path}.Rotated(ctx)
	if err != nil || len(rotated) == 0 {
		return ""
	}
	newest := slices.MaxFunc(rotated, func(a, b ingest.Info) int { return cmp.Compare(a.Modified, b.Modified) })
	reader := a.Reader(c)
	reader.Source = ingest.Local{Path: newest.Name}
	before, err := reader.Peek(ctx)
	if err != nil || before.Last == nil || time.Since(before.Modified) > max(oldFile, c.SilentAfter) {
		return ""
	}
	return c.Path + " was rotated and has no line yet; last ban " + localTime(before.Last.Time, c.Timezone) + ", in " + newest.Name
}
