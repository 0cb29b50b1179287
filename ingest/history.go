package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// EachFile calls read with what every file of a source holds, decompressed: rotated files, oldest first, then the live
// one. Rotated files that were last written to before since are left out. It goes on where a file cannot be read, or
// not to its end, and calls gap. Its error is of the context, of read, or that the files cannot be listed.
func EachFile(ctx context.Context, s Source, since time.Time, read func(io.Reader) error, gap func(Gap)) error {
	rotated, err := s.Rotated(ctx)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("list rotated files: %w", err)
	}
	files := sortRotated(rotated)
	live, err := s.Stat(ctx)
	if err != nil {
		return err
	}
	for _, info := range append(files, live) {
		if info.Rotation != "" && time.Unix(0, info.Modified).Before(since) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		in, err := (&Importer{Source: s}).open(ctx, info)
		if err != nil {
			gap(Gap{File: info.Name, Err: err})
			continue
		}
		var broken error // why the file could not be read to its end
		err = read(readerFunc(func(b []byte) (n int, err error) {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			n, err = in.Read(b)
			if err != nil && !errors.Is(err, io.EOF) {
				broken = err
			}
			return n, err
		}))
		in.Close() //nolint:errcheck // nothing was written
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case broken != nil:
			gap(Gap{File: info.Name, Err: broken, Part: true})
		case err != nil:
			return err
		}
	}
	return nil
}

// readerFunc is an io.Reader.
type readerFunc func(b []byte) (n int, err error)

// Read implements io.Reader.
func (f readerFunc) Read(b []byte) (n int, err error) { return f(b) }
