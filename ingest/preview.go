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
	Bad      int        // number of lines that should be bans but cannot be parsed
	Why      string     // what is wrong with the last of them
	Modified time.Time  // when the file was last written to, by its own clock

	// Written is the time in the last line, read in the source's zone; zero if it does not depend on the zone. In the
	// right zone it is shortly before Modified.
	Written time.Time
}

// Peek parses the last lines of the source and stores nothing. Its errors do not name the source.
func (r *Reader) Peek(ctx context.Context) (preview Preview, err error) {
	info, err := r.Source.Stat(ctx)
	if err != nil {
		return preview, err
	}
	preview.Modified = time.Unix(0, info.Modified)
	f, err := r.Source.Open(ctx, info.Name)
	if err != nil {
		return preview, err
	}
	defer f.Close()
	var first []byte // line
	if s, ok := f.(io.Seeker); ok && info.Size > peekBytes {
		begin := make([]byte, headerBytes)
		if _, err := io.ReadFull(f, begin); err != nil {
			return preview, err
		}
		first, _, _ = bytes.Cut(begin, []byte("\n"))
		if _, err := s.Seek(info.Size-peekBytes, io.SeekStart); err != nil {
			return preview, err
		}
	}
	end, err := io.ReadAll(io.LimitReader(f, peekBytes))
	if err != nil {
		return preview, err
	}
	cursor, err := r.Store.Cursor(ctx, r.Name)
	if err != nil {
		return preview, err
	}
	if first != nil {
		end = end[bytes.IndexByte(end, '\n')+1:] // drop the partial first line
	}
	end = end[:bytes.LastIndexByte(end, '\n')+1] // drop the partial last line
	p := newParser(r.Format, r.Zone, store.Cursor{Columns: cursor.Columns}, end)
	if cursor.Columns == "" && !p.log {
		p.header(first)
	}
	for line := range bytes.Lines(end) {
		line = bytes.TrimRight(line, "\r\n")
		ban, found, err := p.parse(line)
		if found {
			preview.Last, preview.Written = &ban, ban.Time
			if ban.HasEpoch {
				preview.Written = time.Time{}
			}
		}
		if p.log && len(line) > len(time.DateTime) { // lines about other events have a time, too
			date, clock := line[:len(time.DateOnly)], line[len(time.DateOnly)+1:len(time.DateTime)]
			if at, err := p.clock.read(date, clock); err == nil {
				preview.Written = at
			}
		}
		if err != nil && !errors.Is(err, errNoBan) {
			preview.Bad, preview.Why = preview.Bad+1, err.Error()
		}
	}
	return preview, nil
}
