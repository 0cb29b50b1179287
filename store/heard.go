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
	Heard  time.Time // when its agent last said that it runs
}

// Heard is what the messages of a server tell of it.
type Heard struct {
	Line  time.Time // when its latest line was read, as far as they tell
	Ban   time.Time // of its latest ban; zero: they have none
	Alive bool      // its agent says that it runs
}

// Servers returns the servers of all streams whose agents have said since a moment that they run, by name.
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

// saveHeard keeps what is heard of the servers of a stream.
func saveHeard(ctx context.Context, tx *sql.Tx, stream int64, b *Batch) error {
	if len(b.Heard) == 0 {
		return nil
	}
	type server struct {
		Name             string
		Line, Ban, Alive int64
	}
	all := make([]server, 0, len(b.Heard))
	for name, h := range b.Heard {
		one := server{Name: name, Line: min(h.Line.Unix(), b.ReadAt.Unix())} // its clock may be ahead
		if !h.Ban.IsZero() {
			one.Ban = h.Ban.Unix()
		}
		if h.Alive {
			one.Alive = b.ReadAt.Unix()
		}
		all = append(all, one)
	}
	list, err := json.Marshal(all)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO sources (name, stream_id, heard_at, last_line_at, latest)
		SELECT value ->> 'Name', ?2, value ->> 'Alive', value ->> 'Line', value ->> 'Ban' FROM json_each(?1) WHERE true
		ON CONFLICT (name) DO UPDATE SET stream_id = ?2, heard_at = max(heard_at, excluded.heard_at),
			last_line_at = max(last_line_at, excluded.last_line_at), latest = max(latest, excluded.latest)`,
		string(list), stream)
	return err
}

// forgetAll gives up the open bans of a source and of the servers that it brings, as a stream or a relay.
func (l *ledger) forgetAll(ctx context.Context, source int64, t *tally) error {
	rows, err := l.tx.QueryContext(ctx, `SELECT id FROM sources WHERE id = ?1 OR stream_id = ?1
		UNION SELECT source_id FROM relayed WHERE relay_id = ?1`, source)
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

// saveEarly counts the bans of a batch that is early.
func saveEarly(ctx context.Context, tx *sql.Tx, source int64, b Batch, added int) error {
	if err := saveOthers(ctx, tx, source, b, len(b.Bans)-added); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "UPDATE sources SET bans = bans + ?, lines = lines + ? WHERE id = ?", added, b.Lines, source)
	return err
}
