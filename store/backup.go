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

// Backup keeps daily copies of the database beside it, so that a damaged one can be restored.
type Backup struct {
	Store *Store
	Clock *Clock         // while it is in doubt, nothing is removed; nil: it never is
	Zone  *time.Location // of the dates in the copies' names
}

// CorruptKept is how long a damaged database is kept: it contains addresses, and a purge does not reach it.
const CorruptKept = 7 * 24 * time.Hour

const (
	copiesKept = 7

	// minAge is how old a database must be to be worth a copy: a new one is still being filled.
	minAge = time.Hour
)

// Step makes today's copy if there is none. If the disk has no room for it, Step returns an error and writes nothing.
func (b *Backup) Step(ctx context.Context) error {
	if err := b.step(ctx); err != nil {
		return fmt.Errorf("daily copy of the database: %w", err)
	}
	return nil
}

func (b *Backup) step(ctx context.Context) error {
	now, path := time.Now(), b.Store.path
	today := path + copySuffix + now.In(b.Zone).Format(time.DateOnly)
	if _, err := os.Stat(today); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if created, err := b.Store.CreatedAt(ctx); err != nil || now.Sub(created).Abs() < minAge {
		return err
	}
	part := path + copySuffix + partSuffix
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) { // left by an interrupted copy
		return err
	}
	if err := copyTo(ctx, path, part); err != nil {
		return err
	}
	if err := renameSynced(part, today); err != nil || b.Clock.Doubt() != nil {
		return err
	}
	return prune(path, now)
}

// prune removes copies beyond copiesKept, and damaged databases that were set aside longer than CorruptKept ago. For
// one from the future, that time begins now.
func prune(path string, now time.Time) error {
	copies, err := Copies(path)
	for _, old := range copies[min(copiesKept, len(copies)):] {
		err = errors.Join(err, os.Remove(old))
	}
	found, err2 := suffixes(path)
	err = errors.Join(err, err2)
	for _, suffix := range found {
		stamp, ok := strings.CutPrefix(suffix, damagedSuffix)
		if !ok || len(stamp) < len(damagedLayout) {
			continue
		}
		at, e := time.Parse(damagedLayout, stamp[:len(damagedLayout)]) // a -wal may follow
		switch {
		case e != nil:
		case now.Sub(at) > CorruptKept:
			err = errors.Join(err, os.Remove(path+suffix))
		case at.Sub(now) > clockSlack:
			renamed := path + damagedSuffix + now.UTC().Format(damagedLayout) + stamp[len(damagedLayout):]
			err = errors.Join(err, os.Rename(path+suffix, renamed))
		}
	}
	return err
}

// Copies returns the files that Backup keeps of the database at path, newest first. Those from the future, which a
// clock that was wrong has dated, come last.
func Copies(path string) ([]string, error) {
	found, err := suffixes(path)
	var copies []string
	for _, suffix := range found {
		date, ok := strings.CutPrefix(suffix, copySuffix)
		if _, err := time.Parse(time.DateOnly, date); ok && err == nil {
			copies = append(copies, path+suffix)
		}
	}
	slices.Sort(copies)
	slices.Reverse(copies)
	latest := path + copySuffix + time.Now().Add(2*clockSlack).UTC().Format(time.DateOnly) // whatever their zone
	future := slices.IndexFunc(copies, func(c string) bool { return c <= latest })
	if future < 0 {
		return copies, err
	}
	return slices.Concat(copies[future:], copies[:future]), err
}

// Copy writes a consistent copy of the database at path to a new file that only its owner can read. Others may read and
// write the database meanwhile. It returns the copy's size in bytes, and fs.ErrExist if the file exists already.
func Copy(ctx context.Context, path, file string) (size int64, err error) {
	if _, err := os.Lstat(file); err == nil {
		return 0, &fs.PathError{Op: "backup", Path: file, Err: fs.ErrExist}
	}
	if err := checkFile(path); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	part := file + ".copy" + partSuffix
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) { // left by a killed process
		return 0, err
	}
	if err := copyTo(ctx, path, part); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	defer os.Remove(part) //nolint:errcheck // after a rename it is gone already
	if err := os.Link(part, file); errors.Is(err, fs.ErrExist) {
		return 0, err
	} else if err != nil { // not every file system supports links
		if err := os.Rename(part, file); err != nil {
			return 0, err
		}
	}
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Size(), fsync(filepath.Dir(file))
}

// copiedKey is set in every copy to the time when it was made, which tells a copy from an original.
const copiedKey = "store/copied"

// copyTo writes a copy to the file at to, which must not exist. It reads on its own connection, so that nobody waits
// for it, and requires free space for two copies.
func copyTo(ctx context.Context, path, to string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := checkFreeSpace(filepath.Dir(to), 2*info.Size()); err != nil {
		return err
	}
	db, err := open(path, "")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing was written
	now := time.Now()
	if err := vacuum(ctx, db, to); err != nil {
		return err
	}
	if err := errors.Join(writeMeta(ctx, to, copiedKey, strconv.FormatInt(now.Unix(), 10)), fsync(to)); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

// vacuum writes a compact copy of db to the new file at to, which is removed on failure.
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

// writeMeta stores a value in the database at path, which nobody else may have open. It does not sync the file.
func writeMeta(ctx context.Context, path, key, value string) error {
	db, err := open(path, "_journal_mode=MEMORY&_synchronous=OFF")
	if err != nil {
		return err
	}
	return errors.Join(setMeta(ctx, db, key, value), db.Close())
}
