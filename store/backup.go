package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Backup keeps a copy of the database of each of the last days beside it, so that a damaged one can be mended.
type Backup struct {
	Store *Store
	Zone  *time.Location // of the dates
}

// CorruptKept is how long a damaged database is kept: it holds addresses, and no purge reaches it.
const CorruptKept = 7 * 24 * time.Hour

const (
	copiesKept = 7

	// young is how old a database must be to be worth a copy: one that has just begun is still being filled.
	young = time.Hour
)

// Step makes today's copy if there is none. Where the disk has no room for it that is an error, and nothing is written.
func (b *Backup) Step(ctx context.Context) error {
	if err := b.step(ctx); err != nil {
		return fmt.Errorf("daily copy of the database: %w", err)
	}
	return nil
}

func (b *Backup) step(ctx context.Context) error {
	now, path := time.Now(), b.Store.path
	today := path + copyMark + now.In(b.Zone).Format(time.DateOnly)
	if _, err := os.Stat(today); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if born, err := b.Store.CreatedAt(ctx); err != nil || now.Sub(born) < young {
		return err
	}
	part := path + copyMark + partMark
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) { // of one that was interrupted
		return err
	}
	if err := copyTo(ctx, path, part); err != nil {
		return err
	}
	return errors.Join(move(part, today), tidy(path, now))
}

// tidy removes the copies that are too many, and what was set aside of damaged databases when its time is over.
func tidy(path string, now time.Time) error {
	copies, err := Copies(path)
	for _, old := range copies[min(copiesKept, len(copies)):] {
		err = errors.Join(err, os.Remove(old))
	}
	rests, err2 := beside(path)
	err = errors.Join(err, err2)
	for _, rest := range rests {
		stamp, ok := strings.CutPrefix(rest, damagedMark)
		if !ok || len(stamp) < len(damagedLayout) {
			continue
		}
		at, e := time.Parse(damagedLayout, stamp[:len(damagedLayout)]) // a -wal may follow
		if e == nil && now.Sub(at) > CorruptKept {
			err = errors.Join(err, os.Remove(path+rest))
		}
	}
	return err
}

// Copies returns the files that Backup keeps of the database at path, newest first.
func Copies(path string) ([]string, error) {
	rests, err := beside(path)
	var copies []string
	for _, rest := range rests {
		date, ok := strings.CutPrefix(rest, copyMark)
		if _, err := time.Parse(time.DateOnly, date); ok && err == nil {
			copies = append(copies, path+rest)
		}
	}
	slices.Sort(copies)
	slices.Reverse(copies)
	return copies, err
}

// Copy writes a consistent copy of the database at path to a new file that only its owner can read, while others read
// and write the database. It returns the copy's size in bytes. A file that exists is not touched: that is fs.ErrExist.
func Copy(ctx context.Context, path, file string) (size int64, err error) {
	if _, err := os.Lstat(file); err == nil {
		return 0, &fs.PathError{Op: "backup", Path: file, Err: fs.ErrExist}
	}
	if err := look(path); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	part := file + ".copy" + partMark
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) { // of one that was killed
		return 0, err
	}
	if err := copyTo(ctx, path, part); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	defer os.Remove(part) //nolint:errcheck // it has another name by then
	if err := os.Link(part, file); errors.Is(err, fs.ErrExist) {
		return 0, err
	} else if err != nil { // not every file system has links
		if err := os.Rename(part, file); err != nil {
			return 0, err
		}
	}
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Size(), flush(filepath.Dir(file))
}

// copiedKey is in every copy, and holds when it was made: who opens it later knows that it is one.
const copiedKey = "store/copied"

// copyTo writes a copy to the file at to, which must not exist. It reads on a connection of its own, so that nobody
// waits for it, and leaves room on the disk for as much again.
func copyTo(ctx context.Context, path, to string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := room(filepath.Dir(to), 2*info.Size()); err != nil {
		return err
	}
	db, err := open(path, "")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it has written nothing there
	now := time.Now()
	if err := vacuum(ctx, db, to); err != nil {
		return err
	}
	if err := errors.Join(note(ctx, to, copiedKey, strconv.FormatInt(now.Unix(), 10)), flush(to)); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

// vacuum writes what db reads to the new file at to. What is left of a failure is removed.
func vacuum(ctx context.Context, db *sql.DB, to string) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

// note keeps a value in the database at path, which nobody else has open. It is not on the disk yet.
func note(ctx context.Context, path, key, value string) error {
	db, err := open(path, "_journal_mode=MEMORY&_synchronous=OFF")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, value)
	return errors.Join(err, db.Close())
}
