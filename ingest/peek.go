package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"friendlyfire/store"
)

// peekBytes is how much of a file's end Peek looks at.
const peekBytes = 64 << 10

// Peek returns the last ban within the last lines of the source, nil where there is none, and keeps nothing.
func (r *Reader) Peek(ctx context.Context) (*store.Ban, error) {
	last, err := r.peek(ctx)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", r.Name, err)
	}
	return last, nil
}

func (r *Reader) peek(ctx context.Context) (*store.Ban, error) {
	info, err := r.Source.Stat(ctx)
	if err != nil {
		return nil, err
	}
	f, err := r.Source.Open(ctx, info.Name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if s, ok := f.(io.Seeker); ok && info.Size > peekBytes {
		if _, err := s.Seek(info.Size-peekBytes, io.SeekStart); err != nil {
			return nil, err
		}
	}
	end, err := io.ReadAll(io.LimitReader(f, peekBytes))
	if err != nil {
		return nil, err
	}
	cursor, err := r.Store.Cursor(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	end = end[:bytes.LastIndexByte(end, '\n')+1] // half a line is none
	p := newParser(r.Format, r.Zone, store.Cursor{Columns: cursor.Columns}, end)
	var last *store.Ban
	for line := range bytes.Lines(end) {
		if ban, found, _ := p.parse(bytes.TrimRight(line, "\r\n")); found {
			last = &ban
		}
	}
	return last, nil
}
