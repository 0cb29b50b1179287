package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// The values of the column state of bans: what has been decided about a ban.
const (
	stateHistory   = iota // too old to be news when it was read
	stateUndecided        // news that nobody has decided on yet
	stateDecided          // nothing remains to be done
	stateWaiting          // to be decided again when whois has answered
)

// Verdict is what has been decided about bans, and the notices that follow from it.
type Verdict struct {
	Decided   []int64  // bans for which nothing remains to be done
	Waiting   []int64  // bans to be decided again when whois has answered
	Strangers []int64  // those of both whose addresses were not friendly: if one is by now, its ban stays undecided
	FollowUps []int64  // those of Decided whose alerts whois may add to
	Told      int64    // the notices report History up to this ban; 0: they do not report it
	Notices   []Notice // dropped if Told is set but History has grown since
}

// Record saves a verdict and its notices, in one transaction.
func (s *Store) Record(ctx context.Context, v Verdict) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		strangers, err := json.Marshal(append([]int64{}, v.Strangers...))
		if err != nil {
			return err
		}
		for state, ids := range map[int][]int64{stateDecided: v.Decided, stateWaiting: v.Waiting} {
			if len(ids) == 0 {
				continue
			}
			list, err := json.Marshal(ids)
			if err != nil {
				return err
			}
			// A ban whose answer, or the login before it, arrived after the decision stays undecided.
			answered := ""
			if state == stateWaiting {
				answered = " AND EXISTS (SELECT 1 FROM addresses WHERE id = address_id AND whois_at IS NULL)"
			}
			_, err = tx.ExecContext(ctx, fmt.Sprintf(`UPDATE bans SET state = %d
				WHERE id IN (SELECT value FROM json_each(?)) AND state = %d
					AND NOT (id IN (SELECT value FROM json_each(?)) AND (SELECT friendly FROM addresses WHERE id = address_id))%s`,
				state, stateUndecided, answered), string(list), string(strangers))
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
				return err // more was read meanwhile: all of it will be reported together
			}
		}
		if err := saveFollowUps(ctx, tx, v.FollowUps, time.Now()); err != nil {
			return err
		}
		_, err = post(ctx, tx, v.Notices)
		return err
	})
}
