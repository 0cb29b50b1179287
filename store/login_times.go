package store

import (
	"context"
	"database/sql"
	"time"
)

// LoginTimes returns when somebody logged in from the address within the window, at most most times, the latest; once
// an hour for each name and service. IPv6 addresses of one /64 count as one.
func (s *Store) LoginTimes(ctx context.Context, address string, w Window, most int) ([]time.Time, error) {
	low, high, ok := loginRange(address)
	if !ok {
		return nil, nil
	}
	rows, err := s.r.QueryContext(ctx, `SELECT first FROM logins WHERE network BETWEEN ? AND ?
		AND first >= ? AND first < ? ORDER BY first DESC LIMIT ?`, []byte(low), []byte(high), w.From.Unix(), w.To.Unix(), most)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (time.Time, error) {
		var at int64
		err := rows.Scan(&at)
		return time.Unix(at, 0), err
	})
}
