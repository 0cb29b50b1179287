package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// WhoisQuery is a query to a whois server about an address.
type WhoisQuery struct {
	ID     int64 // of the address; 0: never banned
	Addr   netip.Addr
	Server string // to ask, or the CIDR of a block whose registry is not known yet
	Asks   int    // queries without an answer so far
}

const whoisQuery = "SELECT a.id, a.text, a.server, a.asks FROM addresses a "

// News returns the addresses of bans that are undecided or wait for whois, or were alerted without it, if whois has not
// answered since stale: first those that the table does not know, then those of the newest bans, then the alerted ones.
// It returns up to n for each server, so that a slow server does not hold up the others. Neither here nor below does an
// address wait that was put off in the future, by the clock now: the clock was set back since.
func (s *Store) News(ctx context.Context, now, stale time.Time, n int) ([]WhoisQuery, error) {
	return s.whoisQueries(ctx, fmt.Sprintf(`SELECT id, text, server, asks FROM
			(SELECT a.*, b.ban, b.told, a.table_country = '' AS unknown, row_number() OVER
				(PARTITION BY a.server ORDER BY a.table_country = '' DESC, b.told, b.ban DESC) AS position
			FROM (SELECT address_id, max(id) AS ban, min(told) AS told FROM
				(SELECT id, address_id, 0 AS told FROM bans WHERE state = %d
				UNION ALL SELECT id, address_id, 0 FROM bans WHERE state = %d
				UNION ALL SELECT ban_id, address_id, 1 FROM followups WHERE answered = 0)
				GROUP BY address_id) b
			JOIN addresses a ON a.id = b.address_id
			WHERE a.public = 1 AND (a.whois_at IS NULL OR a.whois_at < ?1) AND (a.ask_after <= ?2 OR a.put_off_at > ?2))
		WHERE position <= ?3 ORDER BY unknown DESC, told, ban DESC`, stateUndecided, stateWaiting),
		stale.Unix(), now.Unix(), n)
}

// Renewals returns those addresses of the latest n bans whose whois answer is older than stale.
func (s *Store) Renewals(ctx context.Context, now, stale time.Time, n int) ([]WhoisQuery, error) {
	return s.whoisQueries(ctx, whoisQuery+`WHERE a.id IN (SELECT address_id FROM bans ORDER BY id DESC LIMIT ?1)
		AND a.public = 1 AND a.whois_at < ?2 AND (a.ask_after <= ?3 OR a.put_off_at > ?3) ORDER BY a.id DESC`, n, stale.Unix(), now.Unix())
}

// Queues returns the servers (and blocks without one) from which addresses await an answer.
func (s *Store) Queues(ctx context.Context) ([]string, error) {
	// One step in the index for each server, however many addresses are waiting.
	rows, err := s.r.QueryContext(ctx, `WITH RECURSIVE q (server) AS (
			SELECT min(server) FROM addresses WHERE public = 1 AND whois_at IS NULL
			UNION ALL
			SELECT (SELECT min(server) FROM addresses WHERE public = 1 AND whois_at IS NULL AND server > q.server)
			FROM q WHERE server IS NOT NULL)
		SELECT server FROM q WHERE server IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[string])
}

// Queue returns up to n addresses that await an answer from the server, the newest first.
func (s *Store) Queue(ctx context.Context, server string, now time.Time, n int) ([]WhoisQuery, error) {
	return s.whoisQueries(ctx, whoisQuery+`WHERE a.public = 1 AND a.whois_at IS NULL AND a.server = ?1
		AND (a.ask_after <= ?2 OR a.put_off_at > ?2) ORDER BY a.id DESC LIMIT ?3`, server, now.Unix(), n)
}

// Backlog counts the public addresses that await an answer from whois.
func (s *Store) Backlog(ctx context.Context) (n int, err error) {
	err = s.r.QueryRowContext(ctx, "SELECT count(*) FROM addresses WHERE public = 1 AND whois_at IS NULL").Scan(&n)
	return n, err
}

func (s *Store) whoisQueries(ctx context.Context, query string, args ...any) ([]WhoisQuery, error) {
	rows, err := s.r.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (q WhoisQuery, err error) {
		var text string
		if err := rows.Scan(&q.ID, &text, &q.Server, &q.Asks); err != nil {
			return q, err
		}
		q.Addr, err = netip.ParseAddr(text)
		return q, err
	})
}

// Adopted is a query that a known network answers.
type Adopted struct {
	WhoisQuery
	Network Network
}

// Adopt gives addresses the answers of known networks. Bans that waited for them become undecided again.
func (s *Store) Adopt(ctx context.Context, all []Adopted) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		f, err := loadFriends(ctx, tx)
		if err != nil {
			return err
		}
		var moved []reclassified
		for _, a := range all {
			if moved, err = adoptNetwork(ctx, tx, f, a.ID, a.Network, moved); err != nil {
				return err
			}
		}
		return recount(ctx, tx, moved)
	})
}

// Presume treats addresses that await an answer as friendly, and in the country of the known network, if that makes
// them so. They still await their own answer. Bans that waited for it become undecided again. It reports whether
// anything has changed.
func (s *Store) Presume(ctx context.Context, all []Adopted) (changed bool, err error) {
	if len(all) == 0 {
		return false, nil
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		f, err := loadFriends(ctx, tx)
		if err != nil {
			return err
		}
		var moved []reclassified
		for _, a := range all {
			if !slices.Contains(f.Countries, a.Network.Country) {
				continue
			}
			if moved, err = presume(ctx, tx, a.ID, a.Network, moved); err != nil {
				return err
			}
		}
		changed = len(moved) > 0
		return recount(ctx, tx, moved)
	})
	return changed && err == nil, err
}

// presume makes an address friendly that awaits an answer, and appends to moved how the counting of its bans changes.
func presume(ctx context.Context, tx *sql.Tx, id int64, n Network, moved []reclassified) ([]reclassified, error) {
	m := reclassified{id: id}
	err := tx.QueryRowContext(ctx,
		"SELECT country, asn FROM addresses WHERE id = ? AND whois_at IS NULL AND NOT friendly", id).
		Scan(&m.from.country, &m.from.asn)
	if errors.Is(err, sql.ErrNoRows) {
		return moved, nil
	}
	if err != nil {
		return moved, err
	}
	m.to = class{n.Country, true, m.from.asn}
	_, err = tx.ExecContext(ctx, "UPDATE addresses SET whois_country = ?, network_id = ?, friendly = 1 WHERE id = ?",
		n.Country, n.ID, id)
	if err != nil {
		return moved, err
	}
	return append(moved, m), reopen(ctx, tx, id)
}

// reopen makes the bans of an address undecided that waited for whois.
func reopen(ctx context.Context, tx *sql.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, fmt.Sprintf("UPDATE bans SET state = %d WHERE address_id = ? AND state = %d",
		stateUndecided, stateWaiting), id)
	return err
}

// Answer saves a registry's answer: the networks it describes, with the same data for each, and their effect on the
// address. If a network's country has changed, its other addresses are updated too, but those for which the table says
// another country await an answer again.
func (s *Store) Answer(ctx context.Context, q WhoisQuery, networks []Network) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		f, err := loadFriends(ctx, tx)
		if err != nil {
			return err
		}
		var moved []reclassified
		for _, n := range networks {
			if n.Prefix.Contains(q.Addr) {
				if err := expireSmaller(ctx, tx, q.Addr, n); err != nil {
					return err
				}
			}
			id, changed, err := saveNetwork(ctx, tx, n)
			if err != nil {
				return err
			}
			n.ID = id
			ids, err := agreeing(ctx, tx, n, changed)
			if err != nil {
				return err
			}
			if n.Prefix.Contains(q.Addr) && q.ID != 0 {
				ids = append(ids, q.ID)
			}
			for _, id := range ids {
				if moved, err = adoptNetwork(ctx, tx, f, id, n, moved); err != nil {
					return err
				}
			}
		}
		return recount(ctx, tx, moved)
	})
}

// agreeing returns the addresses that have the network's answer, or none if it has not changed. Those for which the
// table says another country are not returned, but await an answer again; until then they keep the former one.
func agreeing(ctx context.Context, tx *sql.Tx, n Network, changed bool) ([]int64, error) {
	if !changed {
		return nil, nil
	}
	if n.Country != "" {
		_, err := tx.ExecContext(ctx, `UPDATE addresses SET whois_at = NULL, asks = 0, ask_after = 0
			WHERE network_id = ? AND coalesce(table_country, '') NOT IN ('', ?)`, n.ID, n.Country)
		if err != nil {
			return nil, err
		}
	}
	rows, err := tx.QueryContext(ctx, "SELECT id FROM addresses WHERE network_id = ? AND whois_at IS NOT NULL", n.ID)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[int64])
}

// expireSmaller makes the known networks around the address that are smaller than n count as stale: a registry answers
// with the smallest network there is, so they no longer exist.
func expireSmaller(ctx context.Context, tx *sql.Tx, a netip.Addr, n Network) error {
	var smaller []int64
	err := networksAround(ctx, tx, []netip.Addr{a}, func(_ int, known Network) {
		if known.Prefix.Bits() > n.Prefix.Bits() {
			smaller = append(smaller, known.ID)
		}
	})
	if err != nil {
		return err
	}
	for _, id := range smaller {
		if _, err := tx.ExecContext(ctx, "UPDATE networks SET answered_at = 0 WHERE id = ?", id); err != nil {
			return err
		}
	}
	return nil
}

// adoptNetwork saves the network's answer for an address, and appends to moved how the counting of its bans changes.
func adoptNetwork(
	ctx context.Context, tx *sql.Tx, f Friends, id int64, n Network, moved []reclassified,
) ([]reclassified, error) {
	var text string
	var table Country
	var loggedIn bool
	m := reclassified{id: id}
	err := tx.QueryRowContext(ctx,
		"SELECT text, coalesce(table_country, ''), country, friendly, asn, logged_in FROM addresses WHERE id = ?", id).
		Scan(&text, &table, &m.from.country, &m.from.friendly, &m.from.asn, &loggedIn)
	if errors.Is(err, sql.ErrNoRows) {
		return moved, nil // purged meanwhile
	}
	if err != nil {
		return moved, err
	}
	friendly := f.Has(text, table, n.Country) || f.HasASN(m.from.asn) || loggedIn
	m.to = class{cmp.Or(n.Country, table), friendly, m.from.asn}
	_, err = tx.ExecContext(ctx, `UPDATE addresses SET whois_country = ?, network_id = ?, whois_at = ?, asks = 0,
		ask_after = 0, friendly = ? WHERE id = ?`, n.Country, n.ID, n.AnsweredAt.Unix(), friendly, id)
	if err != nil {
		return moved, err
	}
	return append(moved, m), errors.Join(reopen(ctx, tx, id), answerFollowUps(ctx, tx, id))
}

// PutOff saves, at the time now, q.Server and q.Asks for the next attempt, and that it must not be made before until.
func (s *Store) PutOff(ctx context.Context, q WhoisQuery, now, until time.Time) error {
	err := s.exec(ctx, "UPDATE addresses SET server = ?, asks = ?, ask_after = ?, put_off_at = ? WHERE id = ?",
		q.Server, q.Asks, ceilUnix(until), now.Unix(), q.ID)
	return err
}
