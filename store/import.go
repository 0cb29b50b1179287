package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Import adds history to a source, file by file, while the bot runs or not. It makes no news, and leaves alone how far
// the source has been read.
//
// One ban has several witnesses: a log, a CSV file, Fail2Ban's database. They give its time to the second, and not
// always the same one. So a ban is known if one of the same address and jail lies within two seconds of it; where
// either does not name its jail, any will do. Each ban of a file is another ban than the ones before it in that file:
// it is not known by one that those have been recognized by.
type Import struct {
	store  *Store
	source string
	place  Place

	// The bans that those of the file have been recognized by or added as: of the latest batch, and of the one before.
	// Bans are in the order of time, or nearly.
	taken, before map[banIdentity]bool
}

// banIdentity is what makes a row of bans unique.
type banIdentity struct {
	banKey
	nth int64
}

const (
	importingKey = "store/importing" // until when an import is taken to be under way, in unix seconds
	// importLease is how long an import may take for a batch. One that was killed delays the summary by as much.
	importLease = time.Minute
	// imported is the generation of bans that were imported.
	imported = -1
	// witnesses is how far the times of one ban may lie apart, in seconds.
	witnesses = 2
)

// NewImport begins to import bans of the source. New addresses are looked up by place.
func (s *Store) NewImport(source string, place Place) *Import {
	return &Import{store: s, source: source, place: place}
}

// NextFile says that the bans that follow are of another file.
func (i *Import) NextFile() { i.taken, i.before = nil, nil }

// Added is what became of imported bans.
type Added struct {
	New   int // added
	Known int // had already
	Old   int // left out, since the days that they are of have been purged
}

// Add adds bans in the order of their file, in one transaction.
func (i *Import) Add(ctx context.Context, bans []Ban) (a Added, err error) {
	if len(bans) == 0 {
		return a, nil
	}
	b := Batch{
		Source: i.source, Bans: bans, Place: i.place, Cursor: Cursor{Generation: imported},
		ReadAt: time.Now(), NewsSince: time.Unix(latestTime, 0),
	}
	err = i.store.writeAhead(ctx, true, func(tx *sql.Tx) error {
		a = Added{}
		until := strconv.FormatInt(time.Now().Add(importLease).Unix(), 10)
		if err := setMeta(ctx, tx, importingKey, until); err != nil {
			return err
		}
		source, err := sourceID(ctx, tx, b.Source)
		if err != nil {
			return err
		}
		if err := b.dropPurged(ctx, tx, latestTime); err != nil {
			return err
		}
		a.Old = len(bans) - len(b.Bans)
		if len(b.Bans) == 0 {
			return nil
		}
		rows, _, err := resolve(ctx, tx, source, b)
		if err != nil {
			return err
		}
		if rows, err = i.withoutKnown(ctx, tx, rows); err != nil {
			return err
		}
		if len(rows) > 0 {
			fresh, err := keepRows(ctx, tx, slices.Clone(rows), newTally())
			if err != nil {
				return err
			}
			a.New = len(fresh)
		}
		a.Known = len(b.Bans) - a.New
		return saveImported(ctx, tx, source, rows, a.New)
	})
	if err != nil {
		return Added{}, fmt.Errorf("import bans of %s: %w", i.source, err)
	}
	return a, nil
}

// AddRules keeps what the files say of the rules of jails.
func (i *Import) AddRules(ctx context.Context, rules []Rule) error {
	if len(rules) == 0 {
		return nil
	}
	err := i.store.writeAhead(ctx, true, func(tx *sql.Tx) error {
		return saveRules(ctx, tx, &Batch{Source: i.source, Rules: rules})
	})
	if err != nil {
		return fmt.Errorf("import rules of %s: %w", i.source, err)
	}
	return nil
}

// latestTime is later than any ban.
const latestTime = 1 << 40

// End says that the import is complete: its summary may be posted.
func (i *Import) End(ctx context.Context) error {
	err := i.store.exec(ctx, "DELETE FROM meta WHERE key = ?", importingKey)
	if err != nil {
		return fmt.Errorf("import bans of %s: %w", i.source, err)
	}
	return nil
}

// saveImported notes in the sources that they have the rows. A ban counts as a line.
func saveImported(ctx context.Context, tx *sql.Tx, source int64, rows []banRow, added int) error {
	latest := map[int64]int64{}
	for i := range rows {
		latest[rows[i].source] = max(latest[rows[i].source], rows[i].time)
	}
	for id, at := range latest {
		_, err := tx.ExecContext(ctx,
			"UPDATE sources SET imported = max(imported, ?1), latest = max(latest, ?1) WHERE id = ?2", at, id)
		if err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, "UPDATE sources SET bans = bans + ?1, lines = lines + ?1 WHERE id = ?2", added,
		source)
	return err
}

// withoutKnown returns the rows that are not known, and numbers those of them that have no epoch.
func (i *Import) withoutKnown(ctx context.Context, tx *sql.Tx, rows []banRow) (fresh []banRow, err error) {
	known, err := near(ctx, tx, rows, "")
	if err != nil {
		return nil, err
	}
	i.before, i.taken = i.taken, map[banIdentity]bool{}
	highest := map[banKey]int64{}
	for _, all := range known {
		for _, k := range all {
			highest[k.banKey] = max(highest[k.banKey], k.nth)
		}
	}
	for n, r := range rows {
		if r.HasEpoch && (i.taken[banIdentity{r.banKey, 0}] || i.before[banIdentity{r.banKey, 0}]) {
			continue // Fail2Ban writes its bans again after a restart
		}
		free := func(k knownBan) bool {
			return !i.taken[k.banIdentity] && !i.before[k.banIdentity]
		}
		identity := banIdentity{r.banKey, 0}
		if at := slices.IndexFunc(known[n], free); at >= 0 {
			i.taken[known[n][at].banIdentity] = true
		} else {
			if !r.HasEpoch {
				highest[r.banKey]++
				r.nth = highest[r.banKey]
				identity.nth = r.nth
			}
			fresh = append(fresh, r)
		}
		i.taken[identity] = true
	}
	return fresh, nil
}

// withoutImported returns the rows that were not imported. A ban that was, and is read as news now, becomes news.
func withoutImported(ctx context.Context, tx *sql.Tx, rows []banRow) (fresh []banRow, err error) {
	var until int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(imported), 0) FROM sources WHERE imported > 0").Scan(&until); err != nil {
		return nil, err
	}
	if until == 0 || !slices.ContainsFunc(rows, func(r banRow) bool { return r.time <= until+witnesses }) {
		return rows, nil
	}
	known, err := near(ctx, tx, rows, "AND b.generation = -1")
	if err != nil {
		return nil, err
	}
	fresh = rows[:0]
	for n, r := range rows {
		if len(known[n]) == 0 {
			fresh = append(fresh, r)
			continue
		}
		if r.state == stateUndecided {
			_, err := tx.ExecContext(ctx, "UPDATE bans SET state = ? WHERE id = ? AND state = ?",
				stateUndecided, known[n][0].id, stateHistory)
			if err != nil {
				return nil, err
			}
		}
	}
	return fresh, nil
}

// knownBan is a stored ban that may be one of those at hand.
type knownBan struct {
	banIdentity
	id int64
}

// near returns, for each of the rows, the stored bans that may be the same, the nearest first.
func near(ctx context.Context, tx *sql.Tx, rows []banRow, where string) (map[int][]knownBan, error) {
	var unnamed int64
	err := tx.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM jails WHERE name = ''").Scan(&unnamed)
	if err != nil {
		return nil, err
	}
	numbers := make([]int, len(rows))
	for n := range numbers {
		numbers[n] = n
	}
	known := map[int][]knownBan{}
	var args []any
	err = inChunks(ctx, tx, numbers, `WITH k (n, source_id, time, address_id) AS (VALUES %s)
		SELECT k.n, b.source_id, b.time, b.address_id, b.jail_id, b.nth, b.id FROM k CROSS JOIN bans b
		ON b.time IN (k.time - 2, k.time - 1, k.time, k.time + 1, k.time + 2)
			AND b.source_id = k.source_id AND b.address_id = k.address_id `+where, "(?,?,?,?)",
		func(statement *sql.Stmt, numbers []int) error {
			args = args[:0]
			for _, n := range numbers {
				args = append(args, n, rows[n].source, rows[n].time, rows[n].address)
			}
			found, err := statement.QueryContext(ctx, args...)
			if err != nil {
				return err
			}
			_, err = collect(found, func(found *sql.Rows) (none struct{}, err error) {
				var n int
				var k knownBan
				if err := found.Scan(&n, &k.source, &k.time, &k.address, &k.jail, &k.nth, &k.id); err != nil {
					return none, err
				}
				if jail := rows[n].jail; k.jail == jail || k.jail == unnamed || jail == unnamed {
					known[n] = append(known[n], k)
				}
				return none, nil
			})
			return err
		})
	for n, all := range known {
		slices.SortFunc(all, func(a, b knownBan) int {
			far := func(k knownBan) int64 { return max(k.time-rows[n].time, rows[n].time-k.time) }
			return cmp.Or(cmp.Compare(far(a), far(b)), cmp.Compare(a.time, b.time), cmp.Compare(a.nth, b.nth))
		})
	}
	return known, err
}

// Has reports whether the source has a ban, by the rules of an import, or has had it before it was purged.
func (s *Store) Has(ctx context.Context, source string, b Ban) (known bool, err error) {
	purged, err := purgedBefore(ctx, s.r)
	if err != nil || b.Time.Unix() < purged {
		return err == nil, err
	}
	err = s.r.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM bans WHERE time BETWEEN ?1 - 2 AND ?1 + 2
		AND source_id IN (SELECT id FROM sources WHERE name IN (?2, ?3))
		AND address_id = (SELECT id FROM addresses WHERE text = ?4)
		AND jail_id IN (SELECT id FROM jails WHERE name IN (?5, '') OR ?5 = ''))`,
		b.Time.Unix(), source, b.Source, b.Address, b.Jail).Scan(&known)
	return known, err
}
