package ingest

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"friendlyfire/store"
)

// adopt finds out whether a source that has never been read is one that was read under another name, which is not
// configured any more: then it has the file at whose offset that one stopped. It takes over all that is known of it.
func (r *Reader) adopt(ctx context.Context, live Info) (adopted bool, err error) {
	orphans, err := r.Store.Orphans(ctx, append(slices.Clone(r.Configured), r.Name))
	if err != nil || len(orphans) == 0 {
		return false, err
	}
	files, err := r.Source.Rotated(ctx)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, &unreadable{err}
	}
	files = append(files, live)
	slices.Reverse(files)
	for _, name := range orphans {
		c, err := r.Store.Cursor(ctx, name)
		if err != nil {
			return false, err
		}
		if c.Offset < unambiguousBytes && c.LastTime.IsZero() {
			continue // a header alone is that of any file
		}
		for _, i := range files {
			same, err := r.holds(ctx, i, c)
			if err != nil {
				return false, err
			}
			if same {
				return r.Store.RenameSource(ctx, name, r.Name)
			}
		}
	}
	return false, nil
}

// holds reports whether the file is the cursor's.
func (r *Reader) holds(ctx context.Context, i Info, c store.Cursor) (bool, error) {
	if i.Size < c.Offset && i.Rotation == "" {
		return false, nil
	}
	t, err := openTail(ctx, r.Source, i, c)
	if _, damaged := errors.AsType[damage](err); damaged || errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, &unreadable{err}
	}
	if t == nil {
		return false, nil
	}
	t.close()
	return true, nil
}
