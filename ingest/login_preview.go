package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"friendlyfire/store"
)

// LoginPreview is what the last lines of a file of logins look like.
type LoginPreview struct {
	Last  *store.Login // the last login; nil: none
	Lines int          // that were looked at
	// State counts them as those that were read in are counted.
	State store.LoginStatus
	Why   string // what is wrong with the last of State.Rejects
}

// Peek parses the last lines of the file and stores nothing. Its errors do not name the file.
func (r *LoginReader) Peek(ctx context.Context) (p LoginPreview, err error) {
	p.State.Kinds = map[string]int64{}
	info, err := r.Source.Stat(ctx)
	if err != nil {
		return p, err
	}
	f, err := r.Source.Open(ctx, info.Name)
	if err != nil {
		return p, err
	}
	defer f.Close()
	first := []byte(nil)
	if s, ok := f.(io.Seeker); ok && info.Size > peekBytes {
		first = make([]byte, headerBytes)
		if _, err := io.ReadFull(f, first); err != nil {
			return p, err
		}
		if _, err := s.Seek(info.Size-peekBytes, io.SeekStart); err != nil {
			return p, err
		}
	}
	end, err := io.ReadAll(io.LimitReader(f, peekBytes))
	if err != nil {
		return p, err
	}
	if isDatabase(first) || isDatabase(end) {
		return p, ErrDatabase
	}
	if first != nil {
		end = end[bytes.IndexByte(end, '\n')+1:] // drop the partial first line
	}
	end = end[:bytes.LastIndexByte(end, '\n')+1] // drop the partial last line
	lines := newLoginParser(&localTime{zone: r.Zone}, time.Unix(0, info.Modified), time.Now())
	for line := range bytes.Lines(end) {
		p.Lines++
		login, err := lines.parse(bytes.TrimRight(line, "\r\n"))
		if err == nil {
			p.Last, p.State.Logins = &login, p.State.Logins+1
		} else if why, ok := errors.AsType[reason](err); ok {
			p.Why, p.State.Rejects = string(why), p.State.Rejects+1
		} else if kind, ok := errors.AsType[other](err); ok {
			p.State.Kinds[string(kind)]++
		}
	}
	p.State.Lines = int64(p.Lines)
	return p, nil
}
