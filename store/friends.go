package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// Friends are the countries and networks whose people are the server's own users.
type Friends struct {
	Countries []Country      `json:"countries"`
	Networks  []netip.Prefix `json:"networks"`
}

// Has reports whether one of the countries is friendly, or whether the address (or the network, where
// a network was banned) lies in a friendly network or holds a part of one.
func (f Friends) Has(address string, countries ...Country) bool {
	for _, c := range countries {
		if c != "" && slices.Contains(f.Countries, c) {
			return true
		}
	}
	if len(f.Networks) == 0 {
		return false
	}
	banned, ok := prefix(address)
	return ok && slices.ContainsFunc(f.Networks, func(n netip.Prefix) bool { return unmap(n).Overlaps(banned) })
}

// prefix reads an address or a CIDR as the network it stands for.
func prefix(s string) (netip.Prefix, bool) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return unmap(p), err == nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen()), true
}

// unmap is p without host bits, and as an IPv4 network where it is one in IPv6 clothes.
func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

const friendsKey = "store/friends"

// SetFriends keeps f, by which Locate, Adopt and Answer mark addresses from now on, and marks the known ones anew
// where f differs from what was kept. Bans already decided stay decided.
func (s *Store) SetFriends(ctx context.Context, f Friends) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if kept, err := s.Value(ctx, friendsKey); err != nil || kept == string(text) {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", friendsKey, string(text)); err != nil {
			return err
		}
		flips, err := misjudged(ctx, tx, f)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(flips, 10_000) {
			ids := make([]int64, len(chunk))
			for i, m := range chunk {
				ids[i] = m.id
			}
			list, err := json.Marshal(ids)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, "UPDATE addresses SET friendly = 1 - friendly WHERE id IN (SELECT value FROM json_each(?))", string(list))
			if err != nil {
				return err
			}
		}
		return recountMoved(ctx, tx, flips)
	})
}

// misjudged lists the addresses whose mark is not what f says.
func misjudged(ctx context.Context, tx *sql.Tx, f Friends) ([]moved, error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, text, coalesce(table_country, ''), coalesce(whois_country, ''), country, friendly FROM addresses")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var flips []moved
	for rows.Next() {
		var m moved
		var text string
		var table, whois Country
		if err := rows.Scan(&m.id, &text, &table, &whois, &m.from.country, &m.from.friendly); err != nil {
			return nil, err
		}
		if m.to = (class{m.from.country, f.Has(text, table, whois)}); m.to != m.from {
			flips = append(flips, m)
		}
	}
	return flips, rows.Err()
}

// friends are those last set.
func friends(ctx context.Context, tx *sql.Tx) (Friends, error) {
	var f Friends
	var text string
	err := tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", friendsKey).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	err = json.Unmarshal([]byte(text), &f)
	return f, err
}
