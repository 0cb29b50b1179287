package store

import (
	"cmp"
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
}

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
	err = s.write(ctx, func(tx *sql.Tx) error {
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
	rows, err := resolve(ctx, tx, source, b)
	if err != nil {
		return 0, err
	}
	if rows, err = countTwins(ctx, tx, rows); err != nil {
		return 0, err
	}
	if len(rows) > rowsAtOnce { // an import would otherwise read and write the index of addresses all over
		slices.SortFunc(rows, func(a, b banRow) int { return cmp.Or(cmp.Compare(a.address, b.address), cmp.Compare(a.time, b.time)) })
	}
	return insert(ctx, tx, rows)
}

// banRow is a ban in terms of ids.
type banRow struct {
	*Ban
	banKey
	nth, generation, state int64
}

// banKey is what lines have in common that are identical.
type banKey struct{ source, time, address, jail int64 }

// resolve puts the batch in terms of ids.
func resolve(ctx context.Context, tx *sql.Tx, source int64, b Batch) ([]banRow, error) {
	addresses, err := ids(ctx, tx, "addresses", "text", b.Bans, func(b *Ban) string { return b.Address })
	if err != nil {
		return nil, err
	}
	jails, err := ids(ctx, tx, "jails", "name", b.Bans, func(b *Ban) string { return b.Jail })
	if err != nil {
		return nil, err
	}
	since, until := b.NewsSince.Unix(), b.ReadAt.Add(fromTheFuture).Unix()
	rows := make([]banRow, len(b.Bans))
	for i := range b.Bans {
		ban := &b.Bans[i]
		row := &rows[i]
		row.Ban, row.generation = ban, b.Cursor.Generation
		row.banKey = banKey{source, ban.Time.Unix(), addresses[ban.Address], jails[ban.Jail]}
		if row.time >= since && row.time <= until {
			row.state = 1
		}
	}
	return rows, nil
}

// ids returns the row id of every text that the bans name, new rows among them.
func ids(ctx context.Context, tx *sql.Tx, table, column string, bans []Ban, text func(*Ban) string) (map[string]int64, error) {
	id := map[string]int64{}
	for i := range bans {
		id[text(&bans[i])] = 0
	}
	texts := slices.Sorted(maps.Keys(id)) // neighbours in the index
	if err := lookUp(ctx, tx, table, column, texts, id); err != nil {
		return nil, err
	}
	if texts = slices.DeleteFunc(texts, func(t string) bool { return id[t] != 0 }); len(texts) == 0 {
		return id, nil
	}
	list, err := json.Marshal(texts)
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) SELECT value FROM json_each(?)", table, column), string(list))
	if err != nil {
		return nil, err
	}
	return id, lookUp(ctx, tx, table, column, texts, id)
}

// lookUp fills in the ids of the texts that there are rows of. All come in one answer, which is cheaper than rows.
func lookUp(ctx context.Context, tx *sql.Tx, table, column string, texts []string, id map[string]int64) error {
	list, err := json.Marshal(texts)
	if err != nil {
		return err
	}
	var answer []byte
	err = tx.QueryRowContext(ctx, fmt.Sprintf("SELECT json_group_array(coalesce(t.id, 0)) FROM json_each(?) j LEFT JOIN %s t ON t.%s = j.value",
		table, column), string(list)).Scan(&answer)
	if err != nil {
		return err
	}
	var found []int64
	if err := json.Unmarshal(answer, &found); err != nil {
		return err
	}
	for i, t := range texts {
		id[t] = found[i]
	}
	return nil
}

// insert keeps the rows that are new, and returns how many are.
func insert(ctx context.Context, tx *sql.Tx, rows []banRow) (added int, err error) {
	var args []any
	err = inChunks(ctx, tx, rows, `INSERT OR FAIL INTO bans (source_id, generation, time, address_id, jail_id, nth, state,
		failures, ban_time, ban_count, matches) VALUES %s ON CONFLICT DO NOTHING`, "(?1,?2,?,?,?,?,?,?,?,?,?)",
		func(statement *sql.Stmt, rows []banRow) error {
			args = append(args[:0], rows[0].source, rows[0].generation)
			for i := range rows {
				r := &rows[i]
				args = append(args, r.time, r.address, r.jail, r.nth, r.state, r.Failures, r.BanTime, r.BanCount, r.Matches)
			}
			result, err := statement.ExecContext(ctx, args...)
			if err != nil {
				return err
			}
			fresh, err := result.RowsAffected()
			added += int(fresh)
			return err
		})
	return added, err
}
