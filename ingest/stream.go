package ingest

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"time"

	"friendlyfire/store"
	"friendlyfire/stream"
)

// StreamReader reads the bans of many servers, which agents have published to a stream. As a relayed log, it is one
// source whose bans are of others. The sequence of the last message that was read is kept with the bans, as the offset
// in a file is.
type StreamReader struct {
	Store  *store.Store
	Name   string // of the source
	Stream *stream.Subscriber
	MaxAge time.Duration       // bans older than this when they are read are history
	Clock  *store.Clock        // nil: it is never in doubt
	Place  store.Place         // looks up new addresses in the offline table; nil: that is done later
	Next   func()              // called when bans were added
	Again  func(time.Duration) // called when the next step should not wait longer; may be nil

	Progress func(Progress) // called after each batch; may be nil

	// Configured are the names of all sources. An agent cannot take one of them.
	Configured []string

	// Lost is called before it is kept that messages are missing, and again if that fails; it may be nil.
	Lost func(context.Context, Loss) error

	servers servers
	steps
	cursor    store.Cursor
	known     bool // cursor is that of the store
	state     stream.State
	askedAt   time.Time // for the state
	bans      int
	readToEnd bool
}

// Loss is that messages of a stream were gone before they were read.
type Loss struct {
	Until    int64 // the sequence up to which the stream was read with what is missing
	Messages int64 // 0: nobody knows how many
	Why      string
}

// Why messages of a stream may be missing.
const (
	errDropped  reason = "the stream had dropped them before they were read"
	errRecreate reason = "the stream was made anew"
)

// How the others are counted.
const lostMessage = "message that the stream no longer had"

// stateEvery is how often the stream is asked what it is, while its messages come by themselves.
const stateEvery = time.Second

// Step reads the messages that have come, and returns when there are no more. If the stream cannot be read, Step
// returns an error and records it in the store.
func (r *StreamReader) Step(ctx context.Context) error {
	step := func(ctx context.Context) error {
		err := r.step(ctx)
		if err != nil {
			r.known = false
			r.Stream.Stop() // what came and was not kept comes again
		}
		return err
	}
	err := r.take(ctx, "source "+r.Name, step, func(reason string) error {
		return r.Store.SourceFailed(ctx, r.Name, reason, time.Now())
	})
	if err != nil && r.Again != nil {
		r.Again(time.Second)
	}
	return err
}

func (r *StreamReader) step(ctx context.Context) error {
	if !r.known {
		var err error
		if r.cursor, err = r.Store.Cursor(ctx, r.Name); err != nil {
			return err
		}
		if err := r.servers.load(ctx, r.Store, r.Name); err != nil {
			return err
		}
		r.known = true
	}
	err := r.read(ctx)
	if errors.Is(err, stream.ErrBroken) { // as when a server of the cluster has ended
		r.Stream.Stop()
		err = r.read(ctx)
	}
	if err != nil {
		return err
	}
	r.seenAt = time.Now()
	if !r.readToEnd {
		err = r.Store.ReadToEnd(ctx, r.Name)
		r.readToEnd = err == nil
	}
	return err
}

// read reads and keeps what has come.
func (r *StreamReader) read(ctx context.Context) error {
	batch := &store.Batch{Open: true}
	if !r.Stream.Following() || time.Since(r.askedAt) >= stateEvery {
		if err := r.look(ctx, batch); err != nil {
			return err
		}
	}
	for more := true; more; {
		var err, broken error
		more, broken = r.collect(ctx, batch)
		if broken != nil && !errors.Is(broken, stream.ErrBroken) {
			return broken
		}
		if err = r.save(ctx, batch, !more && broken == nil); err != nil || broken != nil {
			return errors.Join(err, broken)
		}
		batch = &store.Batch{Open: true}
	}
	return nil
}

// look asks what the stream is now, and lets its messages come, if they do not. What was lost it adds to the batch.
func (r *StreamReader) look(ctx context.Context, b *store.Batch) (err error) {
	asked := time.Now()
	if r.state, err = r.Stream.State(ctx); err != nil {
		return &unreadable{err}
	}
	r.askedAt = asked
	c := &r.cursor
	identity := strconv.AppendInt(nil, r.state.Created.UnixNano(), 10)
	last := int64(r.state.Last) //nolint:gosec // counted from 1
	if c.Head != nil && (!bytes.Equal(c.Head, identity) || last < c.Offset) {
		b.Gaps = append(b.Gaps, string(errRecreate))
		c.Generation, c.Offset, c.Size = c.Generation+1, 0, last
		r.Stream.Stop()
	}
	first := c.Head == nil
	c.Head = identity
	if !r.Stream.Following() {
		if err := r.Stream.Follow(ctx, uint64(c.Offset), r.state); err != nil { //nolint:gosec // counted from 1
			return &unreadable{err}
		}
	}
	switch before := int64(r.state.First) - 1; { //nolint:gosec // counted from 1
	case before <= c.Offset:
	case first || len(b.Gaps) > 0: // what was there before anybody read it is not missed
		c.Offset = before
	default:
		r.lose(b, before)
	}
	return nil
}

// lose counts the messages that are no longer there, up to a sequence.
func (r *StreamReader) lose(b *store.Batch, upTo int64) {
	n := int(upTo - r.cursor.Offset)
	b.Gaps = append(b.Gaps, string(errDropped))
	b.Lines += n
	if b.Others == nil {
		b.Others = map[string]int{}
	}
	b.Others[lostMessage] += n
	r.cursor.Offset, r.cursor.Line = upTo, r.cursor.Line+int64(n)
}

// collect fills the batch, and reports whether there is more than goes into it.
func (r *StreamReader) collect(ctx context.Context, b *store.Batch) (more bool, err error) {
	bytes := 0
	behind := r.cursor.Offset < int64(r.state.Last) //nolint:gosec // counted from 1
	for b.Lines < batchLines && bytes < batchBytes {
		m, ok, err := r.Stream.Next(ctx, behind)
		if err != nil && ctx.Err() == nil {
			err = &unreadable{err}
		}
		if err != nil || !ok {
			return false, err
		}
		seq := int64(m.Seq) //nolint:gosec // counted from 1
		if r.cursor.Offset > 0 && seq > r.cursor.Offset+1 {
			r.lose(b, seq-1) // dropped since we looked
		}
		r.cursor.Offset, r.cursor.Line = seq, r.cursor.Line+1
		b.Lines++
		bytes += len(m.Data)
		r.add(b, m)
		behind = m.More
	}
	return true, nil
}

// save keeps the batch, if it has anything.
func (r *StreamReader) save(ctx context.Context, b *store.Batch, end bool) error {
	if b.Lines == 0 && len(b.Gaps) == 0 {
		return nil
	}
	r.cursor.Size = max(r.cursor.Offset+1, int64(r.state.Last)) //nolint:gosec // counted from 1
	if end {
		r.cursor.Size = r.cursor.Offset
	}
	now := time.Now()
	r.cursor.Modified, r.cursor.Columns = now.UnixNano(), "stream"
	b.Source, b.Cursor, b.ReadAt, b.Place = r.Name, r.cursor, now, r.Place
	b.NewsSince, b.NewsUntil = r.newsBy(now, r.Clock, r.MaxAge)
	if len(b.Gaps) > 0 && r.Lost != nil {
		if err := r.Lost(ctx, Loss{Until: r.cursor.Offset, Messages: int64(b.Others[lostMessage]), Why: b.Gaps[0]}); err != nil {
			return err
		}
	}
	b.Prepare()
	added, err := r.Store.AddBans(ctx, *b)
	if err != nil {
		return err
	}
	r.bans += len(b.Bans)
	r.servers.heard(b)
	if r.Progress != nil {
		r.Progress(Progress{Source: r.Name, Done: r.cursor.Offset, Size: r.cursor.Size, Bans: r.bans})
	}
	if added > 0 || end {
		r.Next()
	}
	return nil
}
