package ingest

import (
	"context"
	"errors"
	"io"

	"friendlyfire/store"
)

// recalled is how much of a log is read again after a start, before the place where it was left, in bytes: some 9,000
// failures. Those in an earlier file, or further back, are not remembered.
const recalled = 1 << 20

// recall brings back what the lines before the cursor say about those that follow. A file that cannot be read again
// says nothing, and of a live file with nothing new nobody asks yet.
func (f *banFollower) recall(ctx context.Context, first []byte) error {
	if f.tail.info.Rotation == "" {
		if more, err := f.tail.more(); err != nil {
			return &unreadable{err}
		} else if !more {
			return nil
		}
	}
	f.log = &logState{}
	lines := f.parser(first, f.log)
	if lines.log == nil {
		return nil
	}
	rules, err := f.Store.Rules(ctx, f.Name)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if r.Setting == store.FindTime && r.Value > 0 {
			f.log.tries.setFindTime("", r.Jail, r.Value)
		}
	}
	if f.cursor.Offset == 0 {
		return nil
	}
	in, err := (&Importer{Source: f.Source}).open(ctx, f.tail.info)
	if err != nil {
		return ctx.Err()
	}
	defer in.Close() //nolint:errcheck // nothing was written
	from := max(0, f.cursor.Offset-recalled)
	if err := in.skip(from); err != nil {
		return ctx.Err()
	}
	in.in = io.LimitReader(in.in, f.cursor.Offset-from)
	t := &tail{in: in, buf: make([]byte, 0, smallBuf), skipping: from > 0} // from a whole line on
	lines.clock.last = 0
	for ctx.Err() == nil {
		line, err := t.next()
		switch {
		case err == nil:
			_, _, _ = lines.parse(line)
		case !errors.Is(err, errLong) && !errors.Is(err, errSkip):
			return ctx.Err()
		}
	}
	return ctx.Err()
}
