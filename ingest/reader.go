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

	// Forward keeps what is new to be published, too: this is an agent.
	Forward bool

	// Configured are the names of all sources. One that was read under a name that is not among them may have been
	// renamed to this one; none: that is not looked into.
	Configured []string

	steps
	log       *logState
	zone      *time.Location // that the source is read in; nil: not known yet
	readIn    string         // label of the zone that spans belong to; "": they are not known
	spans     []store.Span   // bans that were read in other zones
	reading   string         // what is to be kept of that with the next batch; "": nothing
	readToEnd bool           // the store knows that the source was read to its end
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
	batchLines = 36_000
	batchBytes = 8 << 20
)

// Step reads new lines, whole ones only, and returns when there are no more. A file that was rotated away is first read
// to its end. If a file cannot be read, Step returns an error and records it in the store.
func (r *Reader) Step(ctx context.Context) error {
	step := func(ctx context.Context) error {
		err := r.step(ctx)
		if err != nil {
			r.finished, r.log = nil, nil // lines may be read again, and must not be counted twice
		}
		return err
	}
	return r.take(ctx, "source "+r.Name, step, func(reason string) error {
		return r.Store.SourceFailed(ctx, r.Name, reason, time.Now())
	})
}

// steps is what a reader remembers of its files from one step to the next.
type steps struct {
	finished    []Info    // the files there were when everything had been read
	seenAt      time.Time // when everything had been read
	reportedOK  bool      // the store knows that the source can be read
	reportedBad bool      // the store knows that it cannot
}

// take takes a step, again where files were rotated or the zone was found out meanwhile. It tells the store why the
// source cannot be read, or with "" that it can.
func (p *steps) take(
	ctx context.Context, what string, step func(context.Context) error, tell func(reason string) error,
) error {
	err := errRotated
	for try := 0; try < 10 && (errors.Is(err, errRotated) || errors.Is(err, errZoneShift)); try++ {
		err = step(ctx)
	}
	if err != nil {
		p.finished = nil
	}
	if errors.Is(err, errRotated) {
		return nil // left to the next step
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
	}
	if ctx.Err() != nil {
		return err
	}
	failure, failed := errors.AsType[*unreadable](err)
	switch {
	case failed:
		untold := tell(store.Clean(failure.reason(), 200))
		p.reportedOK, p.reportedBad = false, untold == nil
		return errors.Join(err, untold)
	case err == nil && !p.reportedOK:
		err = tell("")
		p.reportedOK, p.reportedBad = err == nil, false
	}
	return err
}

// unchanged reports whether the live file is all there is, and has been read as it is.
func (p *steps) unchanged(live Info) bool {
	if len(p.finished) != 1 || p.finished[0] != live {
		return false
	}
	p.seenAt = time.Now()
	return true
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
	if missing == nil && r.unchanged(live) {
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
	if r.zone == nil {
		if r.zone, err = loadZone(ctx, r.Store, store.ZoneKey(r.Name), r.Zone); err != nil {
			return err
		}
	}
	f := banFollower{
		Reader: r, stored: cursor, follower: follower{source: r.Source, cursor: cursor, finished: r.finished},
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
	if err == nil && !r.readToEnd {
		err = r.Store.ReadToEnd(ctx, r.Name)
		r.readToEnd = err == nil
	}
	return err
}
