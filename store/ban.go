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

// Ban is one line of a source: an address that a jail has banned.
type Ban struct {
	ID       int64
	Source   string    // of a ban to be kept: "" is that of its batch
	Time     time.Time // of the ban, to the second
	HasEpoch bool      // the line gave its time in unix seconds, which with address and jail identifies the ban
	Address  string    // canonical (IPv4-mapped as IPv4, no zone), or cleaned text that is not an address
	Jail     string    // "" if the source does not name it
	Failures int       // 0: not given
	BanTime  int64     // seconds; negative: permanent; 0: not given
	BanCount int       // as Fail2Ban counts; 0: not given
	Matches  string    // the log lines that caused the ban, cleaned; "" if the source does not give them
	Pace     string    // seconds from the first failure to the last, then those between the last ones: "130 30 60 40"; "": not given
	Local    bool      // the line gave a local time, which was read in the source's zone
	Nth      int64     // its number among identical lines, where an agent has counted them; 0: has an epoch, or is to be counted
}

// Batch is what was read from a source in one go.
type Batch struct {
	Source    string
	Cursor    Cursor // how far the source has been read with this batch
	Bans      []Ban  // in the order of the file
	Ends      []End  // in the order of the file
	Rules     []Rule // in the order of the file
	Open      bool   // a ban without a ban time lasts until a later line ends it, if the source ever has such lines
	Rejects   []Reject
	Lines     int               // consumed, including bans, rejects, headers and empty lines
	Others    map[string]int    // lines that are no bans and not meant to be, by kind
	Gaps      []string          // of each file whose lines were lost, the reason; few, so that they can be counted
	ReadAt    time.Time         // when it was read
	NewsSince time.Time         // bans from then on are news, earlier ones are history
	NewsUntil time.Time         // what the time may be, if that is later than ReadAt: later bans are news, too
	Earlier   []Span            // the bans of the source that were read in other zones
	Values    map[string]string // to be kept with it, by key, as SetValues keeps them
	Place     Place             // looks up new addresses in the offline table; nil: left to Locate
	Forward   bool              // what is new is to be published, see Outgoing

	// Heard are the servers of which the batch of a stream has messages.
	Heard map[string]Heard
	// Early: the bans come again by the stream. Only they are kept, and not how far it has been read.
	Early bool

	addresses []string // found by Prepare
}

// Other counts a line that is no ban and not meant to be one, by its kind.
func (b *Batch) Other(kind string) {
	if b.Others == nil {
		b.Others = map[string]int{}
	}
	b.Others[kind]++
}

// Prepare does the part of AddBans that needs no database, so that it can run while another batch is being saved. The
// bans must not change afterwards.
func (b *Batch) Prepare() {
	b.addresses = uniqueTexts(b.Bans, func(b *Ban) string { return b.Address })
}

// maxClockSkew is how far in the future a ban may lie, when it is read, and still be news. A day's difference is a
// wrong time zone or clock, and the address is banned now; a ban further ahead is history, like one long past.
const maxClockSkew = 48 * time.Hour

// AddBans saves a batch and its cursor, in one transaction. It returns how many bans were new.
//
// A ban with an epoch is identified by source, epoch, address and jail. One without is identified by source, time,
// address, jail and its number among identical lines of the file: duplicates are separate bans, while a file that is
// read again from the start, as a new generation, adds nothing. Where an agent has counted, its number stands.
func (s *Store) AddBans(ctx context.Context, b Batch) (added int, err error) {
	read := len(b.Bans)
	err = s.writeAhead(ctx, b.Cursor.Offset < b.Cursor.Size, func(tx *sql.Tx) error {
		source, err := sourceID(ctx, tx, b.Source)
		if err != nil {
			return err
		}
		var before int64 // the highest id so far
		if b.Forward {
			if before, err = lastBan(ctx, tx); err != nil {
				return err
			}
		}
		if err := saveHeard(ctx, tx, source, &b); err != nil {
			return err
		}
		if added, err = addBans(ctx, tx, source, b); err != nil {
			return err
		}
		if b.Forward {
			if err := saveOutgoing(ctx, tx, source, &b, before); err != nil {
				return err
			}
		}
		if err := noteReread(ctx, tx, &b); err != nil {
			return err
		}
		if err := saveRules(ctx, tx, &b); err != nil {
			return err
		}
		if err := saveRejects(ctx, tx, source, b); err != nil {
			return err
		}
		if b.Early {
			return saveEarly(ctx, tx, source, b, added)
		}
		if err := saveOthers(ctx, tx, source, b, read-added); err != nil {
			return err
		}
		if err := setValues(ctx, tx, b.Values); err != nil {
			return err
		}
		return saveCursor(ctx, tx, source, b, added)
	})
	if err != nil {
		return 0, fmt.Errorf("keep bans of %s: %w", b.Source, err)
	}
	return added, nil
}

func addBans(ctx context.Context, tx *sql.Tx, source int64, b Batch) (added int, err error) {
	if b.Cursor.Generation > 0 {
		var latest int64
		err := tx.QueryRowContext(ctx, "SELECT latest FROM sources WHERE id = ?", source).Scan(&latest)
		if err != nil {
			return 0, err
		}
		if err := b.dropPurged(ctx, tx, latest+1); err != nil {
			return 0, err
		}
	}
	settles := len(b.Ends) > 0 || b.Open && (len(b.Bans) > 0 || len(b.Gaps) > 0)
	if len(b.Bans) == 0 && !settles {
		return 0, nil
	}
	rows, ids, err := resolve(ctx, tx, source, b)
	if err != nil {
		return 0, err
	}
	var keys []banKey
	if settles {
		for i := range rows {
			keys = append(keys, rows[i].banKey)
		}
		if err := ids.addEnds(ctx, tx, b.Ends); err != nil {
			return 0, err
		}
	}
	if rows, err = withoutImported(ctx, tx, rows); err != nil {
		return 0, err
	}
	rows, seen, err := countDuplicates(ctx, tx, source, &b, rows, keys)
	if err != nil {
		return 0, err
	}
	t := newTally()
	if settles {
		if err := settle(ctx, tx, source, &b, ids, keys, rows, seen, t); err != nil {
			return 0, err
		}
	}
	fresh, err := keepRows(ctx, tx, rows, t)
	if err != nil {
		return 0, err
	}
	if len(b.Heard) > 0 {
		return len(fresh), nil // of a stream, whose servers are known by what is heard of them
	}
	return len(fresh), noteRelayed(ctx, tx, source, fresh)
}

// keepRows inserts the rows that are new, counts them, saves the tally, and returns them. It reuses the memory of rows.
func keepRows(ctx context.Context, tx *sql.Tx, rows []banRow, t *tally) (fresh []banRow, err error) {
	// One statement inserts bans of one source. The bans of a log of several hosts are of several.
	slices.SortStableFunc(rows, func(a, b banRow) int { return cmp.Compare(a.source, b.source) })
	fresh = rows[:0]
	for len(rows) > 0 {
		end := slices.IndexFunc(rows, func(r banRow) bool { return r.source != rows[0].source })
		if end < 0 {
			end = len(rows)
		}
		added, err := insertBans(ctx, tx, rows[:end])
		if err != nil {
			return nil, err
		}
		fresh, rows = append(fresh, added...), rows[end:]
	}
	t.systemsAdded = slices.Grow(t.systemsAdded, len(fresh))
	for i := range fresh {
		r := &fresh[i]
		endless := int64(0)
		if r.seconds == 0 && (!r.open || !r.told) {
			endless = 1
		}
		t.add(r.banKey, r.class, 1, endless)
	}
	if err := t.save(ctx, tx); err != nil {
		return nil, err
	}
	return fresh, addUntold(ctx, tx, fresh)
}

// dropPurged removes bans of purged days, and from before another time in unix seconds: they were counted when they
// were first read, and their addresses must not come back. A ban that is later than any of its source has not been
// counted, however far a purge went by a clock that was wrong.
func (b *Batch) dropPurged(ctx context.Context, tx *sql.Tx, before int64) error {
	purged, err := purgedBefore(ctx, tx)
	purged = min(purged, before)
	old := func(ban Ban) bool { return ban.Time.Unix() < purged }
	if err != nil || !slices.ContainsFunc(b.Bans, old) {
		return err
	}
	all, ends := b.Bans, slices.Clone(b.Ends)
	b.Bans, b.addresses = nil, nil
	next := 0
	for i, ban := range all {
		for ; next < len(ends) && ends[next].After <= i; next++ {
			ends[next].After = len(b.Bans)
		}
		if !old(ban) {
			b.Bans = append(b.Bans, ban)
		}
	}
	for ; next < len(ends); next++ {
		ends[next].After = len(b.Bans)
	}
	b.Ends = ends
	return nil
}

// banRow is a ban with the ids of its row.
type banRow struct {
	*Ban
	banKey
	class
	term
	nth, generation, state int64
	place                  int  // among the bans of the batch
	told                   bool // its source says when bans end
}

// banKey is what identical lines have in common.
type banKey struct{ source, time, address, jail int64 }

// resolve looks up or adds the rows that the bans refer to.
func resolve(ctx context.Context, tx *sql.Tx, source int64, b Batch) ([]banRow, *nameIDs, error) {
	addresses, err := addressesOf(ctx, tx, b)
	if err != nil {
		return nil, nil, err
	}
	jails, err := jailsOf(ctx, tx, b)
	if err != nil {
		return nil, nil, err
	}
	servers := map[string]int64{"": source}
	for i := range b.Bans {
		if name := b.Bans[i].Source; name != "" && servers[name] == 0 {
			if servers[name], err = sourceID(ctx, tx, name); err != nil {
				return nil, nil, err
			}
		}
	}
	since, until := b.NewsSince.Unix(), later(b.ReadAt, b.NewsUntil).Add(maxClockSkew).Unix()
	rows := make([]banRow, len(b.Bans))
	for i := range b.Bans {
		ban := &b.Bans[i]
		row := &rows[i]
		address := addresses[ban.Address]
		row.Ban, row.generation, row.class = ban, b.Cursor.Generation, address.class
		row.banKey = banKey{servers[ban.Source], ban.Time.Unix(), address.id, jails[ban.Jail]}
		row.term, row.place = term{ban.BanTime, b.Open && ban.BanTime == 0}, i
		if row.time >= since && row.time <= until {
			row.state = stateUndecided
		}
	}
	return rows, &nameIDs{addresses, jails, servers}, markLoggedIn(ctx, tx, rows)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// jailsOf returns the id of every jail that the bans name, adding new ones.
func jailsOf(ctx context.Context, tx *sql.Tx, b Batch) (map[string]int64, error) {
	names := uniqueTexts(b.Bans, func(b *Ban) string { return b.Jail })
	jails := make(map[string]int64, len(names))
	if len(names) == 0 {
		return jails, nil
	}
	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO jails (name)
		SELECT value FROM json_each(?) WHERE value NOT IN (SELECT name FROM jails)`, string(list))
	if err != nil {
		return nil, err
	}
	return jails, existingJails(ctx, tx, string(list), jails)
}

// existingJails fills in the jails of a list in JSON that have rows.
func existingJails(ctx context.Context, tx *sql.Tx, list string, jails map[string]int64) error {
	rows, err := tx.QueryContext(ctx, "SELECT name, id FROM jails WHERE name IN (SELECT value FROM json_each(?))", list)
	if err != nil {
		return err
	}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var name string
		var id int64
		err = rows.Scan(&name, &id)
		jails[name] = id
		return none, err
	})
	return err
}

// uniqueTexts returns the distinct texts of the bans, sorted as an index is.
func uniqueTexts(bans []Ban, text func(*Ban) string) []string {
	seen := map[string]struct{}{}
	for i := range bans {
		seen[text(&bans[i])] = struct{}{}
	}
	return slices.Sorted(maps.Keys(seen))
}

// insertBans inserts the rows that are new, all of one source, and returns them. It reuses the memory of rows.
func insertBans(ctx context.Context, tx *sql.Tx, rows []banRow) (fresh []banRow, err error) {
	fresh = rows[:0]
	// Binding a value costs as much as storing it: values that all historical bans share are part of the statement.
	plain := !slices.ContainsFunc(rows, func(r banRow) bool {
		return r.nth != 0 || r.state != stateHistory || r.Matches != "" || r.Pace != "" || r.open
	})
	tuple := "(?1,?2,?,?,?,?,?,?,?,?,?,?,?)"
	if plain {
		tuple = "(?1,?2,?,?,?,?,?,?,0,0,'','',0)"
	}
	var args []any
	err = inChunks(ctx, tx, rows, `INSERT OR FAIL INTO bans (source_id, generation, time, address_id, jail_id,
		failures, ban_time, ban_count, nth, state, matches, pace, open) VALUES %s ON CONFLICT DO NOTHING`, tuple,
		func(statement *sql.Stmt, chunk []banRow) error {
			args = append(slices.Grow(args[:0], 2+11*len(chunk)), chunk[0].source, chunk[0].generation)
			for i := range chunk {
				r := &chunk[i]
				args = append(args, r.time, r.address, r.jail, r.Failures, r.seconds, r.BanCount)
				if !plain {
					args = append(args, r.nth, r.state, r.Matches, r.Pace, r.open)
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
				chunk, err = insertedRows(ctx, tx, chunk, added)
			}
			fresh = append(fresh, chunk...)
			return err
		})
	return fresh, err
}

// insertedRows returns the rows of the chunk that are among the last n bans inserted.
func insertedRows(ctx context.Context, tx *sql.Tx, chunk []banRow, n int64) ([]banRow, error) {
	type identity struct {
		banKey
		nth int64
	}
	rows, err := tx.QueryContext(ctx,
		"SELECT source_id, time, address_id, jail_id, nth FROM bans ORDER BY id DESC LIMIT ?", n)
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
