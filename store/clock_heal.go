package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// heal brings what the program has noted by its own clock, and what lies in the future, back to now: the clock was
// ahead when that was noted. What rests on such a time would otherwise not happen until then. Bans are not touched:
// their times are others' words. Nor is until when a platform or a registry wants to be left alone.
func (s *Store) heal(ctx context.Context, now time.Time) error {
	at := now.Unix()
	err := s.write(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{
			`UPDATE meta SET value = ?1 WHERE key IN ('store/born', '` + knowsSinceKey + `')
				AND CAST(value AS INTEGER) > ?1`,
			"UPDATE sources SET last_line_at = ?1 WHERE last_line_at > ?1",
			"UPDATE sources SET failing_since = ?1 WHERE failing_since > ?1",
			"UPDATE chats SET sent_at = ?1 WHERE sent_at > ?1",
			"UPDATE chats SET failing_since = ?1 WHERE failing_since > ?1",
			"UPDATE notices SET created_at = ?1 WHERE created_at > ?1",
			"UPDATE networks SET answered_at = ?1 WHERE answered_at > ?1",
		} {
			if _, err := tx.ExecContext(ctx, query, at); err != nil {
				return err
			}
		}
		// After a purge into the future, no day is complete but those to come.
		_, err := tx.ExecContext(ctx, "UPDATE meta SET value = ?1 WHERE key = ?2 AND CAST(value AS INTEGER) > ?1",
			floor(at, daySeconds)+daySeconds, purgedKey)
		return err
	})
	if err != nil {
		return fmt.Errorf("heal times in the future: %w", err)
	}
	return nil
}
