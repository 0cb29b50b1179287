package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"friendlyfire/store"
)

// Importer reads files of history into the store: logs, CSV files, Fail2Ban's database, compressed or not. It leaves
// alone how far the source has been read, and may run beside the bot.
type Importer struct {
	Store    *store.Store
	Name     string         // of the source
	Source   Source         // opens the files
	Zone     *time.Location // of times without a zone
	Place    store.Place    // looks up new addresses in the offline table; nil: that is done later
	Progress func(Progress) // called after each batch; may be nil
}

// Imported is what an import has read.
type Imported struct {
	Files, Lines, Bans int
	New                int            // bans that were not known
	Old                int            // bans from before the days that are kept
	Rejects            map[string]int // lines that should be bans and cannot be read, by reason
	Others             map[string]int // lines that are no bans and not meant to be, by kind
	Gaps               []Gap          // files that could not be read, or not to their end
}

// Gap is a file that could not be read, or not to its end, and why.
type Gap struct {
	File string
	Err  error
	Part bool // the beginning was read
}

// history is a file to be imported.
type history struct {
	info     Info
	database bool
	begins   time.Time // the time in its first dated line; zero: none was found
	err      error     // it cannot be read
}

// Import reads the files, oldest first. It reads on where one cannot be read; its error is of the store or the context.
func (m *Importer) Import(ctx context.Context, files []Info) (done Imported, err error) {
	all := make([]history, 0, len(files))
	for _, info := range files {
		h := m.look(ctx, info)
		if ctx.Err() != nil {
			return done, ctx.Err()
		}
		all = append(all, h)
	}
	slices.SortStableFunc(all, func(a, b history) int { return a.order().Compare(b.order()) })
	r := &importRun{
		Importer: m, target: m.Store.NewImport(m.Name, m.Place), log: &logState{},
		done: Imported{Rejects: map[string]int{}, Others: map[string]int{}},
	}
	for _, h := range all {
		r.target.NextFile()
		if h.err == nil {
			h.err = r.read(ctx, h)
		}
		if _, failed := errors.AsType[*storeError](h.err); failed || ctx.Err() != nil {
			err = errors.Join(ctx.Err(), h.err)
			break
		}
		r.done.Files++
		if h.err != nil {
			r.done.Gaps = append(r.done.Gaps, Gap{File: h.info.Name, Err: h.err, Part: r.part})
		}
		r.part = false
	}
	return r.done, errors.Join(err, r.target.End(context.WithoutCancel(ctx)))
}

func (h history) order() time.Time {
	if h.begins.IsZero() {
		return time.Unix(0, h.info.Modified)
	}
	return h.begins
}

// firstLines is how much of a file is read to tell what it is and when it begins, in bytes.
const firstLines = 64 << 10

// look tells what a file is and when it begins.
func (m *Importer) look(ctx context.Context, info Info) (h history) {
	h.info = info
	first, err := m.first(ctx, info)
	switch {
	case err != nil:
		h.err = err
	case isDatabase(first):
		h.database = true
	default:
		p := m.parser(info, first, &logState{})
		for line := range wholeLines(first) {
			_, _, _ = p.parse(line)
			if h.begins = p.clock.lastTime(); !h.begins.IsZero() {
				break
			}
		}
	}
	return h
}

// first returns the first bytes of what a file holds.
func (m *Importer) first(ctx context.Context, info Info) ([]byte, error) {
	in, err := m.open(ctx, info)
	if err != nil {
		return nil, err
	}
	defer in.Close() //nolint:errcheck // nothing was written
	first, err := io.ReadAll(io.LimitReader(in, firstLines))
	if _, damaged := errors.AsType[damage](err); damaged && len(first) > 0 {
		err = nil // it is read as far as it goes
	}
	return first, err
}

func (m *Importer) open(ctx context.Context, info Info) (*unpacked, error) {
	f, err := m.Source.Open(ctx, info.Name)
	if err != nil {
		return nil, err
	}
	in, err := unpack(f, info.Name)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return in, nil
}

func (m *Importer) parser(info Info, first []byte, state *logState) *parser {
	return newParser("auto", file{
		zone: m.Zone, first: first, written: time.Unix(0, info.Modified), state: state,
	})
}

// importRun is an import under way.
type importRun struct {
	*Importer
	target *store.Import
	log    *logState // the bans of a restart may be in the next file
	done   Imported
	part   bool // something of the file has been read
}

// storeError is an error of the store, not of a file.
type storeError struct{ error }

func (e *storeError) Unwrap() error { return e.error }

func (r *importRun) read(ctx context.Context, h history) error {
	if h.database {
		return r.readDatabase(ctx, h.info)
	}
	first, err := r.first(ctx, h.info)
	if err != nil {
		return err
	}
	in, err := r.open(ctx, h.info)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // nothing was written
	t := &tail{info: h.info, in: in, buf: make([]byte, 0, bigBuf)}
	lines := r.parser(h.info, first, r.log)
	var batch store.Batch
	if lines.log != nil {
		lines.log.rule = func(rule store.Rule) { batch.Rules = append(batch.Rules, rule) }
	}
	from := int64(0)
	for {
		line, err := t.next()
		end := errors.Is(err, io.EOF)
		if end || len(batch.Bans) == batchLines || t.offset-from >= batchBytes {
			lines.nameServers(&batch)
			if err := r.add(ctx, batch.Bans); err != nil {
				return err
			}
			if err := r.target.AddRules(ctx, batch.Rules); err != nil {
				return &storeError{err}
			}
			from, batch.Bans, batch.Rules = t.offset, batch.Bans[:0], nil
			r.tell(h.info, in.raw.done, end)
		}
		if end {
			break
		}
		if err != nil && !errors.Is(err, errLong) && !errors.Is(err, errSkip) {
			return err
		}
		if errors.Is(err, errSkip) {
			continue
		}
		var ban store.Ban
		found := false
		if err == nil {
			ban, found, err = lines.parse(line)
		}
		r.part = true
		r.count(err, found)
		if found {
			batch.Bans = append(batch.Bans, ban)
		}
	}
	if t.unfinished() {
		r.count(errUnfinished, false)
	}
	if t.damage != "" {
		return t.damage
	}
	return nil
}

// count counts a line.
func (r *importRun) count(err error, found bool) {
	r.done.Lines++
	if found {
		r.done.Bans++
	}
	switch err := err.(type) { //nolint:errorlint // neither is ever wrapped
	case reason:
		r.done.Rejects[string(err)]++
		if found {
			r.done.Lines++ // two lines in one
		}
	case other:
		r.done.Others[string(err)]++
	}
}

// breath is how long an import leaves the database alone between two batches: a bot that waits to write looks again at
// least as often.
const breath = 120 * time.Millisecond

func (r *importRun) add(ctx context.Context, bans []store.Ban) error {
	if len(bans) == 0 {
		return ctx.Err()
	}
	added, err := r.target.Add(ctx, bans)
	if err != nil {
		return &storeError{err}
	}
	r.done.New += added.New
	r.done.Old += added.Old
	if len(bans) < batchLines/10 {
		return ctx.Err() // it was quick
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(breath):
		return nil
	}
}

// tell shows the progress.
func (r *importRun) tell(info Info, read int64, end bool) {
	if r.Progress == nil {
		return
	}
	size := max(read, info.Size)
	if end {
		read = size
	} else {
		size = max(size, read+1)
	}
	r.Progress(Progress{Source: filepath.Base(info.Name), Done: read, Size: size, Bans: r.done.Bans})
}

// wholeLines yields the whole lines of a text, without their line endings.
func wholeLines(text []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		t := &tail{in: &unpacked{raw: &rawReader{}, in: eof{}}, buf: text}
		for {
			line, err := t.next()
			if errors.Is(err, errLong) {
				continue
			}
			if err != nil || !yield(line) {
				return
			}
		}
	}
}

// eof is an empty file.
type eof struct{}

// Read implements io.Reader.
func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// Unread returns the rotated files of the source, oldest first, of which the store does not have the first ban. It does
// not list files that cannot be read, or have no ban in their first lines.
func (m *Importer) Unread(ctx context.Context) (unread []Info, err error) {
	all, err := m.Source.Rotated(ctx)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, info := range sortRotated(all) {
		first, err := m.first(ctx, info)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil || isDatabase(first) {
			continue
		}
		p := m.parser(info, first, &logState{})
		for line := range wholeLines(first) {
			ban, found, _ := p.parse(line)
			if !found {
				continue
			}
			known, err := m.Store.Has(ctx, m.Name, ban)
			if err != nil {
				return nil, err
			}
			if !known {
				unread = append(unread, info)
			}
			break
		}
	}
	return unread, nil
}

// Named describes files by their names, which are of this machine. It refuses what cannot be opened.
func Named(ctx context.Context, names []string) ([]Info, error) {
	var all []Info
	for _, name := range names {
		i, err := Local{name}.Stat(ctx)
		if err == nil {
			var f io.ReadCloser
			if f, err = (Local{name}).Open(ctx, name); err == nil {
				f.Close()
			}
		}
		if err != nil {
			return nil, fmt.Errorf("import: %w", err)
		}
		if !slices.ContainsFunc(all, func(o Info) bool { return o.Name == i.Name }) {
			all = append(all, i)
		}
	}
	return all, nil
}
