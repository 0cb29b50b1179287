package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// EnrichedBan is a ban with what is known about its address.
type EnrichedBan struct {
	Ban
	Public   bool    // an address of the public Internet
	Located  bool    // it has been looked up in the offline table
	Answered bool    // whois has answered
	Asked    bool    // whois was queried, without an answer so far
	Table    Country // according to the offline table
	Whois    Country // according to the registry
	Country  Country // the one believed: from whois if it has one, else from the table, else unknown
	Friendly bool

	Network     string // the CIDR that whois answered for, "" if none
	NetworkName string

	Before     int       // bans of the same address before this one, on any server
	LastBefore time.Time // the latest of them; zero: none
}

const enrichedQuery = `SELECT b.id, s.name, b.time, a.text, j.name, b.nth = 0, coalesce(b.failures, 0),
		coalesce(b.ban_time, 0), coalesce(b.ban_count, 0), coalesce(b.matches, ''), coalesce(a.public, 0),
		a.public IS NOT NULL, a.whois_at IS NOT NULL, a.asks > 0, coalesce(a.table_country, ''),
		coalesce(a.whois_country, ''), a.country, a.friendly, n.prefix, coalesce(n.bits, 0), coalesce(n.name, '')
	FROM bans b
	JOIN addresses a ON a.id = b.address_id JOIN sources s ON s.id = b.source_id JOIN jails j ON j.id = b.jail_id
	LEFT JOIN networks n ON n.id = a.network_id `

func (s *Store) enriched(ctx context.Context, where string, args ...any) ([]EnrichedBan, error) {
	rows, err := s.r.QueryContext(ctx, enrichedQuery+where, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (EnrichedBan, error) {
		var b EnrichedBan
		var at int64
		var prefix []byte
		var bits int
		err := rows.Scan(&b.ID, &b.Source, &at, &b.Address, &b.Jail, &b.HasEpoch, &b.Failures, &b.BanTime, &b.BanCount,
			&b.Matches, &b.Public, &b.Located, &b.Answered, &b.Asked, &b.Table, &b.Whois, &b.Country, &b.Friendly,
			&prefix, &bits, &b.NetworkName)
		b.Time = time.Unix(at, 0)
		b.Network = cidr(prefix, bits)
		return b, err
	})
}

// Undecided returns up to limit news bans for which it is not yet decided whether they deserve an alert: those with an
// id greater than after, in the order in which they were read.
func (s *Store) Undecided(ctx context.Context, after int64, limit int) ([]EnrichedBan, error) {
	return s.enriched(ctx, fmt.Sprintf("WHERE b.state = %d AND b.id > ? ORDER BY b.id LIMIT ?", stateUndecided),
		after, limit)
}

// FriendlyBans returns up to limit bans of friendly addresses in the window, newest first.
func (s *Store) FriendlyBans(ctx context.Context, w Window, limit int) ([]EnrichedBan, error) {
	return s.enriched(ctx, `WHERE a.friendly AND b.time >= ? AND b.time < ?
		ORDER BY b.time DESC, b.id DESC LIMIT ?`, w.from(), w.to(), limit)
}

// LatestBans returns up to limit bans, newest first.
func (s *Store) LatestBans(ctx context.Context, limit int) ([]EnrichedBan, error) {
	return s.enriched(ctx, "ORDER BY b.time DESC, b.id DESC LIMIT ?", limit)
}

// BansOf returns up to limit bans of one address, newest first.
func (s *Store) BansOf(ctx context.Context, address string, limit int) ([]EnrichedBan, error) {
	return s.enriched(ctx, `WHERE (b.period, b.address_id) IN
			(SELECT period, id FROM addresses CROSS JOIN periods WHERE text = ?)
		ORDER BY b.time DESC, b.id DESC LIMIT ?`, address, limit)
}

// Recall fills in how often the address was banned before.
func (s *Store) Recall(ctx context.Context, b *EnrichedBan) error {
	var last int64
	err := s.r.QueryRowContext(ctx, `SELECT count(*), coalesce(max(time), 0) FROM periods CROSS JOIN bans USING (period)
		WHERE address_id = (SELECT id FROM addresses WHERE text = ?) AND (time, id) < (?, ?)`,
		b.Address, b.Time.Unix(), b.ID).Scan(&b.Before, &last)
	b.LastBefore = fromUnix(last)
	return err
}

// History sums up the bans that were too old to be news when they were read, and have not been reported yet.
type History struct {
	UpTo     int64 // the highest of their ids; 0: there are none
	Bans     int
	Friendly int       // by what was known when they were read
	From, To time.Time // of the first and the last ban
	Sources  []string
	Reading  bool // a source has not been read to its end, an import is under way, or addresses are still to be located
}

// History returns the history that has not been reported yet.
func (s *Store) History(ctx context.Context) (h History, err error) {
	var from, to int64
	var sources string
	err = s.r.QueryRowContext(ctx, `SELECT coalesce(max(up_to), 0), coalesce(max(bans), 0), coalesce(max(friendly), 0),
			coalesce(max(first), 0), coalesce(max(last), 0),
			(SELECT json_group_array(name) FROM (SELECT name FROM sources ORDER BY name)),
			EXISTS (SELECT 1 FROM sources WHERE offset < size) OR EXISTS (SELECT 1 FROM addresses WHERE public IS NULL)
				OR EXISTS (SELECT 1 FROM meta WHERE key = ?1
					AND CAST(value AS INTEGER) > ?2 AND CAST(value AS INTEGER) <= ?2 + ?3)
		FROM untold`, importingKey, time.Now().Unix(), int(importLease/time.Second),
	).Scan(&h.UpTo, &h.Bans, &h.Friendly, &from, &to, &sources, &h.Reading)
	if err != nil {
		return h, err
	}
	h.From, h.To = fromUnix(from), fromUnix(to)
	err = json.Unmarshal([]byte(sources), &h.Sources)
	return h, err
}

// addUntold adds those of the new bans that are history to the history to be reported.
func addUntold(ctx context.Context, tx *sql.Tx, rows []banRow) error {
	var bans, friendly, first, last int64
	for i := range rows {
		r := &rows[i]
		if r.state != stateHistory {
			continue
		}
		if bans++; bans == 1 {
			first, last = r.time, r.time
		}
		first, last = min(first, r.time), max(last, r.time)
		if r.friendly {
			friendly++
		}
	}
	if bans == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO untold
		VALUES (1, (SELECT seq FROM sqlite_sequence WHERE name = 'bans'), ?, ?, ?, ?)
		ON CONFLICT DO UPDATE
		SET up_to = excluded.up_to, bans = bans + excluded.bans, friendly = friendly + excluded.friendly,
			first = min(first, excluded.first), last = max(last, excluded.last)`, bans, friendly, first, last)
	return err
}
