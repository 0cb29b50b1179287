// Package ingest reads bans from files that Fail2Ban writes, continuing where it stopped the last time.
//
// Lines go in at one end and bans come out at the other. The package knows what a line means and which file it came
// from, but not where addresses are or who should hear about them.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"friendlyfire/store"
)

// Reader reads the bans of one source into the store.
type Reader struct {
	Store    *store.Store
	Name     string // of the source
	Source   Source
	Format   string         // "csv", "log", or "auto": by the file's first lines
	Zone     *time.Location // of times without a zone
	MaxAge   time.Duration  // bans older than this when they are read are history
	Clock    *store.Clock   // nil: it is never in doubt
	Place    store.Place    // looks up new addresses in the offline table; nil: that is done later
	Next     func()         // called when bans were added
	Progress func(Progress) // called after each batch; may be nil

	// Configured are the names of all sources. One that was read under a name that is not among them may have been
	// renamed to this one; none: that is not looked into.
	Configured []string

	log        *logState
	zone       *time.Location // that the source is read in; nil: not known yet
	readIn     string         // label of the zone that spans belong to; "": they are not known
	spans      []store.Span   // bans that were read in other zones
	seenAt     time.Time      // when everything had been read
	finished   []Info         // the files there were when everything had been read
	reportedOK bool           // the store knows that the source can be read
	readToEnd  bool           // the store knows that the source was read to its end
}

// Progress is how far a reader has come within a file.
type Progress struct {
	Source     string
	Done, Size int64 // bytes
	Bans       int   // read in this step
}

// Limits of a batch, which is saved in one transaction. They bound the memory, and what must be read again after a
// kill.
const (
	batchLines = 50_000
	batchBytes = 8 << 20
)

// Step reads new lines, whole ones only, and returns when there are no more. A file that was rotated away is first read
// to its end. If a file cannot be read, Step returns an error and records it in the store.
func (r *Reader) Step(ctx context.Context) error {
	err := errRotated
	for try := 0; try < 10 && (errors.Is(err, errRotated) || errors.Is(err, errZoneShift)); try++ {
		if err = r.step(ctx); err != nil {
			r.finished, r.log = nil, nil // lines may be read again, and must not be counted twice
		}
	}
	if errors.Is(err, errRotated) {
		return nil // left to the next step
	}
	if err != nil {
		err = fmt.Errorf("source %s: %w", r.Name, err)
	}
	if ctx.Err() != nil {
		return err
	}
	failure, failed := errors.AsType[*unreadable](err)
	switch {
	case failed:
		r.reportedOK = false
		return errors.Join(err, r.Store.SourceFailed(ctx, r.Name, store.Clean(failure.reason(), 200), time.Now()))
	case err == nil && !r.reportedOK:
		err = r.Store.SourceFailed(ctx, r.Name, "", time.Now())
		r.reportedOK = err == nil
	}
	return err
}

// unreadable is an error of the source, not of the store.
type unreadable struct{ error }

func (e *unreadable) Unwrap() error { return e.error }

// reason is the error as the store keeps it.
func (e *unreadable) reason() string {
	if !errors.Is(e, fs.ErrNotExist) {
		return e.Error()
	}
	if path, ok := errors.AsType[*fs.PathError](e); ok {
		return store.NoFile + ": " + path.Path
	}
	return store.NoFile
}

func (r *Reader) step(ctx context.Context) error {
	live, missing := r.Source.Stat(ctx)
	if missing != nil && !errors.Is(missing, fs.ErrNotExist) {
		return &unreadable{missing}
	}
	if missing == nil && len(r.finished) == 1 && r.finished[0] == live {
		r.seenAt = time.Now()
		return nil
	}
	cursor, err := r.Store.Cursor(ctx, r.Name)
	if err == nil && cursor.Head == nil && len(r.Configured) > 0 && missing == nil && live.Size > 0 {
		var adopted bool
		if adopted, err = r.adopt(ctx, live); adopted && err == nil {
			r.zone = nil
			cursor, err = r.Store.Cursor(ctx, r.Name)
		}
	}
	if err != nil {
		return err
	}
	if _, err := r.loadZone(ctx); err != nil {
		return err
	}
	f := follower{Reader: r, cursor: cursor, stored: cursor}
	defer f.switchTo(nil)
	files, at, err := f.findStart(ctx, live, missing)
	if err == nil && f.tail != nil {
		err = f.follow(ctx, files[at:])
	}
	if err == nil {
		r.finished, r.seenAt = files, time.Now()
	}
	if err == nil && !r.readToEnd {
		err = r.Store.ReadToEnd(ctx, r.Name)
		r.readToEnd = err == nil
	}
	return err
}
