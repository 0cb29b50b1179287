package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"friendlyfire/store"
)

// banFollower reads the bans of a source for one step.
type banFollower struct {
	*Reader
	follower
	stored store.Cursor // what the store knows
	batch  store.Batch  // being read
	saving store.Batch  // being saved
	bans   int
}

func (f *banFollower) lose(reason string) { f.batch.Gaps = append(f.batch.Gaps, reason) }

func (f *banFollower) tear() {
	f.batch.Lines++
	f.batch.Rejects = append(f.batch.Rejects, store.Reject{Line: f.cursor.Line + 1, Reason: errUnfinished.Error()})
}

// continues reports whether a file with these first bytes continues the previous one, so that its lines are new: its
// first ban is no older than the last one. Otherwise it may be a copy of a file that was read, named like a rotated
// one.
func (f *banFollower) continues(first []byte) bool {
	lines := f.parser(first, &logState{})
	for line := range bytes.Lines(first) {
		if ban, found, _ := lines.parse(bytes.TrimRight(line, "\r\n")); found {
			return !ban.Time.Before(f.cursor.LastTime.Add(-tolerance * time.Second))
		}
	}
	return false
}

// parser returns a parser of the current file.
func (f *banFollower) parser(first []byte, state *logState) *parser {
	return newParser(f.Format, file{
		zone: f.zone, cursor: f.cursor, first: first, written: time.Unix(0, f.tail.info.Modified), state: state,
	})
}

// read reads the rest of the file into the store. One batch is saved while the next is read.
func (f *banFollower) read(ctx context.Context) error {
	first, err := f.tail.firstBytes()
	if err != nil {
		return &unreadable{err}
	}
	if isDatabase(first) {
		return &unreadable{ErrDatabase}
	}
	if f.log == nil {
		if err := f.recall(ctx, first); err != nil {
			return err
		}
	}
	lines := f.parser(first, f.log)
	if lines.log != nil {
		lines.log.end = func(e store.End) {
			e.After = len(f.batch.Bans)
			f.batch.Ends = append(f.batch.Ends, e)
		}
		lines.log.rule = func(r store.Rule) { f.batch.Rules = append(f.batch.Rules, r) }
	}
	saved := func() error { return nil }
	for end := false; !end && err == nil; {
		if err = ctx.Err(); err != nil {
			break
		}
		if err = f.collect(lines); errors.Is(err, io.EOF) {
			end, err = true, nil
		}
		if err != nil {
			err = &unreadable{err}
			break
		}
		if end {
			if err := f.checkZone(ctx, lines); err != nil {
				return errors.Join(err, saved())
			}
		}
		f.batch.Prepare()
		if err := saved(); err != nil {
			return err
		}
		if f.batch.Earlier, err = f.earlier(ctx); err != nil {
			return err
		}
		saved = f.save(ctx, lines, end)
	}
	return errors.Join(err, saved())
}

// collect fills the batch. At the end of the file it returns io.EOF.
func (f *banFollower) collect(lines *parser) error {
	from := f.tail.offset
	for f.batch.Lines < batchLines && f.tail.offset-from < batchBytes {
		line, err := f.tail.next()
		var ban store.Ban
		found := false
		switch {
		case err == nil:
			ban, found, err = lines.parse(line)
		case errors.Is(err, errSkip):
			continue
		case !errors.Is(err, errLong):
			return err
		}
		f.cursor.Line++
		f.batch.Lines++
		if found {
			f.batch.Bans = append(f.batch.Bans, ban)
		}
		switch err := err.(type) { //nolint:errorlint // neither is ever wrapped
		case reason:
			f.batch.Rejects = append(f.batch.Rejects, store.Reject{Line: f.cursor.Line, Reason: string(err)})
			if found {
				f.batch.Lines++ // two lines in one
			}
		case other:
			f.batch.Other(string(err))
		}
	}
	return nil
}

// save starts saving the batch, if it has anything new. The function that it returns waits until that is done.
func (f *banFollower) save(ctx context.Context, lines *parser, end bool) (wait func() error) {
	c := &f.cursor
	f.tail.saveTo(c)
	c.Columns, c.LastTime = lines.decision(), lines.clock.lastTime()
	c.Size = max(c.Offset+1, f.tail.info.Size)
	if end {
		c.Size = c.Offset // an unfinished line cannot be read at once
	}
	known := f.batch.Lines == 0 && c.Offset == f.stored.Offset && c.Size == f.stored.Size
	if known || c.Offset == 0 {
		return func() error { return nil }
	}
	now := time.Now()
	lines.nameServers(&f.batch)
	f.batch.Open = lines.log != nil
	f.batch, f.saving = store.Batch{
		Bans: f.saving.Bans[:0], Ends: f.saving.Ends[:0], Rules: f.saving.Rules[:0], Rejects: f.saving.Rejects[:0],
	}, f.batch
	b := &f.saving
	b.Source, b.Cursor, b.ReadAt, b.Place, b.Forward = f.Name, *c, now, f.Place, f.Forward
	b.NewsSince, b.NewsUntil = f.news(now)
	if f.reading != "" {
		b.Values = map[string]string{readingKey + f.Name: f.reading}
	}
	var added int
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		added, err = f.Store.AddBans(ctx, *b)
	}()
	return func() error {
		if <-done; err != nil {
			return err
		}
		f.stored, f.bans = b.Cursor, f.bans+len(b.Bans)
		if f.reading == b.Values[readingKey+f.Name] {
			f.reading = ""
		}
		if f.Progress != nil {
			f.Progress(Progress{Source: f.Name, Done: b.Cursor.Offset, Size: b.Cursor.Size, Bans: f.bans})
		}
		if added > 0 || end {
			f.Next()
		}
		return nil
	}
}
