package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Server is a server whose agent publishes to a stream.
type Server struct {
	Name   string
	Stream string    // the source that is the stream
	Heard  time.Time // when the latest of its messages was read
}

// Servers returns the servers of all streams that were heard since a moment, by name.
func (s *Store) Servers(ctx context.Context, since time.Time) ([]Server, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT s.name, stream.name, s.heard_at FROM sources s
		JOIN sources stream ON stream.id = s.stream_id WHERE s.heard_at >= ? ORDER BY s.name`, since.Unix())
	if err != nil {
		return nil, fmt.Errorf("servers of streams: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (one Server, err error) {
		var at int64
		err = rows.Scan(&one.Name, &one.Stream, &at)
		one.Heard = fromUnix(at)
		return one, err
	})
}

// saveHeard keeps when the servers of a stream were heard, and when the latest line of each was read.
func saveHeard(ctx context.Context, tx *sql.Tx, stream int64, b *Batch) error {
	if len(b.Heard) == 0 {
		return nil
	}
	type server struct {
		Name string
		Line int64
	}
	all := make([]server, 0, len(b.Heard))
	for name, line := range b.Heard {
		all = append(all, server{name, min(line.Unix(), b.ReadAt.Unix())}) // its clock may be ahead
	}
	list, err := json.Marshal(all)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO sources (name, stream_id, heard_at, last_line_at)
		SELECT value ->> 'Name', ?2, ?3, value ->> 'Line' FROM json_each(?1) WHERE true
		ON CONFLICT (name) DO UPDATE SET stream_id = ?2, heard_at = ?3, last_line_at = max(last_line_at, excluded.last_line_at)`,
		string(list), stream, b.ReadAt.Unix())
	return err
}

// forgetAll gives up the open bans of a source and, if it is a stream, of the servers that it brings.
func (l *ledger) forgetAll(ctx context.Context, source int64, t *tally) error {
	rows, err := l.tx.QueryContext(ctx, "SELECT id FROM sources WHERE id = ?1 OR stream_id = ?1", source)
	if err != nil {
		return err
	}
	all, err := collect(rows, single[int64])
	for _, one := range all {
		if err == nil {
			err = l.forget(ctx, one, t)
		}
	}
	return err
}
