package ingest

import (
	"context"
	"time"
)

// FileReader reads one of the files of a Group: a Reader or a LoginReader.
type FileReader interface {
	Step(ctx context.Context) error

	name() string
	readFrom(s Source)
	toldBad() bool // the store knows that the file cannot be read
	// failingSince is since when it cannot be read, as the store knows; zero: it can.
	failingSince(ctx context.Context) (time.Time, error)
	// rename gives what the store has of the file under another name to the present one.
	rename(ctx context.Context, old string) error
	// compareWith has the file compared with sources that are not among the names: it may be one of them, renamed.
	compareWith(names []string)
}

func (p *steps) toldBad() bool { return p.reportedBad }

func (r *Reader) name() string               { return r.Name }
func (r *Reader) readFrom(s Source)          { r.Source = s }
func (r *Reader) compareWith(names []string) { r.Configured = names }

func (r *Reader) failingSince(ctx context.Context) (time.Time, error) {
	return r.Store.FailingSince(ctx, r.Name)
}

func (r *Reader) rename(ctx context.Context, old string) error {
	_, err := r.Store.RenameSource(ctx, old, r.Name)
	return err
}

func (r *LoginReader) name() string         { return r.Name }
func (r *LoginReader) readFrom(s Source)    { r.Source = s }
func (r *LoginReader) compareWith([]string) {}

func (r *LoginReader) failingSince(ctx context.Context) (time.Time, error) {
	return r.Store.LoginsFailingSince(ctx, r.Name)
}

func (r *LoginReader) rename(ctx context.Context, old string) error {
	_, err := r.Store.RenameLogins(ctx, old, r.Name)
	return err
}
