package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"friendlyfire/store"
)

// How much Peek looks at of a file's end, and of its beginning where a header may stand.
const (
	peekBytes   = 64 << 10
	headerBytes = 1 << 10
)

// Preview is what the last lines of a source look like.
type Preview struct {
	Last     *store.Ban // the last ban; nil: none
	Bad      int        // lines that are meant to be bans and are none
	Why      string     // what is wrong with the last of them
	Modified time.Time  // when the file was last written to, by its own clock

	// Written is when the last line was written by what it says, read in the source's zone; zero where nothing hangs on
	// the zone. In the right zone it is shortly before Modified.
	Written time.Time
}

// Peek looks at the last lines of the source and keeps nothing. Its errors do not name the source.
func (r *Reader) Peek(ctx context.Context) (g Preview, err error) {
	info, err := r.Source.Stat(ctx)
	if err != nil {
		return g, err
	}
	g.Modified = time.Unix(0, info.Modified)
	f, err := r.Source.Open(ctx, info.Name)
	if err != nil {
		return g, err
	}
	defer f.Close()
	var first []byte // line
	if s, ok := f.(io.Seeker); ok && info.Size > peekBytes {
		begin := make([]byte, headerBytes)
		if _, err := io.ReadFull(f, begin); err != nil {
			return g, err
		}
		first, _, _ = bytes.Cut(begin, []byte("\n"))
		if _, err := s.Seek(info.Size-peekBytes, io.SeekStart); err != nil {
			return g, err
		}
	}
	end, err := io.ReadAll(io.LimitReader(f, peekBytes))
	if err != nil {
		return g, err
	}
	cursor, err := r.Store.Cursor(ctx, r.Name)
	if err != nil {
		return g, err
	}
	if first != nil {
		end = end[bytes.IndexByte(end, '\n')+1:] // it begins within a line
	}
	end = end[:bytes.LastIndexByte(end, '\n')+1] // half a line is none
	p := newParser(r.Format, r.Zone, store.Cursor{Columns: cursor.Columns}, end)
	if cursor.Columns == "" && !p.log {
		p.header(first)
	}
	for line := range bytes.Lines(end) {
		line = bytes.TrimRight(line, "\r\n")
		ban, found, err := p.parse(line)
		if found {
			g.Last, g.Written = &ban, ban.Time
			if ban.HasEpoch {
				g.Written = time.Time{}
			}
		}
		if p.log && len(line) > len(time.DateTime) { // what it says of other things tells the time as well
			if at, err := p.clock.read(line[:len(time.DateOnly)], line[len(time.DateOnly)+1:len(time.DateTime)]); err == nil {
				g.Written = at
			}
		}
		if err != nil && !errors.Is(err, errNoBan) {
			g.Bad, g.Why = g.Bad+1, err.Error()
		}
	}
	return g, nil
}
