package ingest

import (
	"bytes"
	"context"
	"errors"
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
	_, end, err := ends(ctx, r.Source, info)
	if err != nil {
		return p, err
	}
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
