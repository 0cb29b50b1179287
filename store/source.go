package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Cursor is how far a source has been read, and how its file is recognized. The zero Cursor is a source that has
// never been read.
type Cursor struct {
	Generation int64     // grows whenever lines may follow that were read before
	Head       []byte    // hash of the start of the file; nil: nothing has been read
	Tail       []byte    // hash of the bytes just before Offset
	Offset     int64     // bytes consumed; just past a newline, unless Skipping
	Size       int64     // of the file when it was read; greater than Offset: more can be read at once
	Modified   int64     // modification time in unix nanoseconds when it was read, by the file's own clock
	Line       int64     // lines consumed
	Skipping   bool      // Offset is within a line that is too long
	Columns    string    // the header in force at Offset
	LastTime   time.Time // of the ban before Offset; zero: none
}

// Reject is a line that could not be read as a ban.
type Reject struct {
	Line   int64  // counted from 1
	Reason string // one of a small set, so that reasons can be counted; contains nothing of the line itself
}

// maxRejects is how many rejected lines are kept for each source.
const maxRejects = 20

// Cursor returns how far the source has been read.
func (s *Store) Cursor(ctx context.Context, source string) (c Cursor, err error) {
	return s.cursor(ctx, "sources", source)
}

// cursor returns how far a source has been read that has a row in the table.
func (s *Store) cursor(ctx context.Context, table, source string) (c Cursor, err error) {
	var last int64
	err = s.r.QueryRowContext(ctx, `SELECT generation, head, tail, offset, size, modified, line, skipping, columns,
			last_time
		FROM `+table+` WHERE name = ?`, source).
		Scan(&c.Generation, &c.Head, &c.Tail, &c.Offset, &c.Size, &c.Modified, &c.Line, &c.Skipping, &c.Columns, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return Cursor{}, nil
	}
	if err != nil {
		return Cursor{}, fmt.Errorf("cursor of %s: %w", source, err)
	}
	c.LastTime = fromUnix(last)
	return c, nil
}

// sourceID returns the id of the source, adding a row if it is new.
func sourceID(ctx context.Context, tx *sql.Tx, name string) (id int64, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO sources (name) VALUES (?)
		ON CONFLICT DO UPDATE SET name = name RETURNING id`, name).Scan(&id)
	return id, err
}

// saveCursor records how far the batch reaches and how many new bans it brought.
func saveCursor(ctx context.Context, tx *sql.Tx, source int64, b Batch, added int) error {
	c, last := b.Cursor, int64(0)
	if !c.LastTime.IsZero() {
		last = c.LastTime.Unix()
	}
	latest := int64(0)
	for i := range b.Bans {
		latest = max(latest, b.Bans[i].Time.Unix())
	}
	_, err := tx.ExecContext(ctx, `UPDATE sources SET generation = ?, head = ?, tail = ?, offset = ?, size = ?,
			modified = ?, line = ?, skipping = ?, columns = ?, last_time = ?, bans = bans + ?, latest = max(latest, ?),
			rejects = rejects + ?, gaps = gaps + ? WHERE id = ?`,
		c.Generation, c.Head, c.Tail, c.Offset, c.Size, c.Modified, c.Line, c.Skipping, c.Columns, last,
		added, latest, len(b.Rejects), len(b.Gaps), source)
	if err != nil {
		return err
	}
	for _, reason := range b.Gaps {
		_, err = tx.ExecContext(ctx, `INSERT INTO gap_counts (source_id, reason, files) VALUES (?, ?, 1)
			ON CONFLICT DO UPDATE SET files = files + 1`, source, reason)
		if err != nil {
			return err
		}
	}
	if b.Lines == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, "UPDATE sources SET lines = lines + ?, last_line_at = ? WHERE id = ?",
		b.Lines, b.ReadAt.Unix(), source)
	return err
}

// saveRejects counts the rejected lines of the batch by reason, and keeps the latest of them.
func saveRejects(ctx context.Context, tx *sql.Tx, source int64, b Batch) error {
	if len(b.Rejects) == 0 {
		return nil
	}
	counts := map[string]int64{}
	for _, r := range b.Rejects {
		counts[r.Reason]++
	}
	for reason, n := range counts {
		_, err := tx.ExecContext(ctx, `INSERT INTO reject_counts (source_id, reason, lines) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET lines = lines + excluded.lines`, source, reason, n)
		if err != nil {
			return err
		}
	}
	for _, r := range b.Rejects[max(0, len(b.Rejects)-maxRejects):] {
		_, err := tx.ExecContext(ctx, "INSERT INTO rejects (source_id, line, reason, at) VALUES (?, ?, ?, ?)",
			source, r.Line, r.Reason, b.ReadAt.Unix())
		if err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM rejects WHERE source_id = ?1 AND id NOT IN
		(SELECT id FROM rejects WHERE source_id = ?1 ORDER BY id DESC LIMIT ?2)`, source, maxRejects)
	return err
}

// saveOthers counts the lines of the batch that are no bans and not rejected, and the bans that were known.
func saveOthers(ctx context.Context, tx *sql.Tx, source int64, b Batch, repeated int) error {
	save := func(kind string, n int) error {
		if n == 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO line_counts (source_id, kind, lines) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET lines = lines + excluded.lines`, source, kind, n)
		return err
	}
	for kind, n := range b.Others {
		if err := save(kind, n); err != nil {
			return err
		}
	}
	return save(RepeatedBan, repeated)
}

// NoFile begins the reason for which a source cannot be read if its file does not exist.
const NoFile = "no such file"

// SourceFailed records why the source cannot be read, or with reason "" that it can. It writes nothing, and waits for
// nobody, if that is known already.
func (s *Store) SourceFailed(ctx context.Context, source, reason string, at time.Time) error {
	return s.failed(ctx, "sources", source, reason, at)
}

// failed is SourceFailed for a source that has its row in the table.
func (s *Store) failed(ctx context.Context, table, source, reason string, at time.Time) error {
	var known string
	err := s.r.QueryRowContext(ctx, "SELECT error FROM "+table+" WHERE name = ?", source).Scan(&known)
	if err == nil && known == reason {
		return nil
	}
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		err = s.exec(ctx, `INSERT INTO `+table+` (name, failing_since, error)
			VALUES (?1, iif(?2 = '', 0, ?3), ?2)
			ON CONFLICT (name) DO UPDATE SET error = ?2,
				failing_since = iif(?2 = '', 0, iif(failing_since > 0, failing_since, ?3)) WHERE error <> ?2`,
			source, reason, at.Unix())
	}
	if err != nil {
		return fmt.Errorf("keep state of %s: %w", source, err)
	}
	return nil
}

// FailingSince returns since when the source cannot be read; zero: it can, as far as is known.
func (s *Store) FailingSince(ctx context.Context, source string) (time.Time, error) {
	return s.failingSince(ctx, "sources", source)
}

// failingSince is FailingSince for a source that has its row in the table.
func (s *Store) failingSince(ctx context.Context, table, source string) (time.Time, error) {
	var at int64
	err := s.r.QueryRowContext(ctx, "SELECT failing_since FROM "+table+" WHERE name = ?", source).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return fromUnix(at), err
}

// SourceStatus is the state of a source.
type SourceStatus struct {
	Name         string
	Relay        string           // the source in whose file it is; "": it has one of its own
	LastLineAt   time.Time        // when its last line was read; zero: never
	LastBanAt    time.Time        // the time of its latest ban; zero: none
	FailingSince time.Time        // since when it cannot be read; zero: it can
	Error        string           // why it cannot be read
	Lines        int64            // read in total
	Bans         int64            // found in total, including purged ones
	Rejects      int64            // rejected lines in total
	Gaps         int64            // files of which lines may be missing
	Losses       map[string]int64 // Gaps by reason
	Offset, Size int64            // of the current file, in bytes; of a stream, sequences
	Stream       bool             // it is a stream
	Others       map[string]int64 // the lines that are neither bans nor rejects, by kind
	Kinds        map[string]int64 // Rejects by reason
	Sample       []RejectedLine   // the latest of them, newest first
}

// Gone reports whether the source cannot be read because its file does not exist.
func (s *SourceStatus) Gone() bool { return strings.HasPrefix(s.Error, NoFile) }

// RejectedLine is a Reject and when it was read.
type RejectedLine struct {
	Reject
	At time.Time
}

// Sources returns the state of every source that has been read, ordered by name. It asks as many questions for
// thousands as for one.
func (s *Store) Sources(ctx context.Context) ([]SourceStatus, error) {
	all, err := s.sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("state of the sources: %w", err)
	}
	return all, nil
}

func (s *Store) sources(ctx context.Context) ([]SourceStatus, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT id, name, last_line_at, latest, failing_since, error, lines, bans, rejects,
		gaps, offset, size, columns = 'stream' FROM sources ORDER BY name`)
	if err != nil {
		return nil, err
	}
	at := map[int64]int{} // in all, by id
	all, err := collect(rows, func(rows *sql.Rows) (st SourceStatus, err error) {
		var id, line, ban, failing int64
		err = rows.Scan(&id, &st.Name, &line, &ban, &failing, &st.Error, &st.Lines, &st.Bans, &st.Rejects, &st.Gaps,
			&st.Offset, &st.Size, &st.Stream)
		st.LastLineAt, st.LastBanAt, st.FailingSince = fromUnix(line), fromUnix(ban), fromUnix(failing)
		at[id] = len(at)
		return st, err
	})
	if err != nil {
		return nil, err
	}
	for _, counts := range []struct {
		query string
		of    func(*SourceStatus) *map[string]int64
	}{
		{"SELECT source_id, kind, lines FROM line_counts", func(st *SourceStatus) *map[string]int64 { return &st.Others }},
		{"SELECT source_id, reason, files FROM gap_counts", func(st *SourceStatus) *map[string]int64 { return &st.Losses }},
		{"SELECT source_id, reason, lines FROM reject_counts", func(st *SourceStatus) *map[string]int64 { return &st.Kinds }},
	} {
		rows, err := s.r.QueryContext(ctx, counts.query)
		if err != nil {
			return nil, err
		}
		_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
			var id, n int64
			var key string
			err = rows.Scan(&id, &key, &n)
			if i, known := at[id]; known {
				into := counts.of(&all[i])
				if *into == nil { // nil where there are none
					*into = map[string]int64{}
				}
				(*into)[key] = n
			}
			return none, err
		})
		if err != nil {
			return nil, err
		}
	}
	rows, err = s.r.QueryContext(ctx, "SELECT source_id, line, reason, at FROM rejects ORDER BY id DESC")
	if err != nil {
		return nil, err
	}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var id, when int64
		var r RejectedLine
		err = rows.Scan(&id, &r.Line, &r.Reason, &when)
		r.At = fromUnix(when)
		if i, known := at[id]; known {
			all[i].Sample = append(all[i].Sample, r)
		}
		return none, err
	})
	return all, err
}

// Originals returns the sources whose lines have the original format of date, time and address, without a jail.
func (s *Store) Originals(ctx context.Context) ([]string, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT name FROM sources WHERE columns = 'DATE,TIME,IP_ADDRESS' ORDER BY name")
	if err != nil {
		return nil, err
	}
	return collect(rows, single[string])
}
