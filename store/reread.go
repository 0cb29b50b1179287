package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// After the database was restored, each source is read again from where the copy ends, or from its beginning. What
// comes up to its first end may have been told before, whatever its time says.

const (
	rereadKey = "store/reread/"  // and a server: the id up to which its bans may have been told before
	readOnKey = "store/read on/" // and a source: set once it has been read to its end
)

// statement is a query with its arguments.
type statement struct {
	query string
	args  []any
}

// rereadAll is what makes every source count as not yet read to its end.
func rereadAll() []statement {
	return []statement{
		{"DELETE FROM meta WHERE substr(key, 1, length(?1)) = ?1 OR substr(key, 1, length(?2)) = ?2", []any{
			rereadKey, readOnKey,
		}},
		{"INSERT INTO meta SELECT ?1 || name, (SELECT coalesce(max(id), 0) FROM bans) FROM sources", []any{rereadKey}},
	}
}

// noteReread notes that the bans of a batch that was just added may have been told before, if they may.
func noteReread(ctx context.Context, tx *sql.Tx, b *Batch) error {
	if len(b.Bans) == 0 {
		return nil
	}
	var again bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM meta WHERE key = ?)
		AND NOT EXISTS (SELECT 1 FROM meta WHERE key = ?)`, knowsSinceKey, readOnKey+b.Source).Scan(&again)
	if err != nil || !again {
		return err
	}
	for _, server := range uniqueTexts(b.Bans, func(b *Ban) string { return b.Source }) {
		if server == "" {
			server = b.Source
		}
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO meta
			VALUES (?, (SELECT coalesce(max(id), 0) FROM bans))`, rereadKey+server)
		if err != nil {
			return err
		}
	}
	return nil
}

// ReadToEnd notes that a source has been read to its end: what comes from then on is new. It writes nothing unless the
// database was restored.
func (s *Store) ReadToEnd(ctx context.Context, source string) error {
	since, err := s.KnowsSince(ctx)
	if err != nil || since.IsZero() {
		return err
	}
	err = s.exec(ctx, `INSERT INTO meta SELECT ?1, '1' WHERE EXISTS (SELECT 1 FROM meta WHERE key = ?2)
		ON CONFLICT DO NOTHING`, readOnKey+source, knowsSinceKey)
	if err != nil {
		return fmt.Errorf("note that %s has been read: %w", source, err)
	}
	return nil
}

// MaybeTold reports whether a ban may have been told before the database was restored.
func (s *Store) MaybeTold(ctx context.Context, b Ban) (bool, error) {
	since, err := s.KnowsSince(ctx)
	if err != nil || since.IsZero() || b.Time.Before(since) {
		return err == nil && !since.IsZero(), err
	}
	var upTo int64
	err = s.r.QueryRowContext(ctx, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?", rereadKey+b.Source).
		Scan(&upTo)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return b.ID <= upTo, err
}
