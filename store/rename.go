package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// Orphans returns the names of the sources that have been read and are not among those configured, the one read last
// first.
func (s *Store) Orphans(ctx context.Context, configured []string) ([]string, error) {
	list, err := json.Marshal(configured)
	if err != nil {
		return nil, err
	}
	rows, err := s.r.QueryContext(ctx, `SELECT name FROM sources WHERE offset > 0
		AND name NOT IN (SELECT value FROM json_each(?)) ORDER BY last_line_at DESC, id`, string(list))
	if err != nil {
		return nil, fmt.Errorf("sources that are not configured: %w", err)
	}
	return collect(rows, single[string])
}

// keysOfSource are the values kept for a source, by what stands before its name.
const keysOfSource = `["ingest/zone/", "ingest/read/", "health/zone/", "health/unreadable/", "health/source/", "health/strange/",
	"health/muted/", "health/bans/", "health/pause/", "health/lines/", "store/reread/", "store/read on/", "rules/asked/"]`

// RenameSource gives a source another name: its bans, its counts, and how far it has been read go with it. It reports
// false, and changes nothing, if there is no such source, or one of the other name that has bans already.
func (s *Store) RenameSource(ctx context.Context, old, name string) (renamed bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		// One that could not be read so far has a row, and nothing in it.
		_, err := tx.ExecContext(ctx, `DELETE FROM sources WHERE name = ? AND lines = 0 AND bans = 0 AND offset = 0
			AND NOT EXISTS (SELECT 1 FROM jail_hours WHERE source_id = sources.id)`, name)
		if err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `UPDATE sources SET name = ?2, failing_since = 0, error = ''
			WHERE name = ?1 AND NOT EXISTS (SELECT 1 FROM sources WHERE name = ?2)`, old, name)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if renamed = n > 0; err != nil || !renamed {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE OR REPLACE rules SET source = ?2 WHERE source = ?1", old, name); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE OR REPLACE meta SET key = before || ?2
			FROM (SELECT value AS before FROM json_each(?3)) WHERE key = before || ?1`, old, name, keysOfSource)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("rename source %s: %w", old, err)
	}
	return renamed, nil
}
