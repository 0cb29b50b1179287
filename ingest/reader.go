// Package ingest reads bans from the files that Fail2Ban leaves, from where it stopped the last time.
//
// Lines go in at one end and bans come out at the other. What a line means is known here, and which file it stood in;
// where addresses are and who should hear of them is not.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"friendlyfire/store"
)

// Reader brings the bans of one source into the store.
type Reader struct {
	Store    *store.Store
	Name     string // of the source
	Source   Source
	Format   string         // "csv", "log", or "auto": by the file's first lines
	Zone     *time.Location // of times that do not say theirs
	MaxAge   time.Duration  // bans older than this when they are read are history
	Place    store.Place    // places new addresses; nil: that is done later
	Next     func()         // called when bans were added
	Progress func(Progress) // called after each batch; nil: nobody watches

	rest   []Info // the files there were when everything had been read
	healed bool   // the store knows that the source can be read
}

// Progress is how far a reader has come within a file.
type Progress struct {
	Source     string
	Done, Size int64 // bytes
	Bans       int   // read in this step
}

// A batch is what one transaction keeps: it bounds the memory, and what a kill leaves to be read again.
const (
	batchLines = 50_000
	batchBytes = 8 << 20
)

// Step reads what is new, whole lines only, and returns when there is no more. A file that was rotated away is first
// read to its end. A file that cannot be read is an error, which the store notes as well.
func (r *Reader) Step(ctx context.Context) error {
	err := errMoved
	for try := 0; try < 10 && errors.Is(err, errMoved); try++ {
		err = r.step(ctx)
	}
	if err != nil {
		r.rest = nil
	}
	if errors.Is(err, errMoved) {
		return nil // the next step goes on
	}
	if err != nil {
		err = fmt.Errorf("source %s: %w", r.Name, err)
	}
	if ctx.Err() != nil {
		return err
	}
	trouble, failed := errors.AsType[*unreadable](err)
	switch {
	case failed:
		r.healed = false
		return errors.Join(err, r.Store.SourceFailed(ctx, r.Name, store.Clean(trouble.Error(), 200), time.Now()))
	case err == nil && !r.healed:
		err = r.Store.SourceFailed(ctx, r.Name, "", time.Now())
		r.healed = err == nil
	}
	return err
}

// unreadable is trouble with the source, not with the store.
type unreadable struct{ error }

func (e *unreadable) Unwrap() error { return e.error }

func (r *Reader) step(ctx context.Context) error {
	live, missing := r.Source.Stat(ctx)
	if missing != nil && !errors.Is(missing, fs.ErrNotExist) {
		return &unreadable{missing}
	}
	if missing == nil && len(r.rest) == 1 && r.rest[0] == live {
		return nil
	}
	cursor, err := r.Store.Cursor(ctx, r.Name)
	if err != nil {
		return err
	}
	p := follower{Reader: r, cursor: cursor, stored: cursor}
	defer p.load(nil)
	files, at, err := p.begin(ctx, live, missing)
	if err == nil && p.tail != nil {
		err = p.follow(ctx, files[at:])
	}
	if err == nil {
		r.rest = files
	}
	return err
}
