package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"friendlyfire/store"
)

// follower follows a source across log rotation for one step. The rotated files form a chain, with the live file as
// the last. The cursor's file is recognized by its content; it is read to its end, and then those after it.
type follower struct {
	*Reader
	cursor  store.Cursor // of the file
	stored  store.Cursor // what the store knows
	tail    *tail        // nil: none
	rotated []Info       // the rotated files that findStart saw
	batch   store.Batch  // being read
	saving  store.Batch  // being saved
	bans    int
}

// switchTo closes the current file, and makes t the current one.
func (f *follower) switchTo(t *tail) {
	if f.tail != nil {
		f.tail.close()
	}
	f.tail = t
}

// tryOpen opens the file and reports true if it is the cursor's.
func (f *follower) tryOpen(ctx context.Context, i Info) (bool, error) {
	if i.Size < f.cursor.Offset && i.Rotation == "" {
		return false, nil
	}
	t, err := openTail(ctx, f.Source, i, f.cursor)
	if _, damaged := errors.AsType[damage](err); damaged || errors.Is(err, fs.ErrNotExist) {
		return false, nil // it cannot be told, or was rotated away meanwhile
	}
	if err != nil {
		return false, &unreadable{err}
	}
	if t != nil {
		f.switchTo(t)
	}
	return t != nil, nil
}

// unambiguousBytes is how much of a file must have been read for its content to identify it. A file of which only a
// header was read looks like any other with the same header.
const unambiguousBytes = 256

// findStart opens the cursor's file. It returns the chain of files, as far as it had to look, and the index of that
// file. If there is nothing new it opens none.
func (f *follower) findStart(ctx context.Context, live Info, missing error) (chain []Info, at int, err error) {
	if missing == nil {
		found, err := f.tryOpen(ctx, live)
		if err != nil || found && (f.cursor.Offset == 0 || f.cursor.Offset >= unambiguousBytes) {
			return []Info{live}, 0, err
		}
	} else if f.cursor.Offset == 0 {
		return nil, 0, &unreadable{missing}
	}
	if f.rotated, err = f.listRotated(ctx); err != nil {
		return nil, 0, err
	}
	chain = slices.Clone(f.rotated)
	if missing == nil {
		chain = append(chain, live)
	}
	if len(chain) == 0 {
		// deleted: log rotation would have left the cursor's file under another name
		return nil, 0, &unreadable{missing}
	}
	if slices.Equal(chain, f.finished) {
		f.switchTo(nil)
		return chain, 0, nil
	}
	if f.tail != nil {
		return f.findAmbiguousStart(ctx, chain)
	}
	for at, i := range slices.Backward(f.rotated) {
		if found, err := f.tryOpen(ctx, i); err != nil || found {
			return chain, at, err
		}
	}
	if missing != nil {
		return nil, 0, &unreadable{missing}
	}
	if live.Size == 0 {
		return chain, 0, nil // truncated: wait for new content
	}
	f.cursor = store.Cursor{Generation: f.cursor.Generation + 1}
	f.batch.Gaps = append(f.batch.Gaps, string(errVanished))
	_, err = f.tryOpen(ctx, live)
	return chain, len(f.rotated), err
}

// listRotated returns the rotated files, oldest first.
func (f *follower) listRotated(ctx context.Context) ([]Info, error) {
	all, err := f.Source.Rotated(ctx)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &unreadable{err}
	}
	return sortRotated(all), nil
}

// findAmbiguousStart is findStart for a cursor with so little content that the last file of the chain, though it
// matches and is open, need not be the cursor's. A matching file that was rotated since then is.
func (f *follower) findAmbiguousStart(ctx context.Context, chain []Info) ([]Info, int, error) {
	last := len(chain) - 1
	for at, i := range chain[:last] {
		if i.Modified <= f.cursor.Modified {
			continue
		}
		if found, err := f.tryOpen(ctx, i); err != nil || found {
			f.cursor.Generation++
			return chain, at, err
		}
	}
	return chain[last:], 0, nil
}

// follow reads the files to their ends. It moves on to the next file only if a later one has content, which shows that
// the writer has moved on, too.
func (f *follower) follow(ctx context.Context, files []Info) error {
	for n, i := range files {
		opened := n == 0
		if !opened {
			var err error
			if opened, err = f.nextFile(ctx, i); err != nil {
				return err
			}
		}
		if opened {
			if err := f.read(ctx); err != nil {
				return err
			}
		}
		if !slices.ContainsFunc(files[n+1:], func(i Info) bool { return i.Size > 0 }) {
			return nil
		}
	}
	return nil
}

// errRotated says that files were rotated during a step, so that a name may mean another file by now.
var errRotated = errors.New("files were rotated meanwhile")

// nextFile moves on to the start of the next file. It reports false if not even the start of that file can be read.
func (f *follower) nextFile(ctx context.Context, i Info) (bool, error) {
	t, err := openTail(ctx, f.Source, i, store.Cursor{})
	if errors.Is(err, fs.ErrNotExist) {
		return false, errRotated
	}
	damaged, unread := errors.AsType[damage](err)
	if err != nil && !unread {
		return false, &unreadable{err}
	}
	rotated, err := f.listRotated(ctx)
	if err == nil && !slices.Equal(rotated, f.rotated) && (i.Rotation == "" || !slices.Contains(rotated, i)) {
		err = errRotated
	}
	if err != nil {
		if t != nil {
			t.close()
		}
		return false, err
	}
	if unread {
		f.batch.Gaps = append(f.batch.Gaps, string(damaged))
		return false, nil
	}
	if f.tail.damage != "" {
		f.batch.Gaps = append(f.batch.Gaps, string(f.tail.damage))
	}
	if f.tail.unfinished() {
		f.batch.Lines++
		f.batch.Rejects = append(f.batch.Rejects, store.Reject{Line: f.cursor.Line + 1, Reason: errUnfinished.Error()})
	}
	f.switchTo(t)
	first, err := t.firstBytes()
	if err != nil {
		return false, &unreadable{err}
	}
	f.cursor = store.Cursor{Generation: f.cursor.Generation, Columns: f.cursor.Columns, LastTime: f.cursor.LastTime}
	if !f.continues(first) {
		f.cursor.Generation, f.cursor.LastTime = f.cursor.Generation+1, time.Time{}
	}
	return true, nil
}

// continues reports whether a file with these first bytes continues the previous one, so that its lines are new: its
// first ban is no older than the last one. Otherwise it may be a copy of a file that was read, named like a rotated
// one.
func (f *follower) continues(first []byte) bool {
	lines := f.parser(first, &logState{})
	for line := range bytes.Lines(first) {
		if ban, found, _ := lines.parse(bytes.TrimRight(line, "\r\n")); found {
			return !ban.Time.Before(f.cursor.LastTime.Add(-tolerance * time.Second))
		}
	}
	return false
}

// parser returns a parser of the current file.
func (f *follower) parser(first []byte, state *logState) *parser {
	return newParser(f.Format, file{
		zone: f.zone, cursor: f.cursor, first: first, written: time.Unix(0, f.tail.info.Modified), state: state,
	})
}

// read reads the rest of the file into the store. One batch is saved while the next is read.
func (f *follower) read(ctx context.Context) error {
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
func (f *follower) collect(lines *parser) error {
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
func (f *follower) save(ctx context.Context, lines *parser, end bool) (wait func() error) {
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
	b.Source, b.Cursor, b.ReadAt, b.Place = f.Name, *c, now, f.Place
	b.NewsSince, b.NewsUntil = f.news(now)
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
		if f.Progress != nil {
			f.Progress(Progress{Source: f.Name, Done: b.Cursor.Offset, Size: b.Cursor.Size, Bans: f.bans})
		}
		if added > 0 || end {
			f.Next()
		}
		return nil
	}
}
