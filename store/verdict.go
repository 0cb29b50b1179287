package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// What has been decided of a ban: the column state of bans.
const (
	stateHistory   = iota // too old to be news when it was read
	stateUndecided        // news, to be looked at
	stateDecided          // all is said of it
	stateWaiting          // to be looked at again when whois has answered
)

// Verdict is what has been decided of bans, and what is to be said of it.
type Verdict struct {
	Decided []int64 // bans of which all is said
	Waiting []int64 // bans to be looked at again when whois has answered
	Told    int64   // history is told up to this ban, unless there is more by now; 0: no word of history
	Notices []Notice
}

// Record keeps a verdict and its notices, both or neither.
func (s *Store) Record(ctx context.Context, v Verdict) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for state, ids := range map[int][]int64{stateDecided: v.Decided, stateWaiting: v.Waiting} {
			if len(ids) == 0 {
				continue
			}
			list, err := json.Marshal(ids)
			if err != nil {
				return err
			}
			// An answer that came since the bans were looked at is looked at, too.
			answered := ""
			if state == stateWaiting {
				answered = " AND EXISTS (SELECT 1 FROM addresses WHERE id = address_id AND whois_at IS NULL)"
			}
			_, err = tx.ExecContext(ctx, fmt.Sprintf("UPDATE bans SET state = %d WHERE id IN (SELECT value FROM json_each(?)) AND state = %d%s",
				state, stateUndecided, answered), string(list))
			if err != nil {
				return err
			}
		}
		if v.Told > 0 {
			told, err := tx.ExecContext(ctx, "DELETE FROM untold WHERE up_to = ?", v.Told)
			if err != nil {
				return err
			}
			if n, err := told.RowsAffected(); err != nil || n == 0 {
				return err // more was read meanwhile: all of it is told together
			}
		}
		_, err := post(ctx, tx, v.Notices)
		return err
	})
}
