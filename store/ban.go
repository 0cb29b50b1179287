package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Ban is one row of a source: an address that a jail has shut out.
type Ban struct {
	ID       int64
	Source   string
	Time     time.Time // of the ban, to the second
	HasEpoch bool      // the row gave its time as unix seconds: together with address and jail that tells it from all others
	Address  string    // canonical (IPv4-mapped as IPv4, no zone), or the cleaned text of what is no address
	Jail     string    // "" where the source does not say
	Failures int       // 0: not said
	BanTime  int64     // seconds; negative for ever, 0 not said
	BanCount int       // as Fail2Ban counts; 0 not said
	Matches  string    // the log lines that made the ban, cleaned; "" where the source does not say
}

// Batch is what was read of a source in one go.
type Batch struct {
	Source    string
	Cursor    Cursor // how far the source is read with it
	Bans      []Ban  // in the order of the file
	Rejects   []Reject
	Lines     int       // consumed, the two above and headers and empty lines among them
	Gaps      int       // files that were replaced and left no trace
	ReadAt    time.Time // when it was read
	NewsSince time.Time // a ban of then or later is news, one before is history
	Place     Place     // places addresses that are new; nil: Locate does, later

	addresses []string // what Prepare found
}

// Prepare does of AddBans what needs no database, so that it can be done while another batch is kept. The bans may not
// change after it.
func (b *Batch) Prepare() { b.addresses = textsOf(b.Bans, func(b *Ban) string { return b.Address }) }

// fromTheFuture is how far ahead of its reading a ban may lie and still be news. A day's difference is a wrong zone
// or a clock that is off, and whoever was shut out is shut out now; a ban that lies further ahead is history, like
// one that is long past.
const fromTheFuture = 48 * time.Hour

// AddBans keeps a batch whole, its cursor with it, or nothing of it. It returns how many bans were new.
//
// A ban with an epoch is known by source, epoch, address and jail. One without is known by source, time, address, jail
// and its count among the identical lines of the file: twins are bans of their own, while a file that is read again
// from its beginning, as another generation, brings nothing new.
func (s *Store) AddBans(ctx context.Context, b Batch) (added int, err error) {
	err = s.writeAhead(ctx, b.Cursor.Offset < b.Cursor.Size, func(tx *sql.Tx) error {
		source, err := sourceID(ctx, tx, b.Source)
		if err != nil {
			return err
		}
		if len(b.Bans) > 0 {
			if added, err = addBans(ctx, tx, source, b); err != nil {
				return err
			}
		}
		if len(b.Rejects) > 0 {
			if err := reject(ctx, tx, source, b); err != nil {
				return err
			}
		}
		return advance(ctx, tx, source, b, added)
	})
	if err != nil {
		return 0, fmt.Errorf("keep bans of %s: %w", b.Source, err)
	}
	return added, nil
}

func addBans(ctx context.Context, tx *sql.Tx, source int64, b Batch) (added int, err error) {
	if b.Cursor.Generation > 0 {
		if err := b.forget(ctx, tx); err != nil || len(b.Bans) == 0 {
			return 0, err
		}
	}
	rows, err := resolve(ctx, tx, source, b)
	if err != nil {
		return 0, err
	}
	if rows, err = countDuplicates(ctx, tx, rows); err != nil {
		return 0, err
	}
	if rows, err = insert(ctx, tx, rows); err != nil {
		return 0, err
	}
	t := newTally()
	for i := range rows {
		r := &rows[i]
		endless := int64(0)
		if r.BanTime == 0 {
			endless = 1
		}
		t.add(r.banKey, r.class, 1, endless)
	}
	if err := t.keep(ctx, tx); err != nil {
		return 0, err
	}
	return len(rows), leaveUntold(ctx, tx, rows)
}

// forget leaves out what was purged: it was counted when it was read before, and its addresses are not to come back.
func (b *Batch) forget(ctx context.Context, tx *sql.Tx) error {
	purged, err := purgedTo(ctx, tx)
	old := func(ban Ban) bool { return ban.Time.Unix() < purged }
	if err == nil && slices.ContainsFunc(b.Bans, old) {
		b.Bans, b.addresses = slices.DeleteFunc(slices.Clone(b.Bans), old), nil
	}
	return err
}

// banRow is a ban in terms of ids.
type banRow struct {
	*Ban
	banKey
	class
	nth, generation, state int64
}

// banKey is what lines have in common that are identical.
type banKey struct{ source, time, address, jail int64 }

// resolve puts the batch in terms of ids.
func resolve(ctx context.Context, tx *sql.Tx, source int64, b Batch) ([]banRow, error) {
	addresses, err := addressesOf(ctx, tx, b)
	if err != nil {
		return nil, err
	}
	jails, err := jailsOf(ctx, tx, b)
	if err != nil {
		return nil, err
	}
	since, until := b.NewsSince.Unix(), b.ReadAt.Add(fromTheFuture).Unix()
	rows := make([]banRow, len(b.Bans))
	for i := range b.Bans {
		ban := &b.Bans[i]
		row := &rows[i]
		address := addresses[ban.Address]
		row.Ban, row.generation, row.class = ban, b.Cursor.Generation, address.class
		row.banKey = banKey{source, ban.Time.Unix(), address.id, jails[ban.Jail]}
		if row.time >= since && row.time <= until {
			row.state = stateUndecided
		}
	}
	return rows, nil
}

// jailsOf returns the row of every jail that the bans name, new rows among them.
func jailsOf(ctx context.Context, tx *sql.Tx, b Batch) (map[string]int64, error) {
	names := textsOf(b.Bans, func(b *Ban) string { return b.Jail })
	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO jails (name) SELECT value FROM json_each(?) WHERE value NOT IN (SELECT name FROM jails)", string(list)); err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT name, id FROM jails WHERE name IN (SELECT value FROM json_each(?))", string(list))
	if err != nil {
		return nil, err
	}
	jails := make(map[string]int64, len(names))
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var name string
		var id int64
		err = rows.Scan(&name, &id)
		jails[name] = id
		return none, err
	})
	return jails, err
}

// textsOf returns what the bans name, each once, in the order of an index.
func textsOf(bans []Ban, text func(*Ban) string) []string {
	seen := map[string]struct{}{}
	for i := range bans {
		seen[text(&bans[i])] = struct{}{}
	}
	return slices.Sorted(maps.Keys(seen))
}

// insert keeps the rows that are new, and returns them, in the place of all.
func insert(ctx context.Context, tx *sql.Tx, rows []banRow) (fresh []banRow, err error) {
	fresh = rows[:0]
	// To hand a value over costs as much as to keep it: those that all bans of history share stand in the statement.
	plain := !slices.ContainsFunc(rows, func(r banRow) bool { return r.nth != 0 || r.state != stateHistory || r.Matches != "" })
	tuple := "(?1,?2,?,?,?,?,?,?,?,?,?)"
	if plain {
		tuple = "(?1,?2,?,?,?,?,?,?,0,0,'')"
	}
	var args []any
	err = inChunks(ctx, tx, rows, `INSERT OR FAIL INTO bans (source_id, generation, time, address_id, jail_id,
		failures, ban_time, ban_count, nth, state, matches) VALUES %s ON CONFLICT DO NOTHING`, tuple,
		func(statement *sql.Stmt, chunk []banRow) error {
			args = append(slices.Grow(args[:0], 2+9*len(chunk)), chunk[0].source, chunk[0].generation)
			for i := range chunk {
				r := &chunk[i]
				args = append(args, r.time, r.address, r.jail, r.Failures, r.BanTime, r.BanCount)
				if !plain {
					args = append(args, r.nth, r.state, r.Matches)
				}
			}
			result, err := statement.ExecContext(ctx, args...)
			if err != nil {
				return err
			}
			added, err := result.RowsAffected()
			if err != nil {
				return err
			}
			if int(added) < len(chunk) {
				chunk, err = those(ctx, tx, chunk, added)
			}
			fresh = append(fresh, chunk...)
			return err
		})
	return fresh, err
}

// those returns the rows of the chunk that are among the latest n bans.
func those(ctx context.Context, tx *sql.Tx, chunk []banRow, n int64) ([]banRow, error) {
	type identity struct {
		banKey
		nth int64
	}
	rows, err := tx.QueryContext(ctx, "SELECT source_id, time, address_id, jail_id, nth FROM bans ORDER BY id DESC LIMIT ?", n)
	if err != nil {
		return nil, err
	}
	added := map[identity]bool{}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var i identity
		err = rows.Scan(&i.source, &i.time, &i.address, &i.jail, &i.nth)
		added[i] = true
		return none, err
	})
	var fresh []banRow
	for _, r := range chunk {
		if i := (identity{r.banKey, r.nth}); added[i] {
			delete(added, i) // the same line twice in a chunk is one ban
			fresh = append(fresh, r)
		}
	}
	return fresh, err
}
