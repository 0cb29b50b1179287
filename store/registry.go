package store

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"time"
)

// Registry is the rate limit, backoff and trouble of a whois server.
type Registry struct {
	Server       string
	Spaced       time.Time // when the queries so far are used up at the agreed rate, to the millisecond
	Day          int64     // of Asked, in days since 1970 in UTC
	Asked        int       // queries on that day
	SilentFrom   time.Time // beginning of the backoff after trouble; zero: none, or unknown
	SilentTill   time.Time // end of it
	Troubles     int       // in a row
	Refusals     int       // in total
	Trouble      string    // the last one, cleaned; kept when it is over
	RefusedSince time.Time // the first refusal since it last answered; zero: none
}

const registryColumns = "SELECT server, spaced_ms, day, asked, silent_from, silent_till, troubles, refusals, " +
	"trouble, refused_since FROM registries "

func scanRegistry(scan func(...any) error) (r Registry, err error) {
	var spaced, from, silent, refused int64
	err = scan(&r.Server, &spaced, &r.Day, &r.Asked, &from, &silent, &r.Troubles, &r.Refusals, &r.Trouble, &refused)
	r.Spaced, r.RefusedSince = time.UnixMilli(spaced), fromUnix(refused)
	r.SilentFrom, r.SilentTill = fromUnix(from), fromUnix(silent)
	return r, err
}

// Silence begins a backoff now.
func (r *Registry) Silence(now time.Time, length time.Duration) {
	r.SilentFrom, r.SilentTill = now, now.Add(length)
}

// SetBack reports whether the clock was set back to before the backoff, which then begins anew: it is no longer than it
// was meant to be.
func (r *Registry) SetBack(now time.Time) bool {
	if !r.SilentFrom.After(now) {
		return false
	}
	r.Silence(now, r.SilentTill.Sub(r.SilentFrom))
	return true
}

// Registries returns all servers that were ever queried, by name.
func (s *Store) Registries(ctx context.Context) (map[string]Registry, error) {
	rows, err := s.r.QueryContext(ctx, registryColumns)
	if err != nil {
		return nil, err
	}
	all, err := collect(rows, func(rows *sql.Rows) (Registry, error) { return scanRegistry(rows.Scan) })
	byName := make(map[string]Registry, len(all))
	for _, r := range all {
		byName[r.Server] = r
	}
	return byName, err
}

// ChangeRegistry passes the record of a server to change, and saves it unless change returns false.
func (s *Store) ChangeRegistry(ctx context.Context, server string, change func(*Registry) bool) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		r, err := scanRegistry(tx.QueryRowContext(ctx, registryColumns+"WHERE server = ?", server).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			r, err = Registry{Server: server}, nil
		}
		if err != nil || !change(&r) {
			return err
		}
		var from, silent, refused int64
		if !r.SilentFrom.IsZero() {
			from = r.SilentFrom.Unix()
		}
		if !r.SilentTill.IsZero() {
			silent = ceilUnix(r.SilentTill)
		}
		if !r.RefusedSince.IsZero() {
			refused = r.RefusedSince.Unix()
		}
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO registries
			(server, spaced_ms, day, asked, silent_from, silent_till, troubles, refusals, trouble, refused_since)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			server, r.Spaced.UnixMilli(), r.Day, r.Asked, from, silent, r.Troubles, r.Refusals, r.Trouble, refused)
		return err
	})
}

// Assign records the server that IANA names for a block, and moves the block's waiting addresses to its queue.
func (s *Store) Assign(ctx context.Context, block netip.Prefix, server string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO blocks (prefix, server) VALUES (?, ?)",
			block.Masked().String(), server)
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, "SELECT DISTINCT server FROM addresses WHERE public = 1 AND whois_at IS NULL")
		if err != nil {
			return err
		}
		waiting, err := collect(rows, single[string])
		if err != nil {
			return err
		}
		for _, w := range waiting {
			p, err := netip.ParsePrefix(w)
			if err != nil || !block.Contains(p.Addr()) {
				continue
			}
			_, err = tx.ExecContext(ctx, `UPDATE addresses SET server = ?
				WHERE public = 1 AND whois_at IS NULL AND server = ?`, server, w)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Route returns the server that IANA named for the address, or the block to ask IANA about if it was not asked yet.
func (s *Store) Route(ctx context.Context, a netip.Addr) (string, error) {
	r, err := newRoutes(ctx, s.r)
	return r.serverFor(a), err
}

// routes are the blocks for which IANA has named a server.
type routes map[netip.Prefix]string

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// newRoutes reads the blocks from the database.
func newRoutes(ctx context.Context, db querier) (routes, error) {
	rows, err := db.QueryContext(ctx, "SELECT prefix, server FROM blocks")
	if err != nil {
		return nil, err
	}
	type block struct{ prefix, server string }
	all, err := collect(rows, func(rows *sql.Rows) (b block, err error) {
		err = rows.Scan(&b.prefix, &b.server)
		return b, err
	})
	if err != nil {
		return nil, err
	}
	r := make(routes, len(all))
	for _, b := range all {
		p, err := netip.ParsePrefix(b.prefix)
		if err != nil {
			return nil, err
		}
		r[p] = b.server
	}
	return r, nil
}

// serverFor returns the server for an address, or the block to ask IANA about: it allocates IPv4 in /8 blocks and IPv6
// in blocks of /23 or larger.
func (r routes) serverFor(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	bits := 8
	if a.Is6() {
		bits = 23
	}
	block, _ := a.Prefix(bits)
	for ; bits > 0; bits-- {
		p, _ := a.Prefix(bits)
		if server, ok := r[p]; ok {
			return server
		}
	}
	return block.String()
}
