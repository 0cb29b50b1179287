package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Outgoing is what an agent has read and not yet published: a ban, an end, or a rule.
type Outgoing struct {
	ID     int64
	Server string
	Ban    *Ban
	End    *End
	Rule   *Rule
}

// Empty reports whether there is nothing to be published: the ban has been purged.
func (o *Outgoing) Empty() bool { return o.Ban == nil && o.End == nil && o.Rule == nil }

// fact is what a row of outgoing holds that is no ban.
type fact struct {
	End  *End  `json:"end,omitempty"`
	Rule *Rule `json:"rule,omitempty"`
}

// Outgoing returns the first n of what is not yet published, in the order in which it was read, but for that of some
// servers.
func (s *Store) Outgoing(ctx context.Context, n int, except []string) ([]Outgoing, error) {
	left, err := json.Marshal(append([]string{}, except...))
	if err != nil {
		return nil, err
	}
	rows, err := s.r.QueryContext(ctx, `SELECT o.id, s.name, o.fact, coalesce(b.id, 0), coalesce(b.time, 0),
			coalesce(b.nth, 0), coalesce(a.text, ''), coalesce(j.name, ''), coalesce(b.failures, 0),
			coalesce(b.ban_time, 0), coalesce(b.ban_count, 0), coalesce(b.matches, ''), coalesce(b.pace, '')
		FROM outgoing o JOIN sources s ON s.id = o.source_id LEFT JOIN bans b ON b.id = o.ban_id
			LEFT JOIN addresses a ON a.id = b.address_id LEFT JOIN jails j ON j.id = b.jail_id
		WHERE s.name NOT IN (SELECT value FROM json_each(?)) ORDER BY o.id LIMIT ?`, string(left), n)
	if err != nil {
		return nil, fmt.Errorf("what is to be published: %w", err)
	}
	all, err := collect(rows, func(rows *sql.Rows) (o Outgoing, err error) {
		var b Ban
		var at int64
		var text string
		err = rows.Scan(&o.ID, &o.Server, &text, &b.ID, &at, &b.Nth, &b.Address, &b.Jail, &b.Failures, &b.BanTime,
			&b.BanCount, &b.Matches, &b.Pace)
		if err != nil {
			return o, err
		}
		if b.ID > 0 {
			b.Source, b.Time, b.HasEpoch = o.Server, time.Unix(at, 0), b.Nth == 0
			o.Ban = &b
		}
		if text != "" {
			var f fact
			err = json.Unmarshal([]byte(text), &f)
			o.End, o.Rule = f.End, f.Rule
		}
		return o, err
	})
	if err != nil {
		return nil, fmt.Errorf("what is to be published: %w", err)
	}
	return all, nil
}

// Published notes that what is outgoing under some ids has been published.
func (s *Store) Published(ctx context.Context, ids []int64) error {
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	if err := s.exec(ctx, "DELETE FROM outgoing WHERE id IN (SELECT value FROM json_each(?))", string(list)); err != nil {
		return fmt.Errorf("note what was published: %w", err)
	}
	return nil
}

// Unpublished returns how much is not yet published.
func (s *Store) Unpublished(ctx context.Context) (n int64, err error) {
	err = s.r.QueryRowContext(ctx, "SELECT count(*) FROM outgoing").Scan(&n)
	return n, err
}

// outgoing is a row of the table.
type outgoing struct {
	source any    // id
	ban    any    // id, or nil
	fact   string // JSON
	after  int    // its place in the batch
}

// saveOutgoing keeps what the batch has brought to be published: bans with an id above the given one, and all else that
// its lines say.
func saveOutgoing(ctx context.Context, tx *sql.Tx, source int64, b *Batch, above int64) error {
	places := map[string]int{}
	for i := range b.Bans {
		ban := &b.Bans[i]
		key := outgoingKey(cmp.Or(ban.Source, b.Source), ban.Time.Unix(), ban.Address, ban.Jail)
		if _, known := places[key]; !known {
			places[key] = i
		}
	}
	rows, err := tx.QueryContext(ctx, `SELECT b.id, b.source_id, s.name, b.time, a.text, j.name FROM bans b
		JOIN sources s ON s.id = b.source_id JOIN addresses a ON a.id = b.address_id JOIN jails j ON j.id = b.jail_id
		WHERE b.id > ? ORDER BY b.id`, above)
	if err != nil {
		return err
	}
	all, err := collect(rows, func(rows *sql.Rows) (o outgoing, err error) {
		var ban, of, at int64
		var name, address, jail string
		err = rows.Scan(&ban, &of, &name, &at, &address, &jail)
		o.source, o.ban, o.after = of, ban, places[outgoingKey(name, at, address, jail)]
		return o, err
	})
	if err != nil {
		return err
	}
	add := func(server string, after int, f fact) error {
		id := source
		if server != "" {
			var err error
			if id, err = sourceID(ctx, tx, server); err != nil {
				return err
			}
		}
		text, err := json.Marshal(f)
		all = append(all, outgoing{id, nil, string(text), after})
		return err
	}
	for i := range b.Ends {
		if err := add(b.Ends[i].Source, b.Ends[i].After-1, fact{End: &b.Ends[i]}); err != nil {
			return err
		}
	}
	for i := range b.Rules {
		if err := add(b.Rules[i].Source, -1, fact{Rule: &b.Rules[i]}); err != nil {
			return err
		}
	}
	slices.SortStableFunc(all, func(a, b outgoing) int { return cmp.Compare(a.after, b.after) })
	var args []any
	return inChunks(ctx, tx, all, "INSERT OR FAIL INTO outgoing (source_id, ban_id, fact) VALUES %s", "(?,?,?)",
		func(statement *sql.Stmt, chunk []outgoing) error {
			args = args[:0]
			for i := range chunk {
				args = append(args, chunk[i].source, chunk[i].ban, chunk[i].fact)
			}
			_, err := statement.ExecContext(ctx, args...)
			return err
		})
}

func outgoingKey(source string, at int64, address, jail string) string {
	return fmt.Sprintf("%s\n%d\n%s\n%s", source, at, address, jail)
}

// lastBan returns the highest id that a ban has ever had.
func lastBan(ctx context.Context, tx *sql.Tx) (id int64, err error) {
	err = tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'bans'").Scan(&id)
	return id, err
}
