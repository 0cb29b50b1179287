package ingest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"friendlyfire/store"
)

// LoginReader reads the logins that succeeded of one file, and of those that it was rotated to, into the store. It
// follows rotation and restarts as Reader does: the offset is kept with what was read.
type LoginReader struct {
	Store    *store.Store
	Name     string // of the source of logins
	Source   Source
	Zone     *time.Location // of times without a zone
	MaxAge   time.Duration  // bans that came after a login and are older than this are history
	Clock    *store.Clock   // nil: it is never in doubt
	Next     func()         // called when bans are to be decided again
	Progress func(Progress) // called after each batch; may be nil

	steps
	zone *time.Location // that the file is read in; nil: not known yet
}

// Step reads new lines, whole ones only, and returns when there are no more. If the file cannot be read, Step returns
// an error and records it in the store.
func (r *LoginReader) Step(ctx context.Context) error {
	return r.take(ctx, "logins "+r.Name, r.step, func(reason string) error {
		return r.Store.LoginsFailed(ctx, r.Name, reason, time.Now())
	})
}

func (r *LoginReader) step(ctx context.Context) error {
	live, missing := r.Source.Stat(ctx)
	if missing != nil && !errors.Is(missing, fs.ErrNotExist) {
		return &unreadable{missing}
	}
	if missing == nil && r.unchanged(live) {
		return nil
	}
	cursor, err := r.Store.LoginCursor(ctx, r.Name)
	if err == nil && r.zone == nil {
		r.zone, err = loadZone(ctx, r.Store, store.LoginZoneKey(r.Name), r.Zone)
	}
	if err != nil {
		return err
	}
	f := loginFollower{
		LoginReader: r, stored: cursor, follower: follower{source: r.Source, cursor: cursor, finished: r.finished},
	}
	f.content = &f
	defer f.switchTo(nil)
	files, at, err := f.findStart(ctx, live, missing)
	if err == nil && f.tail != nil {
		err = f.follow(ctx, files[at:])
	}
	if err == nil {
		r.finished, r.seenAt = files, time.Now()
	}
	return err
}

// loginFollower reads the logins of a file for one step.
type loginFollower struct {
	*LoginReader
	follower
	stored store.Cursor // what the store knows
	batch  store.LoginBatch
	logins int
}

func (f *loginFollower) lose(string) { f.batch.Gaps++ }

func (f *loginFollower) tear() {
	f.batch.Lines++
	f.reject(errUnfinished)
}

func (f *loginFollower) reject(r reason) {
	if f.batch.Rejects == nil {
		f.batch.Rejects = map[string]int{}
	}
	f.batch.Rejects[string(r)]++
}

// continues reports true: a login that is read again adds nothing.
func (f *loginFollower) continues([]byte) bool { return true }

// read reads the rest of the file into the store.
func (f *loginFollower) read(ctx context.Context) error {
	first, err := f.tail.firstBytes()
	if err != nil {
		return &unreadable{err}
	}
	if isDatabase(first) {
		return &unreadable{ErrDatabase}
	}
	clock := &localTime{zone: f.zone, last: f.cursor.LastTime.Unix()}
	lines := newLoginParser(clock, time.Unix(0, f.tail.info.Modified), time.Now())
	for end := false; !end; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err = f.collect(lines); err != nil && !errors.Is(err, io.EOF) {
			return &unreadable{err}
		}
		if end = err != nil; end {
			if err := f.checkZone(ctx, clock); err != nil {
				return err
			}
		}
		if err := f.save(ctx, clock, end); err != nil {
			return err
		}
	}
	return nil
}

// collect fills the batch. At the end of the file it returns io.EOF.
func (f *loginFollower) collect(lines *loginParser) error {
	from := f.tail.offset
	for f.batch.Lines < batchLines && f.tail.offset-from < batchBytes {
		line, err := f.tail.next()
		var login store.Login
		switch {
		case err == nil:
			login, err = lines.parse(line)
		case errors.Is(err, errSkip):
			continue
		case !errors.Is(err, errLong):
			return err
		}
		f.cursor.Line++
		f.batch.Lines++
		switch err := err.(type) { //nolint:errorlint // neither is ever wrapped
		case nil:
			f.batch.Logins = append(f.batch.Logins, login)
		case reason:
			f.reject(err)
		case other:
			if f.batch.Others == nil {
				f.batch.Others = map[string]int{}
			}
			f.batch.Others[string(err)]++
		}
	}
	return nil
}

// checkZone returns errZoneShift if the lines that were just read from the end of the live file show another zone.
func (f *loginFollower) checkZone(ctx context.Context, clock *localTime) error {
	shift := f.shift(clock.local, f.seenAt)
	if shift == 0 {
		return nil
	}
	var err error
	f.zone, err = f.shiftZone(ctx, f.Store, store.LoginZoneKey(f.Name), f.Zone, f.zone, shift)
	return err
}

// save saves the batch, if it has anything new.
func (f *loginFollower) save(ctx context.Context, clock *localTime, end bool) error {
	c := &f.cursor
	f.tail.saveTo(c)
	c.LastTime = clock.lastTime()
	c.Size = max(c.Offset+1, f.tail.info.Size)
	if end {
		c.Size = c.Offset // an unfinished line cannot be read at once
	}
	if known := f.batch.Lines == 0 && c.Offset == f.stored.Offset && c.Size == f.stored.Size; known || c.Offset == 0 {
		return nil
	}
	b := f.batch
	f.batch = store.LoginBatch{Logins: b.Logins[:0]}
	b.Source, b.Cursor, b.ReadAt = f.Name, *c, time.Now()
	b.NewsSince, _ = f.newsBy(b.ReadAt, f.Clock, f.MaxAge)
	reopened, err := f.Store.AddLogins(ctx, b)
	if err != nil {
		return err
	}
	f.stored, f.logins = *c, f.logins+len(b.Logins)
	if f.Progress != nil {
		f.Progress(Progress{Source: f.Name, Done: c.Offset, Size: c.Size, Bans: f.logins})
	}
	if reopened > 0 {
		f.Next()
	}
	return nil
}
