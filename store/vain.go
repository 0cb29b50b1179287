package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// vain is how a chat has been tried in vain.
type vain struct {
	Latest  int64   `json:"latest"`  // the highest id of a notice, when that was last counted
	Seconds int64   `json:"seconds"` // of the hour that is not full yet
	Hours   []int64 `json:"hours"`   // an id such as Latest for each of the latest full hours: posted by then at least
}

// TriedInVain counts spent as time in which the chat was tried in vain, and gives up its notices that were posted more
// than limit of such time ago. Limit is counted in full hours.
func (s *Store) TriedInVain(ctx context.Context, chat Chat, spent, limit time.Duration, now time.Time) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		key := "store/vain/" + chat.Platform + "/" + chat.ID
		var v vain
		var text string
		err := tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&text)
		if err == nil {
			err = json.Unmarshal([]byte(text), &v)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var latest int64
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM notices").Scan(&latest); err != nil {
			return err
		}
		v.Seconds += int64(spent / time.Second)
		for ; v.Seconds >= hourSeconds; v.Seconds -= hourSeconds {
			v.Hours = append(v.Hours, v.Latest)
		}
		v.Latest = latest
		enough := int64(0) // id up to which notices have waited for long enough
		for ; len(v.Hours) > int(limit/time.Hour); v.Hours = v.Hours[1:] {
			enough = v.Hours[0]
		}
		_, err = tx.ExecContext(ctx, `UPDATE notices SET dead_at = ?, error = 'tried for too long: ' || error
			WHERE platform = ? AND chat = ? AND sent_at IS NULL AND dead_at IS NULL AND claimed_at IS NULL AND id <= ?`,
			now.Unix(), chat.Platform, chat.ID, enough)
		if err != nil {
			return err
		}
		encoded, err := json.Marshal(v)
		if err != nil {
			return err
		}
		return setMeta(ctx, tx, key, string(encoded))
	})
	if err != nil {
		return fmt.Errorf("count attempts in vain: %w", err)
	}
	return nil
}
