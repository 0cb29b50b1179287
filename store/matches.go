package store

import (
	"context"
	"database/sql"
	"time"
)

// RecentMatches returns those of the latest n bans since a time that have log lines, newest first. Of what is known of
// their addresses they have the holders of the networks and the countries.
func (s *Store) RecentMatches(ctx context.Context, since time.Time, n int) ([]EnrichedBan, error) {
	return s.matches(ctx, `SELECT b.id, s.name, b.time, a.text, j.name, coalesce(b.failures, 0), coalesce(b.ban_time, 0),
			coalesce(b.ban_count, 0), coalesce(b.matches, ''), coalesce(b.pace, ''), coalesce(y.holder, ''), a.country
		FROM (SELECT * FROM bans WHERE time >= ? ORDER BY time DESC LIMIT ?) b
			JOIN addresses a ON a.id = b.address_id JOIN sources s ON s.id = b.source_id JOIN jails j ON j.id = b.jail_id
			LEFT JOIN systems y ON y.asn = a.asn
		WHERE b.matches <> '' ORDER BY b.time DESC`, since.Unix(), n)
}

// LatestMatches returns those of the latest n bans in the window that have log lines, newest first, each with its time,
// its address and whether that is friendly, and its lines. It also returns how many bans those latest ones are, and
// since when; zero if there are none.
func (s *Store) LatestMatches(
	ctx context.Context, w Window, n int,
) (bans []EnrichedBan, looked int64, since time.Time, err error) {
	rows, err := s.r.QueryContext(ctx, `SELECT b.time, a.text, a.friendly, b.matches
		FROM (SELECT * FROM bans WHERE time >= ? AND time < ? ORDER BY time DESC LIMIT ?) b
			JOIN addresses a ON a.id = b.address_id
		ORDER BY b.time DESC`, w.from(), w.to(), n)
	if err != nil {
		return nil, 0, since, err
	}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var at int64
		var g EnrichedBan
		err = rows.Scan(&at, &g.Address, &g.Friendly, &g.Matches)
		g.Time, since = time.Unix(at, 0), time.Unix(at, 0)
		if looked++; g.Matches != "" {
			bans = append(bans, g)
		}
		return none, err
	})
	return bans, looked, since, err
}

// BansOfAddress returns the latest n bans of an address in the window, newest first. They have what RecentMatches has,
// and need not have log lines.
func (s *Store) BansOfAddress(ctx context.Context, address string, w Window, n int) ([]EnrichedBan, error) {
	return s.matches(ctx, `SELECT b.id, s.name, b.time, a.text, j.name, coalesce(b.failures, 0), coalesce(b.ban_time, 0),
			coalesce(b.ban_count, 0), coalesce(b.matches, ''), coalesce(b.pace, ''), coalesce(y.holder, ''), a.country
		FROM addresses a CROSS JOIN periods p CROSS JOIN bans b ON b.period = p.period AND b.address_id = a.id
			JOIN sources s ON s.id = b.source_id JOIN jails j ON j.id = b.jail_id LEFT JOIN systems y ON y.asn = a.asn
		WHERE a.text = ?4 AND p.period BETWEEN ?1 >> 21 AND ?2 >> 21 AND b.time >= ?1 AND b.time < ?2
		ORDER BY b.time DESC, b.id DESC LIMIT ?3`, w.from(), w.to(), n, address)
}

// BansOfFriends returns the bans in the window of the n friendly addresses that were banned for the first time most
// recently; newest bans first, at most limit. They have what RecentMatches has, and need not have log lines.
func (s *Store) BansOfFriends(ctx context.Context, w Window, n, limit int) ([]EnrichedBan, error) {
	// By address: friends are few, and the bans of a year are many.
	return s.matches(ctx, `SELECT b.id, s.name, b.time, a.text, j.name, coalesce(b.failures, 0), coalesce(b.ban_time, 0),
			coalesce(b.ban_count, 0), coalesce(b.matches, ''), coalesce(b.pace, ''), coalesce(y.holder, ''), a.country
		FROM (SELECT id, text, asn, country FROM addresses WHERE friendly = 1 ORDER BY id DESC LIMIT ?4) a
			CROSS JOIN periods p CROSS JOIN bans b ON b.period = p.period AND b.address_id = a.id
			JOIN sources s ON s.id = b.source_id JOIN jails j ON j.id = b.jail_id LEFT JOIN systems y ON y.asn = a.asn
		WHERE p.period BETWEEN ?1 >> 21 AND ?2 >> 21 AND b.time >= ?1 AND b.time < ?2
		ORDER BY b.time DESC, b.id DESC LIMIT ?3`, w.from(), w.to(), limit, n)
}

func (s *Store) matches(ctx context.Context, query string, args ...any) ([]EnrichedBan, error) {
	rows, err := s.r.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (b EnrichedBan, err error) {
		var at int64
		err = rows.Scan(&b.ID, &b.Source, &at, &b.Address, &b.Jail, &b.Failures, &b.BanTime, &b.BanCount, &b.Matches,
			&b.Pace, &b.Holder, &b.Country)
		b.Time = time.Unix(at, 0)
		return b, err
	})
}

// FriendlyAddresses are all friendly addresses that were ever banned.
func (s *Store) FriendlyAddresses(ctx context.Context) (map[string]bool, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT text FROM addresses WHERE friendly = 1")
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var text string
		err = rows.Scan(&text)
		all[text] = true
		return none, err
	})
	return all, err
}
