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

// follower is one step's way through the files of a source. Rotation makes them a chain: what was put aside, and the file
// itself as the last. The cursor stands in one of them, which is known by its content; that one is read to its end,
// and then those after it.
type follower struct {
	*Reader
	cursor store.Cursor // of the file
	stored store.Cursor // what the store knows
	tail   *tail        // nil: none
	aside  []Info       // what rotation has put aside, when begin looked
	batch  store.Batch  // being read
	other  store.Batch  // being kept
	bans   int
}

// load puts another file in.
func (p *follower) load(t *tail) {
	if p.tail != nil {
		p.tail.close()
	}
	p.tail = t
}

// try loads the file if it is the one that the cursor stands in.
func (p *follower) try(ctx context.Context, i Info) (bool, error) {
	if i.Size < p.cursor.Offset && !i.compressed() {
		return false, nil
	}
	t, err := open(ctx, p.Source, i, p.cursor)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // rotated away meanwhile
	}
	if err != nil {
		return false, &unreadable{err}
	}
	if t != nil {
		p.load(t)
	}
	return t != nil, nil
}

// surely is how much of a file must have been read for it to be known by its content without doubt, in bytes. A file
// of which only a header was read is like any other that has one.
const surely = 256

// begin loads the file that the cursor stands in. It returns the chain of files, as far as it has looked, and where
// in it that file is. When there is nothing to do it loads none.
func (p *follower) begin(ctx context.Context, live Info, missing error) (chain []Info, at int, err error) {
	if missing == nil {
		found, err := p.try(ctx, live)
		if err != nil || found && (p.cursor.Offset == 0 || p.cursor.Offset >= surely) {
			return []Info{live}, 0, err
		}
	} else if p.cursor.Offset == 0 {
		return nil, 0, &unreadable{missing}
	}
	if p.aside, err = p.rotated(ctx); err != nil {
		return nil, 0, err
	}
	chain = slices.Clone(p.aside)
	if missing == nil {
		chain = append(chain, live)
	}
	if slices.Equal(chain, p.rest) {
		p.load(nil)
		return chain, 0, nil
	}
	if p.tail != nil {
		return p.beginDoubtful(ctx, chain)
	}
	for at, i := range slices.Backward(p.aside) {
		if found, err := p.try(ctx, i); err != nil || found {
			return chain, at, err
		}
	}
	if missing != nil {
		return nil, 0, &unreadable{missing}
	}
	if live.Size == 0 {
		return chain, 0, nil // truncated: what comes will tell
	}
	p.cursor = store.Cursor{Generation: p.cursor.Generation + 1}
	p.batch.Gaps++
	_, err = p.try(ctx, live)
	return chain, len(p.aside), err
}

func (p *follower) rotated(ctx context.Context) ([]Info, error) {
	all, err := p.Source.Rotated(ctx)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &unreadable{err}
	}
	return sortRotated(all), nil
}

// beginDoubtful is begin for a cursor that has read so little that the last of the chain, which is loaded, need not be
// its file. One that was put aside since, and looks the same, is.
func (p *follower) beginDoubtful(ctx context.Context, chain []Info) ([]Info, int, error) {
	last := len(chain) - 1
	for at, i := range chain[:last] {
		if i.Modified <= p.cursor.Modified {
			continue
		}
		if found, err := p.try(ctx, i); err != nil || found {
			p.cursor.Generation++
			return chain, at, err
		}
	}
	return chain[last:], 0, nil
}

// follow reads the files to their ends. One is left when another after it has content: its writer has gone there, too.
func (p *follower) follow(ctx context.Context, files []Info) error {
	for n, i := range files {
		turned := n == 0
		if !turned {
			var err error
			if turned, err = p.turn(ctx, i); err != nil {
				return err
			}
		}
		if turned {
			if err := p.read(ctx); err != nil {
				return err
			}
		}
		if !slices.ContainsFunc(files[n+1:], func(i Info) bool { return i.Size > 0 }) {
			return nil
		}
	}
	return nil
}

// errMoved says that rotation went on while a step was under way, so that a name may be another file's by now.
var errMoved = errors.New("files were rotated meanwhile")

// turn goes on from the end of a file to the next one's beginning. A compressed file that is damaged from its
// beginning is passed over.
func (p *follower) turn(ctx context.Context, i Info) (bool, error) {
	t, err := open(ctx, p.Source, i, store.Cursor{})
	if errors.Is(err, fs.ErrNotExist) {
		return false, errMoved
	}
	if err != nil {
		return false, &unreadable{err}
	}
	aside, err := p.rotated(ctx)
	if err == nil && !slices.Equal(aside, p.aside) && (i.Rotation == "" || !slices.Contains(aside, i)) {
		err = errMoved
	}
	if err != nil {
		if t != nil {
			t.close()
		}
		return false, err
	}
	if t == nil {
		p.batch.Gaps++
		return false, nil
	}
	if p.tail.damaged {
		p.batch.Gaps++
	}
	if p.tail.unfinished() {
		p.batch.Lines++
		p.batch.Rejects = append(p.batch.Rejects, store.Reject{Line: p.cursor.Line + 1, Reason: errUnfinished.Error()})
	}
	p.load(t)
	begins, err := t.begins()
	if err != nil {
		return false, &unreadable{err}
	}
	p.cursor = store.Cursor{Generation: p.cursor.Generation, Columns: p.cursor.Columns, LastTime: p.cursor.LastTime}
	if !p.goesOn(begins) {
		p.cursor.Generation, p.cursor.LastTime = p.cursor.Generation+1, time.Time{}
	}
	return true, nil
}

// goesOn reports whether a file that begins so goes on where another has ended, so that its lines are new: its first
// ban is no older than the last one. Otherwise it may be a copy of what was read, with a name as rotation gives it.
func (p *follower) goesOn(begins []byte) bool {
	lines := newParser(p.Format, p.Zone, p.cursor, begins)
	for line := range bytes.Lines(begins) {
		if ban, found, _ := lines.parse(bytes.TrimRight(line, "\r\n")); found {
			return !ban.Time.Before(p.cursor.LastTime.Add(-late * time.Second))
		}
	}
	return false
}

// read brings the rest of the file into the store, which keeps one batch while the next is read.
func (p *follower) read(ctx context.Context) error {
	begins, err := p.tail.begins()
	if err != nil {
		return &unreadable{err}
	}
	lines := newParser(p.Format, p.Zone, p.cursor, begins)
	kept := func() error { return nil }
	for end := false; !end && err == nil; {
		if err = ctx.Err(); err != nil {
			break
		}
		if err = p.collect(lines); errors.Is(err, io.EOF) {
			end, err = true, nil
		}
		if err != nil {
			err = &unreadable{err}
			break
		}
		p.batch.Prepare()
		if err := kept(); err != nil {
			return err
		}
		kept = p.keep(ctx, lines, end)
	}
	return errors.Join(err, kept())
}

// collect fills the batch. At the end of the file it returns io.EOF.
func (p *follower) collect(lines *parser) error {
	from := p.tail.offset
	for p.batch.Lines < batchLines && p.tail.offset-from < batchBytes {
		line, err := p.tail.next()
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
		p.cursor.Line++
		p.batch.Lines++
		if found {
			p.batch.Bans = append(p.batch.Bans, ban)
		}
		if bad, ok := err.(reason); ok { //nolint:errorlint // reasons are never wrapped
			p.batch.Rejects = append(p.batch.Rejects, store.Reject{Line: p.cursor.Line, Reason: string(bad)})
		}
	}
	return nil
}

// keep hands the batch to the store, if there is anything that the store does not know. The function that it returns
// waits until that is kept.
func (p *follower) keep(ctx context.Context, lines *parser, end bool) (kept func() error) {
	c := &p.cursor
	p.tail.saveTo(c)
	c.Columns, c.LastTime = lines.columns.header(), lines.clock.lastTime()
	c.Size = max(c.Offset+1, p.tail.info.Size)
	if end {
		c.Size = c.Offset // half a line is nothing to wait for
	}
	known := p.batch.Lines == 0 && c.Offset == p.stored.Offset && c.Size == p.stored.Size
	if known || c.Offset == 0 {
		return func() error { return nil }
	}
	now := time.Now()
	p.batch, p.other = store.Batch{Bans: p.other.Bans[:0], Rejects: p.other.Rejects[:0]}, p.batch
	b := &p.other
	b.Source, b.Cursor, b.ReadAt, b.NewsSince, b.Place = p.Name, *c, now, now.Add(-p.MaxAge), p.Place
	var added int
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		added, err = p.Store.AddBans(ctx, *b)
	}()
	return func() error {
		if <-done; err != nil {
			return err
		}
		p.stored, p.bans = b.Cursor, p.bans+len(b.Bans)
		if p.Progress != nil {
			p.Progress(Progress{Source: p.Name, Done: b.Cursor.Offset, Size: b.Cursor.Size, Bans: p.bans})
		}
		if added > 0 || end {
			p.Next()
		}
		return nil
	}
}
