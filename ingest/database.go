package ingest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"friendlyfire/store"
)

// isDatabase reports whether a file with these first bytes is an SQLite database.
func isDatabase(first []byte) bool { return bytes.HasPrefix(first, []byte("SQLite format 3\x00")) }

// ErrDatabase says that a source is a database, which changes in its midst and cannot be followed.
var ErrDatabase = errors.New(
	"it is a database, not a log; friendlyfire import --source NAME FILE reads the bans of Fail2Ban's own")

// maxDatabase is the largest database that is imported, in bytes: it is copied first.
const maxDatabase = 2 << 30

// Damages of databases.
const (
	errBusy      = damage("written to so often that it cannot be copied: try again, or stop Fail2Ban meanwhile")
	errLarge     = damage("a database of more than 2 GiB")
	errStranger  = damage("a database, and not Fail2Ban's")
	errNoRecords = damage("a damaged database")
)

// readDatabase imports Fail2Ban's own database, which is neither written to nor locked: a copy is read.
func (r *importRun) readDatabase(ctx context.Context, info Info) (err error) {
	dir, err := os.MkdirTemp("", "friendlyfire-import-") // only its owner may look into it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "fail2ban.sqlite3")
	if err := r.copyDatabase(ctx, info, path); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=rw&_dqs=0&_pragma=trusted_sche"+
		"ma(0)")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it is a copy
	db.SetMaxOpenConns(1)
	err = r.readBans(ctx, db, info)
	_, ours := errors.AsType[*storeError](err)
	_, told := errors.AsType[damage](err)
	if err != nil && !ours && !told && ctx.Err() == nil {
		return errNoRecords
	}
	return err
}

// copyDatabase copies a database with its journals. It begins again if the database is written to meanwhile.
func (r *importRun) copyDatabase(ctx context.Context, info Info, path string) error {
	for range 5 {
		before, err := r.stat(info.Name)
		if err != nil {
			return err
		}
		err = r.copyFile(ctx, info.Name, path)
		for _, journal := range []string{"-wal", "-journal"} {
			if err == nil {
				err = r.copyFile(ctx, info.Name+journal, path+journal)
				if errors.Is(err, os.ErrNotExist) {
					err = os.RemoveAll(path + journal)
				}
			}
		}
		if err != nil {
			return err
		}
		after, err := r.stat(info.Name)
		if err != nil || before == after {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(breath):
		}
	}
	return errBusy
}

// stat describes a database and its journals, so that a change of any shows.
func (r *importRun) stat(name string) (all [3]Info, err error) {
	for n, suffix := range []string{"", "-wal", "-journal"} {
		fi, err := os.Stat(name + suffix)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return all, err
		}
		all[n] = localInfo(name+suffix, fi)
	}
	return all, nil
}

func (r *importRun) copyFile(ctx context.Context, from, to string) (err error) {
	in, err := r.open(ctx, Info{Name: from})
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // nothing was written
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, maxDatabase+1))
	if n > maxDatabase {
		err = errLarge
	}
	return errors.Join(err, out.Close())
}

// readBans reads the tables bans, which has all, and bips, which has the latest of each address and jail. Before
// Fail2Ban 0.11 there was no bips, and bans had no ban times and no counts.
func (r *importRun) readBans(ctx context.Context, db *sql.DB, info Info) error {
	var bans, bips, rich bool
	err := db.QueryRowContext(ctx, `SELECT
		EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'bans'),
		EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'bips'),
		EXISTS (SELECT 1 FROM pragma_table_info('bans') WHERE name = 'bancount')`).Scan(&bans, &bips, &rich)
	if err != nil {
		return err
	}
	if !bans {
		return errStranger
	}
	more := ", -2, 0"
	if rich {
		more = ", bantime, bancount"
	}
	// More than a megabyte of log lines is not worth its memory.
	const data = ", CASE WHEN length(data) <= 1048576 THEN CAST(data AS TEXT) ELSE '' END"
	query := "SELECT jail, ip, timeofban" + more + data + " FROM bans"
	if bips {
		query += " UNION ALL SELECT jail, ip, timeofban, bantime, bancount" + data + ` FROM bips i WHERE NOT EXISTS
			(SELECT 1 FROM bans b WHERE b.jail = i.jail AND b.ip = i.ip AND b.timeofban = i.timeofban)`
	}
	rows, err := db.QueryContext(ctx, query+" ORDER BY timeofban")
	if err != nil {
		return err
	}
	defer rows.Close()
	var batch []store.Ban
	for rows.Next() {
		ban, err := scanBan(rows)
		if why, bad := err.(reason); err != nil && !bad { //nolint:errorlint // reasons are never wrapped
			return err
		} else if bad {
			r.count(why, false)
			continue
		}
		r.part = true
		r.count(nil, true)
		if batch = append(batch, ban); len(batch) == batchLines/10 { // their log lines are long
			if err := r.add(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
			r.tell(info, 0, false)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	err = r.add(ctx, batch)
	r.tell(info, info.Size, true)
	return err
}

// scanBan reads a row. The error is a reason if it is no ban.
func scanBan(rows *sql.Rows) (b store.Ban, err error) {
	var jail, ip, data sql.NullString
	var at, banTime, count sql.NullFloat64
	if err := rows.Scan(&jail, &ip, &at, &banTime, &count, &data); err != nil {
		return b, fmt.Errorf("row of Fail2Ban's database: %w", err)
	}
	clock := localTime{zone: time.UTC}
	if b.Time, err = clock.accept(int64(at.Float64)); err != nil {
		return b, err
	}
	if b.Address = address(ip.String); b.Address == "" {
		return b, errAddress
	}
	b.HasEpoch, b.Jail, b.BanCount = true, cleanJail(jail.String), int(max(0, min(count.Float64, 1<<31)))
	if banTime.Float64 != unknownBanTime {
		b.BanTime = int64(banTime.Float64)
	}
	if gjson.Valid(data.String) {
		b.Failures = int(max(0, min(gjson.Get(data.String, "failures").Int(), 1<<31)))
		b.Matches = matchesOf(gjson.Get(data.String, "matches"))
	}
	return b, nil
}

// unknownBanTime is what Fail2Ban gives the bans of an older database for a ban time.
const unknownBanTime = -2

// matchesOf returns log lines as matches does. One that Fail2Ban has cut into parts is an array of them.
func matchesOf(list gjson.Result) string {
	var text []string
	list.ForEach(func(_, line gjson.Result) bool {
		if line.IsArray() {
			var parts strings.Builder
			for _, part := range line.Array() {
				parts.WriteString(part.String())
			}
			text = append(text, parts.String())
		} else {
			text = append(text, line.String())
		}
		return true
	})
	return keptLines(strings.Join(text, "\n"))
}
