package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// Values returns all values whose keys begin with prefix, which ends in "/", by their whole keys. It is one question
// where there would be thousands.
func (s *Store) Values(ctx context.Context, prefix string) (map[string]string, error) {
	// "0" comes right after "/".
	rows, err := s.r.QueryContext(ctx, "SELECT key, value FROM meta WHERE key >= ?1 AND key < substr(?1, 1, length(?1) - 1) || '0'",
		prefix)
	if err != nil {
		return nil, fmt.Errorf("values of %s: %w", prefix, err)
	}
	all := map[string]string{}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var key, value string
		err = rows.Scan(&key, &value)
		all[key] = value
		return none, err
	})
	return all, err
}

// SetValues stores values under their keys, in one transaction. "" deletes.
func (s *Store) SetValues(ctx context.Context, values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	return s.write(ctx, func(tx *sql.Tx) error { return setValues(ctx, tx, values) })
}

// PostAndSetAll posts notices and stores values under their keys, in one transaction.
func (s *Store) PostAndSetAll(ctx context.Context, values map[string]string, notices ...Notice) (posted int, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		if posted, err = post(ctx, tx, notices); err != nil {
			return err
		}
		return setValues(ctx, tx, values)
	})
	return posted, err
}

func setValues(ctx context.Context, tx *sql.Tx, values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	list, err := json.Marshal(values)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO meta (key, value)
		SELECT key, value FROM json_each(?1) WHERE value <> ''`, string(list))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM meta WHERE key IN (SELECT key FROM json_each(?1) WHERE value = '')", string(list))
	return err
}
