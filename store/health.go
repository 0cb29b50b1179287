package store

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteFull is the primary result code of a write to a full disk (sqlite.org/rescode.html).
const sqliteFull = 13

// Full reports whether err means that the disk or a quota is full.
func Full(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqliteFull {
		return true
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// NoRoom reports whether err means that the disk of the database at path is full, or is to be explained by that: where
// SQLite cannot make or enlarge the files beside the database, it does not say why.
func NoRoom(err error, path string) bool {
	if Full(err) {
		return true
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok || e.Code()&0xff != sqlite3.SQLITE_IOERR && e.Code()&0xff != sqlite3.SQLITE_CANTOPEN {
		return false
	}
	const little = 256 << 10
	free, err := FreeSpace(filepath.Dir(path))
	return err == nil && free < little
}

// DeadLetters are the notices to a chat that were given up.
type DeadLetters struct {
	Count  int
	Key    string // of the latest
	Reason string // of the latest
}

// DeadLetters returns the notices to the chat that were given up at since or later, except those whose key begins with
// without, if that is not "".
func (s *Store) DeadLetters(
	ctx context.Context, chat Chat, since time.Time, without string,
) (d DeadLetters, err error) {
	from := int64(1)
	if !since.IsZero() {
		from = since.Unix()
	}
	rows, err := s.r.QueryContext(ctx, `SELECT key, error, count(*) OVER () FROM notices
		WHERE dead_at >= ? AND platform = ? AND chat = ? AND (?4 = '' OR substr(key, 1, length(?4)) <> ?4)
		ORDER BY dead_at DESC, id DESC LIMIT 1`, from, chat.Platform, chat.ID, without)
	if err != nil {
		return d, err
	}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		return none, rows.Scan(&d.Key, &d.Reason, &d.Count)
	})
	return d, err
}

// Outcomes counts the chat's notices that were sent, and those that were given up, since a time.
func (s *Store) Outcomes(ctx context.Context, chat Chat, since time.Time) (sent, dead int, err error) {
	err = s.r.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE sent_at >= ?1), count(*) FILTER (WHERE dead_at >= ?1)
		FROM notices WHERE platform = ?2 AND chat = ?3`, since.Unix(), chat.Platform, chat.ID).Scan(&sent, &dead)
	return sent, dead, err
}
