// Package store keeps what friendlyfire knows, in one SQLite file: bans, the addresses they hit, where those are,
// and what has been said of it to whom. The domain's nouns stand here beside the SQL that keeps them.
//
// It knows nothing of files, registries, platforms or wording, and imports no other package of the program.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is the database. It is safe for concurrent use.
//
// One connection writes, so that no transaction ever waits for a lock it cannot get; a few others read beside it.
type Store struct {
	w     *sql.DB
	r     *sql.DB
	spare *sql.DB // one connection that nothing interrupts: the way to a file that was deleted

	path string
	file fs.FileInfo // what is open, whatever happens to the path

	around *sql.Stmt // aroundQuery: it is asked for every address, and takes longer to understand than to answer
}

// NewerError is a database that a later release has written. It is left as it is.
type NewerError struct {
	Path         string
	Version, Own int
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("%s was written by a newer friendlyfire (schema %d, this one knows %d): upgrade, or choose another database",
		e.Path, e.Version, e.Own)
}

// Open opens the database at path, makes it if there is none, and brings its schema up to date.
// The file is readable by its owner only. A directory that is missing is made, for its owner only.
//
// It returns a *CorruptError for a file that is no database any more, and where there was one that is gone, a
// *ReadOnlyError for one that cannot be written, and a *NewerError for one that a later release has written.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := errors.Join(registerFunctions(), prepare(ctx, path)); err != nil {
		return nil, fmt.Errorf("open database: %w", ReadOnly(path, err))
	}
	if err := migrate(ctx, path); err != nil {
		return nil, err
	}
	file, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	w, err := open(path, writing+"&_foreign_keys=1")
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	_, err = w.ExecContext(ctx, "INSERT INTO meta VALUES ('store/born', ?) ON CONFLICT DO NOTHING", strconv.FormatInt(time.Now().Unix(), 10))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), w.Close())
	}
	r, err := open(path, "_query_only=1&_pragma=cache_size(-1000)")
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	r.SetMaxOpenConns(readers)
	r.SetMaxIdleConns(readers)
	// The pools give up a connection that was interrupted, and no new one reaches a file that was deleted.
	spare, err := open(path, "")
	if err != nil {
		return nil, errors.Join(err, r.Close(), w.Close())
	}
	spare.SetMaxOpenConns(1)
	s := &Store{w: w, r: r, spare: spare, path: path, file: file}
	if _, err = spare.ExecContext(ctx, "SELECT 1 FROM sqlite_schema"); err == nil {
		s.around, err = r.PrepareContext(ctx, aroundQuery)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), s.Close())
	}
	return s, nil
}

// Close waits for what is under way and closes the file.
func (s *Store) Close() error {
	var errs []error
	if s.around != nil {
		errs = append(errs, s.around.Close())
	}
	for _, db := range []*sql.DB{s.r, s.w, s.spare} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Shrink lets go of what the caches hold, which fill again by themselves; of those that are in use it waits a second.
func (s *Store) Shrink(ctx context.Context) error {
	const shrink = "PRAGMA shrink_memory"
	if _, err := s.w.ExecContext(ctx, shrink); err != nil {
		return err
	}
	soon, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var held []*sql.Conn // until each has had its turn
	defer func() {
		for _, c := range held {
			c.Close() //nolint:errcheck // it goes back to the others
		}
	}()
	for range readers {
		c, err := s.r.Conn(soon)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		held = append(held, c)
		if _, err := c.ExecContext(ctx, shrink); err != nil {
			return err
		}
	}
	return nil
}

// readers is how many connections read at a time.
const readers = 4

// writing are the options of a connection that writes. FULL: a power cut must not undo the record of a message that
// went out. What is deleted is overwritten, in pages of a VACUUM, too.
const writing = "_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_pragma=secure_delete(1)&_pragma=cache_size(-4000)" +
	"&_pragma=wal_autocheckpoint(3000)&_pragma=journal_size_limit(12582912)"

// logPages is the usual length of the write-ahead log, in pages of 4 KiB: 12 MiB.
const logPages = 3000

// open opens a database that exists: a new file of the same name must not appear when one is deleted.
func open(path, options string) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=rw&_busy_timeout=5000&_dqs=0&" + options
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	db.SetConnMaxIdleTime(0) // an idle connection is free, a new one runs pragmas
	return db, nil
}

// afterwards is what a migration needs beside its SQL, by schema.
var afterwards = map[int]func(context.Context, *sql.Tx) error{2: countAll}

// migrate runs the numbered files of migrations that the database has not seen, each in a transaction of its own.
func migrate(ctx context.Context, path string) (err error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	db, err := open(path, writing+"&_foreign_keys=0") // tables are made anew under the eyes of those that refer to them
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	if version > len(files) {
		return &NewerError{Path: path, Version: version, Own: len(files)}
	}
	for i, file := range files[version:] {
		script, err := migrations.ReadFile(file)
		if err != nil {
			return err
		}
		schema := version + i + 1
		err = inTx(ctx, db, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, fmt.Sprintf("%s;\nPRAGMA user_version = %d", script, schema)); err != nil {
				return err
			}
			if more := afterwards[schema]; more != nil {
				return more(ctx, tx)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("migrate %s to schema %d: %w", path, schema, err)
		}
	}
	return nil
}

func (s *Store) write(ctx context.Context, do func(*sql.Tx) error) error { return inTx(ctx, s.w, do) }

// writeAhead is write for what can be had again: it does not wait until it has reached the disk. A power cut undoes it
// whole, unless a write has followed, which brings all before it to the disk with it. Where more follows at once, the log
// may grow to four times its usual length before its pages are copied to their places, so that those that change with
// every transaction are copied less often.
func (s *Store) writeAhead(ctx context.Context, more bool, do func(*sql.Tx) error) (err error) {
	c, err := s.w.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // it goes back to be used again
	log := logPages
	if more {
		log *= 4
	}
	set := func(ctx context.Context, synchronous string, log int) error {
		_, err := c.ExecContext(ctx, fmt.Sprintf("PRAGMA synchronous = %s; PRAGMA wal_autocheckpoint = %d", synchronous, log))
		return err
	}
	defer func() { // whatever comes of it: a write must not find the connection so
		if e := set(context.WithoutCancel(ctx), "FULL", logPages); e != nil {
			err = errors.Join(err, e, c.Raw(func(any) error { return driver.ErrBadConn })) // the next one is as it should be
		}
	}()
	if err := set(ctx, "NORMAL", log); err != nil {
		return err
	}
	return inTx(ctx, c, do)
}

// inTx lets do work in a transaction of its own, which is kept if do succeeds.
func inTx(ctx context.Context, db interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}, do func(*sql.Tx) error,
) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Value returns what was last kept under key, "" if nothing was. Keys are "package/what".
func (s *Store) Value(ctx context.Context, key string) (string, error) {
	var value string
	err := s.r.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// SetValue keeps value under key for good.
func (s *Store) SetValue(ctx context.Context, key, value string) error {
	_, err := s.w.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`, key, value)
	return err
}

// CreatedAt is when the database was made.
func (s *Store) CreatedAt(ctx context.Context) (time.Time, error) {
	var born int64
	err := s.r.QueryRowContext(ctx, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'store/born'").Scan(&born)
	return time.Unix(born, 0), err
}

// Intact reads all of the database that is open, and returns a *CorruptError if it is out of order. Bytes that were
// changed within a row it cannot tell. It takes about two seconds for a million bans.
// https://www.sqlite.org/pragma.html#pragma_quick_check
func (s *Store) Intact(ctx context.Context) error { return verify(ctx, s.r, s.path) }

// Ping waits until the database begins a transaction that could write, at most until ctx ends. It writes nothing.
func (s *Store) Ping(ctx context.Context) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		var version int
		return tx.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&version)
	})
}
