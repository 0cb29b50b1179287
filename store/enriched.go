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

	ASN    ASN    // of the autonomous system in which the address is, 0 if none is known
	Holder string // of it, cleaned, "" if unknown

	Before     int       // bans of the same address before this one, on any server
	LastBefore time.Time // the latest of them; zero: none

	Lately      int       // those of them within the time Lately before this one
	LatelySince time.Time // the first of these; zero: none

	Logins Logins // from the address, where LoginsOf has been asked
}

// Lately is how long before a ban other bans of its address count as of late.
const Lately = 30 * 24 * time.Hour

// InForce reports whether the ban may still hold: a source need not say how long it lasts.
func (b Ban) InForce(now time.Time) bool {
	return b.BanTime <= 0 || b.Time.Add(time.Duration(b.BanTime)*time.Second).After(now)
}

const enrichedQuery = `SELECT b.id, s.name, b.time, a.text, j.name, b.nth, b.nth = 0, coalesce(b.failures, 0),
		coalesce(b.ban_time, 0), coalesce(b.ban_count, 0), coalesce(b.matches, ''), coalesce(b.pace, ''),
		coalesce(a.public, 0), a.public IS NOT NULL, a.whois_at IS NOT NULL, a.asks > 0, coalesce(a.table_country, ''),
		coalesce(a.whois_country, ''), a.country, a.friendly, n.prefix, coalesce(n.bits, 0), coalesce(n.name, ''),
		a.asn, coalesce(y.holder, '')
	FROM bans b
	JOIN addresses a ON a.id = b.address_id JOIN sources s ON s.id = b.source_id JOIN jails j ON j.id = b.jail_id
	LEFT JOIN networks n ON n.id = a.network_id LEFT JOIN systems y ON y.asn = a.asn `

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
		err := rows.Scan(&b.ID, &b.Source, &at, &b.Address, &b.Jail, &b.Nth, &b.HasEpoch, &b.Failures, &b.BanTime, &b.BanCount,
			&b.Matches, &b.Pace, &b.Public, &b.Located, &b.Answered, &b.Asked, &b.Table, &b.Whois, &b.Country, &b.Friendly,
			&prefix, &bits, &b.NetworkName, &b.ASN, &b.Holder)
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

// FriendlyBans returns up to limit bans of friendly addresses in the window, newest first, without the first ones.
func (s *Store) FriendlyBans(ctx context.Context, w Window, limit, without int) ([]EnrichedBan, error) {
	return s.enriched(ctx, `WHERE a.friendly AND b.time >= ? AND b.time < ?
		ORDER BY b.time DESC, b.id DESC LIMIT ? OFFSET ?`, w.from(), w.to(), limit, without)
}

// Often is a friendly address that is banned again and again.
type Often struct {
	Address     string
	Country     Country
	Bans        int
	First, Last time.Time
}

// OftenBanned returns up to limit friendly addresses with at least that many bans in the window, most bans first,
// without the first ones; and how many such addresses there are.
func (s *Store) OftenBanned(ctx context.Context, w Window, bans, limit, without int) (all []Often, total int, err error) {
	rows, err := s.r.QueryContext(ctx, `SELECT a.text, a.country, count(*) AS n, min(b.time), max(b.time),
			count(*) OVER () FROM bans b JOIN addresses a ON a.id = b.address_id
		WHERE a.friendly AND b.time >= ? AND b.time < ?
		GROUP BY a.id HAVING n >= ? ORDER BY n DESC, max(b.time) DESC LIMIT ? OFFSET ?`,
		w.from(), w.to(), bans, limit, without)
	if err != nil {
		return nil, 0, err
	}
	all, err = collect(rows, func(rows *sql.Rows) (o Often, err error) {
		var first, last int64
		err = rows.Scan(&o.Address, &o.Country, &o.Bans, &first, &last, &total)
		o.First, o.Last = fromUnix(first), fromUnix(last)
		return o, err
	})
	return all, total, err
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

// Ban returns the ban with the id; false: it is gone.
func (s *Store) Ban(ctx context.Context, id int64) (EnrichedBan, bool, error) {
	all, err := s.enriched(ctx, "WHERE b.id = ?", id)
	if err != nil || len(all) == 0 {
		return EnrichedBan{}, false, err
	}
	return all[0], true, nil
}

// Recall fills in how often the address was banned before.
func (s *Store) Recall(ctx context.Context, b *EnrichedBan) error {
	var last, first int64
	err := s.r.QueryRowContext(ctx, `SELECT count(*), coalesce(max(time), 0), count(*) FILTER (WHERE time >= ?4),
			coalesce(min(time) FILTER (WHERE time >= ?4), 0)
		FROM periods CROSS JOIN bans USING (period)
		WHERE address_id = (SELECT id FROM addresses WHERE text = ?1) AND (time, id) < (?2, ?3)`,
		b.Address, b.Time.Unix(), b.ID, b.Time.Add(-Lately).Unix()).Scan(&b.Before, &last, &b.Lately, &first)
	b.LastBefore, b.LatelySince = fromUnix(last), fromUnix(first)
	return err
}

// History sums up the bans that were too old to be news when they were read, and have not been reported yet.
type History struct {
	DownTo   int64 // the lowest of their ids
	UpTo     int64 // the highest; 0: there are none
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
	err = s.r.QueryRowContext(ctx, `SELECT coalesce(max(down_to), 0), coalesce(max(up_to), 0), coalesce(max(bans), 0), coalesce(max(friendly), 0),
			coalesce(max(first), 0), coalesce(max(last), 0),
			(SELECT json_group_array(name) FROM (SELECT name FROM sources ORDER BY name)),
			EXISTS (SELECT 1 FROM sources WHERE offset < size) OR EXISTS (SELECT 1 FROM addresses WHERE public IS NULL)
				OR EXISTS (SELECT 1 FROM meta WHERE key = ?1
					AND CAST(value AS INTEGER) > ?2 AND CAST(value AS INTEGER) <= ?2 + ?3)
		FROM untold`, importingKey, time.Now().Unix(), int(importLease/time.Second),
	).Scan(&h.DownTo, &h.UpTo, &h.Bans, &h.Friendly, &from, &to, &sources, &h.Reading)
	if err != nil {
		return h, err
	}
	h.From, h.To = fromUnix(from), fromUnix(to)
	err = json.Unmarshal([]byte(sources), &h.Sources)
	return h, err
}

// HistoryFriends returns up to limit bans of friendly addresses among that history, newest first.
func (s *Store) HistoryFriends(ctx context.Context, h History, limit int) ([]EnrichedBan, error) {
	return s.enriched(ctx, fmt.Sprintf(`WHERE b.id BETWEEN ? AND ? AND b.state = %d AND a.friendly
		ORDER BY b.time DESC, b.id DESC LIMIT ?`, stateHistory), h.DownTo, h.UpTo, limit)
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
	_, err := tx.ExecContext(ctx, `INSERT INTO untold (id, up_to, down_to, bans, friendly, first, last)
		SELECT 1, seq, seq - ?, ?, ?, ?, ? FROM sqlite_sequence WHERE name = 'bans'
		ON CONFLICT DO UPDATE
		SET up_to = excluded.up_to, bans = bans + excluded.bans, friendly = friendly + excluded.friendly,
			first = min(first, excluded.first), last = max(last, excluded.last)`, len(rows)-1, bans, friendly, first, last)
	return err
}
