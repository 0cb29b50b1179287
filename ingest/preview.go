package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"friendlyfire/store"
)

// How much Peek reads from the end of a file, and from its start, where a header may be.
const (
	peekBytes   = 64 << 10
	headerBytes = 1 << 10
)

// Preview is what the last lines of a source look like.
type Preview struct {
	Last     *store.Ban // the last ban; nil: none
	Lines    int        // that were looked at
	Bans     int        // among them
	Bad      int        // number of lines that should be bans but cannot be parsed
	Why      string     // what is wrong with the last of them
	Modified time.Time  // when the file was last written to, by its own clock

	IsLog    bool      // not CSV
	Fail2Ban int       // lines of a log that Fail2Ban has written
	Muted    bool      // Fail2Ban writes to the log, but only what is worse than a ban: its loglevel hides bans
	First    time.Time // the earliest time in a line; zero: none has one

	// Written is the time in the last line, read in the source's zone; zero if it does not depend on the zone. In the
	// right zone it is shortly before Modified.
	Written time.Time
}

// ends returns the start of a large file, nil of a small one, and the whole lines at its end; ErrDatabase if it holds
// none.
func ends(ctx context.Context, source Source, info Info) (begin, end []byte, err error) {
	f, err := source.Open(ctx, info.Name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if s, ok := f.(io.Seeker); ok && info.Size > peekBytes {
		begin = make([]byte, headerBytes)
		if _, err := io.ReadFull(f, begin); err != nil {
			return nil, nil, err
		}
		if _, err := s.Seek(info.Size-peekBytes, io.SeekStart); err != nil {
			return nil, nil, err
		}
	}
	end, err = io.ReadAll(io.LimitReader(f, peekBytes))
	if err != nil {
		return nil, nil, err
	}
	if isDatabase(begin) || begin == nil && isDatabase(end) {
		return nil, nil, ErrDatabase
	}
	if begin != nil {
		end = end[bytes.IndexByte(end, '\n')+1:] // drop the partial first line
	}
	return begin, end[:bytes.LastIndexByte(end, '\n')+1], nil // and the last one
}

// Peek parses the last lines of the source and stores nothing. Its errors do not name the source.
func (r *Reader) Peek(ctx context.Context) (preview Preview, err error) {
	info, err := r.Source.Stat(ctx)
	if err != nil {
		return preview, err
	}
	preview.Modified = time.Unix(0, info.Modified)
	begin, end, err := ends(ctx, r.Source, info)
	if err != nil {
		return preview, err
	}
	cursor, err := r.Store.Cursor(ctx, r.Name)
	if err != nil {
		return preview, err
	}
	known := store.Cursor{Columns: cursor.Columns, Offset: cursor.Offset}
	if begin == nil {
		begin, known.Offset = end[:min(len(end), headBytes)], 0
	}
	p := newParser(r.Format, file{zone: r.Zone, cursor: known, first: begin, written: preview.Modified})
	preview.IsLog = p.log != nil
	preview.First = firstTime(p, begin)
	for line := range bytes.Lines(end) {
		line = bytes.TrimRight(line, "\r\n")
		ban, found, err := p.parse(line)
		preview.Lines++
		if found {
			preview.Bans++
			preview.Last, preview.Written = &ban, ban.Time
			if ban.HasEpoch {
				preview.Written = time.Time{}
			}
		}
		if p.log != nil && p.log.local { // lines about other events have a time, too
			preview.Written = p.clock.lastTime()
		}
		preview.count(err)
	}
	if p.log != nil {
		preview.Fail2Ban += preview.Bans
		preview.Muted = p.log.high && !p.log.low && preview.Bans == 0
	}
	return preview, nil
}

// count counts a line by what its error says it is.
func (p *Preview) count(err error) {
	switch err := err.(type) { //nolint:errorlint // neither is ever wrapped
	case reason:
		p.Bad, p.Why = p.Bad+1, string(err)
	case other:
		if err.ofFail2Ban() {
			p.Fail2Ban++
		}
	}
}

// firstTime returns the earliest time in the first lines of a file; zero if none has one.
func firstTime(p *parser, begin []byte) time.Time {
	for line := range bytes.Lines(begin) {
		_, _, err := p.parse(bytes.TrimRight(line, "\r\n"))
		if !errors.Is(err, otherContinued) && !p.clock.lastTime().IsZero() {
			return p.clock.lastTime()
		}
	}
	return time.Time{}
}
