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
		renamed, err = renameRow(ctx, tx, "sources", old, name, keysOfSource)
		if err != nil || !renamed {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE OR REPLACE rules SET source = ?2 WHERE source = ?1", old, name)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("rename source %s: %w", old, err)
	}
	return renamed, nil
}

// keysOfLogins are keysOfSource of a file of logins.
const keysOfLogins = `["ingest/login zone/", "health/login zone/", "health/unreadable logins/", "health/no logins/"]`

// RenameLogins is RenameSource for a file of logins.
func (s *Store) RenameLogins(ctx context.Context, old, name string) (renamed bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM login_sources WHERE name = ? AND lines = 0 AND offset = 0", name)
		if err == nil {
			renamed, err = renameRow(ctx, tx, "login_sources", old, name, keysOfLogins)
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("rename logins of %s: %w", old, err)
	}
	return renamed, nil
}

// renameRow gives a source that has its row in the table another name, and the values that are kept for it.
func renameRow(ctx context.Context, tx *sql.Tx, table, old, name, keys string) (renamed bool, err error) {
	result, err := tx.ExecContext(ctx, `UPDATE `+table+` SET name = ?2, failing_since = 0, error = ''
		WHERE name = ?1 AND NOT EXISTS (SELECT 1 FROM `+table+` WHERE name = ?2)`, old, name)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE OR REPLACE meta SET key = before || ?2
		FROM (SELECT value AS before FROM json_each(?3)) WHERE key = before || ?1`, old, name, keys)
	return err == nil, err
}
