package ingest

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"friendlyfire/store"
)

// follower follows a source across log rotation for one step. The rotated files form a chain, with the live file as
// the last. The cursor's file is recognized by its content; it is read to its end, and then those after it.
type follower struct {
	source   Source
	content  content
	finished []Info       // the files there were when everything had been read
	cursor   store.Cursor // of the file
	tail     *tail        // nil: none
	rotated  []Info       // the rotated files that findStart saw
}

// content is what the files hold: bans or logins.
type content interface {
	// read reads the rest of the open file into the store.
	read(ctx context.Context) error
	// continues reports whether a file with these first bytes continues the one before it, so that its lines are new.
	continues(first []byte) bool
	// lose notes why lines of a file may be missing.
	lose(reason string)
	// tear notes that the file before ended in an unfinished line.
	tear()
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
	t, err := openTail(ctx, f.source, i, f.cursor)
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
	f.content.lose(string(errVanished))
	_, err = f.tryOpen(ctx, live)
	return chain, len(f.rotated), err
}

// listRotated returns the rotated files, oldest first.
func (f *follower) listRotated(ctx context.Context) ([]Info, error) {
	all, err := f.source.Rotated(ctx)
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
			if err := f.content.read(ctx); err != nil {
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
	t, err := openTail(ctx, f.source, i, store.Cursor{})
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
		f.content.lose(string(damaged))
		return false, nil
	}
	if f.tail.damage != "" {
		f.content.lose(string(f.tail.damage))
	}
	if f.tail.unfinished() {
		f.content.tear()
	}
	f.switchTo(t)
	first, err := t.firstBytes()
	if err != nil {
		return false, &unreadable{err}
	}
	f.cursor = store.Cursor{Generation: f.cursor.Generation, Columns: f.cursor.Columns, LastTime: f.cursor.LastTime}
	if !f.content.continues(first) {
		f.cursor.Generation, f.cursor.LastTime = f.cursor.Generation+1, time.Time{}
	}
	return true, nil
}
