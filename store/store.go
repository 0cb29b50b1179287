// Package store keeps everything friendlyfire knows in one SQLite file: bans, the addresses they hit, where those
// addresses are, and which messages went to which chat. Each domain type lives beside its SQL.
//
// It knows nothing about source files, registries, chat platforms or wording, and imports no other package of the
// program.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is the database. It is safe for concurrent use.
//
// One connection writes, so that no transaction ever waits for a lock it cannot get; a few others only read.
type Store struct {
	w     *sql.DB // by way of exec, write, writeUrgently and writeAhead alone, which take turns
	r     *sql.DB
	spare *sql.DB // one connection that is never interrupted: it still reaches the file after it was deleted

	path string
	// file is the open file, even if path has come to mean another. It is closed after the connections, and looked at
	// in place of path: whoever opens and closes the database in this process takes the locks from SQLite, and another
	// process may then remove the write-ahead log. https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled
	file *os.File
	wal  *os.File // its write-ahead log, only to be flushed and recognized

	turns turns
	holds holds
}

// NewerError reports a database that was written by a later release. It is left untouched.
type NewerError struct {
	Path         string
	Version, Own int
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("%s was written by a newer friendlyfire (schema %d, this one knows %d): "+
		"upgrade, or choose another database", e.Path, e.Version, e.Own)
}

// Open opens the database at path, creates it if there is none, and brings its schema up to date.
// The file, and a directory that has to be created for it, are accessible only to their owner.
//
// It returns a *CorruptError if the file is no longer a database or has disappeared, a *ReadOnlyError if it cannot be
// written, and a *NewerError if it was written by a later release.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := errors.Join(registerFunctions(), prepare(ctx, path)); err != nil {
		return nil, fmt.Errorf("open database: %w", ReadOnly(path, err))
	}
	if err := migrate(ctx, path); err != nil {
		return nil, err
	}
	s := &Store{path: path}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) (err error) {
	if s.file, err = os.Open(s.path); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	options := strings.Replace(writeOptions, "=FULL", "=NORMAL", 1) + "&_foreign_keys=1"
	if s.w, err = open(s.path, options); err != nil {
		return err
	}
	s.w.SetMaxOpenConns(1)
	_, err = s.w.ExecContext(ctx, "INSERT INTO meta VALUES ('store/born', ?) ON CONFLICT DO NOTHING",
		strconv.FormatInt(time.Now().Unix(), 10))
	if err != nil {
		return fmt.Errorf("open database %s: %w", s.path, err)
	}
	if s.r, err = open(s.path, "_query_only=1&_pragma=cache_size(-1000)"); err != nil {
		return err
	}
	s.r.SetMaxOpenConns(readers)
	s.r.SetMaxIdleConns(readers)
	// The pools drop a connection that was interrupted, and a new one could not reach a file that was deleted.
	if s.spare, err = open(s.path, ""); err != nil {
		return err
	}
	s.spare.SetMaxOpenConns(1)
	if _, err := s.spare.ExecContext(ctx, "SELECT 1 FROM sqlite_schema"); err != nil {
		return fmt.Errorf("open database %s: %w", s.path, err)
	}
	if s.wal, err = os.Open(s.path + "-wal"); err != nil { // it lasts as long as a connection does
		return fmt.Errorf("open database %s: %w", s.path, err)
	}
	return nil
}

// Close waits for running statements and closes the file. It may be called twice.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.r, s.w, s.spare} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.file != nil {
		s.Release()
	}
	for _, file := range []*os.File{s.wal, s.file} { // the database last: see the field
		if file == nil {
			continue
		}
		if err := file.Close(); !errors.Is(err, fs.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Shrink frees what SQLite keeps for the next statements: the caches and prepared statements of the connection that
// writes, and the connections that read, which are opened again when they are needed. For a connection that is in use
// it waits up to a second.
func (s *Store) Shrink(ctx context.Context) error {
	s.r.SetMaxIdleConns(0)
	s.r.SetMaxIdleConns(readers)
	waitCtx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := s.w.Conn(waitCtx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // it only returns to the pool
	if err := c.Raw(forget); err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, "PRAGMA shrink_memory")
	return err
}

// readers is the number of read connections.
const readers = 4

// writeOptions are the options of a connection that writes. synchronous=FULL: a power cut must not undo the record of
// a message that went out; the connection of a Store has NORMAL and leaves that to inTurn, since SQLite would keep all
// other writes waiting for the disk, and NORMAL orders what reaches it (https://www.sqlite.org/pragma.html).
// secure_delete: deleted data is overwritten, in the pages that VACUUM frees, too.
const writeOptions = "_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_pragma=secure_delete(1)" +
	"&_pragma=cache_size(-4000)&_pragma=wal_autocheckpoint(3000)&_pragma=journal_size_limit(12582912)"

// walPages is the usual length of the write-ahead log, in pages of 4 KiB: 12 MiB.
const walPages = 3000

// open opens an existing database. It never creates one, so that no new file appears in place of a deleted one.
func open(path, options string) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=rw&_busy_timeout=5000&_dqs=0&" + options
	db, err := openPool(dsn)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	db.SetConnMaxIdleTime(0) // an idle connection costs nothing, a new one runs the pragmas
	return db, nil
}

// migrationSteps are the steps in Go that follow a migration's SQL, by schema.
var migrationSteps = map[int]func(context.Context, *sql.Tx) error{
	2: func(ctx context.Context, tx *sql.Tx) error { return countAll(ctx, tx, endlessOnce) },
}

// migrate runs the numbered migrations that are new to the database, each in its own transaction.
func migrate(ctx context.Context, path string) (err error) {
	files, err := migrationFiles()
	if err != nil {
		return err
	}
	db, err := open(path, writeOptions+"&_foreign_keys=0") // tables are rebuilt while others refer to them
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	version, err := schemaVersion(ctx, db, path)
	if err != nil {
		return err
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
			if step := migrationSteps[schema]; step != nil {
				return step(ctx, tx)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("migrate %s to schema %d: %w", path, schema, err)
		}
	}
	return nil
}

// migrationFiles returns the names of the migrations in order. Their number is the present schema.
func migrationFiles() ([]string, error) { return fs.Glob(migrations, "migrations/*.sql") }

// schemaVersion returns how many migrations the database at path has seen.
func schemaVersion(ctx context.Context, db *sql.DB, path string) (version int, err error) {
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, fmt.Errorf("open database %s: %w", path, err)
	}
	return version, nil
}

// Value returns the value last stored under key, "" if there is none. Keys have the form "package/name".
func (s *Store) Value(ctx context.Context, key string) (string, error) {
	var value string
	err := s.r.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// SetValue stores value under key.
func (s *Store) SetValue(ctx context.Context, key, value string) error {
	err := s.exec(ctx, `INSERT INTO meta (key, value) VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`, key, value)
	return err
}

// setMeta stores value under key, with a database or transaction of the caller's.
func setMeta(ctx context.Context, db interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}, key, value string,
) error {
	_, err := db.ExecContext(ctx, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, value)
	return err
}

// CreatedAt returns when the database was created.
func (s *Store) CreatedAt(ctx context.Context) (time.Time, error) {
	var created int64
	err := s.r.QueryRowContext(ctx, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'store/born'").Scan(&created)
	return time.Unix(created, 0), err
}

// Intact reads the whole database and returns a *CorruptError if its structure is damaged. It cannot detect bytes that
// were changed within a row. It takes about two seconds for a million bans.
// https://www.sqlite.org/pragma.html#pragma_quick_check
func (s *Store) Intact(ctx context.Context) error { return verify(ctx, s.r, s.path) }

// Ping waits until the database can begin a write transaction, or until ctx ends. It writes nothing.
func (s *Store) Ping(ctx context.Context) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		var version int
		return tx.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&version)
	})
}
