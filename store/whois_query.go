package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// WhoisQuery is an address that whois is to be asked for.
type WhoisQuery struct {
	ID     int64 // of the address; 0: never banned
	Addr   netip.Addr
	Server string // whom to ask, or a CIDR whose registry is not known yet
	Asks   int    // questions in vain so far
}

const whoisQuery = "SELECT a.id, a.text, a.server, a.asks FROM addresses a "

// News returns addresses of bans that are undecided or wait for whois, and of which whois has said nothing since
// stale: those that may be friends first, then those of the newest bans; n for each server at most, so that none
// hides behind those of a slow one.
func (s *Store) News(ctx context.Context, now, stale time.Time, n int) ([]WhoisQuery, error) {
	return s.whoisQueries(ctx, fmt.Sprintf(`SELECT id, text, server, asks FROM
			(SELECT a.*, b.ban, a.friendly OR a.table_country = '' AS hope,
				row_number() OVER (PARTITION BY a.server ORDER BY a.friendly OR a.table_country = '' DESC, b.ban DESC) AS place
			FROM (SELECT address_id, max(id) AS ban FROM
				(SELECT id, address_id FROM bans WHERE state = %d UNION ALL SELECT id, address_id FROM bans WHERE state = %d)
				GROUP BY address_id) b
			JOIN addresses a ON a.id = b.address_id
			WHERE a.public = 1 AND (a.whois_at IS NULL OR a.whois_at < ?) AND a.ask_after <= ?)
		WHERE place <= ? ORDER BY hope DESC, ban DESC`, stateUndecided, stateWaiting), stale.Unix(), now.Unix(), n)
}

// Renewals returns the addresses of the latest n bans for which whois has answered, but not since stale.
func (s *Store) Renewals(ctx context.Context, now, stale time.Time, n int) ([]WhoisQuery, error) {
	return s.whoisQueries(ctx, whoisQuery+`WHERE a.id IN (SELECT address_id FROM bans ORDER BY id DESC LIMIT ?)
		AND a.public = 1 AND a.whois_at < ? AND a.ask_after <= ? ORDER BY a.id DESC`, n, stale.Unix(), now.Unix())
}

// Queues returns the servers (and blocks without one) that addresses without an answer wait for.
func (s *Store) Queues(ctx context.Context) ([]string, error) {
	// A step in the index for each server, however many addresses wait for it.
	rows, err := s.r.QueryContext(ctx, `WITH RECURSIVE q (server) AS (
			SELECT min(server) FROM addresses WHERE public = 1 AND whois_at IS NULL
			UNION ALL
			SELECT (SELECT min(server) FROM addresses WHERE public = 1 AND whois_at IS NULL AND server > q.server) FROM q WHERE server IS NOT NULL)
		SELECT server FROM q WHERE server IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[string])
}

// Queue returns up to n addresses that wait for an answer of the server, the latest known first.
func (s *Store) Queue(ctx context.Context, server string, now time.Time, n int) ([]WhoisQuery, error) {
	return s.whoisQueries(ctx, whoisQuery+`WHERE a.public = 1 AND a.whois_at IS NULL AND a.server = ? AND a.ask_after <= ?
		ORDER BY a.id DESC LIMIT ?`, server, now.Unix(), n)
}

// Backlog counts the public addresses that whois has not settled.
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

// Adopted is a question and the known network that answers it.
type Adopted struct {
	WhoisQuery
	Network Network
}

// Adopt gives addresses the answers of known networks. Bans that waited for them are to be looked at again.
func (s *Store) Adopt(ctx context.Context, all []Adopted) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		f, err := friends(ctx, tx)
		if err != nil {
			return err
		}
		var moves []moved
		for _, a := range all {
			if moves, err = placeInNetwork(ctx, tx, f, a.ID, a.Network, moves); err != nil {
				return err
			}
		}
		return recountMoved(ctx, tx, moves)
	})
}

// Answer keeps a registry's answer: the networks it is about, each with the same words, and the address's own share.
// Other addresses of these networks follow where the country is another one than before.
func (s *Store) Answer(ctx context.Context, q WhoisQuery, networks []Network) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		f, err := friends(ctx, tx)
		if err != nil {
			return err
		}
		var moves []moved
		for _, n := range networks {
			if n.Prefix.Contains(q.Addr) {
				if err := outlive(ctx, tx, q.Addr, n); err != nil {
					return err
				}
			}
			id, changed, err := keep(ctx, tx, n)
			if err != nil {
				return err
			}
			n.ID = id
			ids, err := inhabitants(ctx, tx, id, changed)
			if err != nil {
				return err
			}
			if n.Prefix.Contains(q.Addr) && q.ID != 0 {
				ids = append(ids, q.ID)
			}
			for _, id := range ids {
				if moves, err = placeInNetwork(ctx, tx, f, id, n, moves); err != nil {
					return err
				}
			}
		}
		return recountMoved(ctx, tx, moves)
	})
}

// inhabitants are the addresses that hold the network's answer, none if it has not changed.
func inhabitants(ctx context.Context, tx *sql.Tx, network int64, changed bool) ([]int64, error) {
	if !changed {
		return nil, nil
	}
	rows, err := tx.QueryContext(ctx, "SELECT id FROM addresses WHERE network_id = ?", network)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[int64])
}

// outlive makes the smaller networks known around the address as old as can be: a registry answers with the smallest
// there is, so they are no more.
func outlive(ctx context.Context, tx *sql.Tx, a netip.Addr, n Network) error {
	var smaller []int64
	err := around(ctx, aroundIn(tx), []netip.Addr{a}, func(_ int, known Network) {
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

// placeInNetwork keeps the network's answer for an address, and adds to moves how it is counted by that.
func placeInNetwork(ctx context.Context, tx *sql.Tx, f Friends, id int64, n Network, moves []moved) ([]moved, error) {
	var text string
	var table Country
	m := moved{id: id}
	err := tx.QueryRowContext(ctx, "SELECT text, coalesce(table_country, ''), country, friendly FROM addresses WHERE id = ?", id).
		Scan(&text, &table, &m.from.country, &m.from.friendly)
	if errors.Is(err, sql.ErrNoRows) {
		return moves, nil // it has been purged meanwhile
	}
	if err != nil {
		return moves, err
	}
	m.to = class{cmp.Or(n.Country, table), f.Has(text, table, n.Country)}
	_, err = tx.ExecContext(ctx, `UPDATE addresses SET whois_country = ?, network_id = ?, whois_at = ?, asks = 0, ask_after = 0, friendly = ?
		WHERE id = ?`, n.Country, n.ID, n.AnsweredAt.Unix(), m.to.friendly, id)
	if err != nil {
		return moves, err
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("UPDATE bans SET state = %d WHERE address_id = ? AND state = %d", stateUndecided, stateWaiting), id)
	return append(moves, m), err
}

// PutOff records that q is to be asked at q.Server, q.Asks questions having been in vain, and not before until.
func (s *Store) PutOff(ctx context.Context, q WhoisQuery, until time.Time) error {
	_, err := s.w.ExecContext(ctx, "UPDATE addresses SET server = ?, asks = ?, ask_after = ? WHERE id = ?", q.Server, q.Asks, ceil(until), q.ID)
	return err
}
