package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Friends are the countries and networks of the server's own users, and the autonomous systems.
type Friends struct {
	Countries []Country      `json:"countries"`
	Networks  []netip.Prefix `json:"networks"`
	Systems   []ASN          `json:"systems,omitempty"`

	// Logins is how long before a ban whoever logged in from its address is a friend, wherever he is; 0: nobody is.
	Logins time.Duration `json:"logins,omitempty"`
}

// HasASN reports whether the autonomous system is friendly.
func (f Friends) HasASN(n ASN) bool { return n != 0 && slices.Contains(f.Systems, n) }

// Has reports whether one of the countries is friendly, or whether the address (or the network, if a network was
// banned) overlaps a friendly network.
func (f Friends) Has(address string, countries ...Country) bool {
	for _, c := range countries {
		if c != "" && slices.Contains(f.Countries, c) {
			return true
		}
	}
	if len(f.Networks) == 0 {
		return false
	}
	banned, ok := parsePrefix(address)
	return ok && slices.ContainsFunc(f.Networks, func(n netip.Prefix) bool { return unmapPrefix(n).Overlaps(banned) })
}

// Network returns the smallest friendly network that overlaps the address, or the network that was banned.
func (f Friends) Network(address string) (smallest netip.Prefix, ok bool) {
	banned, valid := parsePrefix(address)
	for _, n := range f.Networks {
		if n = unmapPrefix(n); valid && n.Overlaps(banned) && (!ok || n.Bits() > smallest.Bits()) {
			smallest, ok = n, true
		}
	}
	return smallest, ok
}

// parsePrefix parses an address or a CIDR as a network.
func parsePrefix(s string) (netip.Prefix, bool) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return unmapPrefix(p), err == nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen()), true
}

// unmapPrefix returns p without host bits, and an IPv4-mapped IPv6 network as IPv4.
func unmapPrefix(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

const friendsKey = "store/friends"

// SetFriends stores f, by which Locate, Adopt and Answer classify addresses from now on, and reclassifies the known
// ones if f has changed. Bans already decided stay decided.
func (s *Store) SetFriends(ctx context.Context, f Friends) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if current, err := s.Value(ctx, friendsKey); err != nil || current == string(text) {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := setMeta(ctx, tx, friendsKey, string(text)); err != nil {
			return err
		}
		if err := setLoggedIn(ctx, tx, f); err != nil {
			return err
		}
		flips, err := outdatedFriends(ctx, tx, f)
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
			_, err = tx.ExecContext(ctx, `UPDATE addresses SET friendly = 1 - friendly
				WHERE id IN (SELECT value FROM json_each(?))`, string(list))
			if err != nil {
				return err
			}
		}
		// Which of a network's countries and systems it counts as depends on the friends: it is looked up again.
		if _, err := tx.ExecContext(ctx, "UPDATE addresses SET public = NULL WHERE text LIKE '%/%'"); err != nil {
			return err
		}
		return recount(ctx, tx, flips)
	})
}

// outdatedFriends returns the addresses whose friendly flag differs from what f says.
func outdatedFriends(ctx context.Context, tx *sql.Tx, f Friends) ([]reclassified, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, text, coalesce(table_country, ''), coalesce(whois_country, ''),
		country, friendly, asn, logged_in FROM addresses`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var flips []reclassified
	for rows.Next() {
		var m reclassified
		var text string
		var table, whois Country
		var loggedIn bool
		err := rows.Scan(&m.id, &text, &table, &whois, &m.from.country, &m.from.friendly, &m.from.asn, &loggedIn)
		if err != nil {
			return nil, err
		}
		m.to = class{m.from.country, f.Has(text, table, whois) || f.HasASN(m.from.asn) || loggedIn, m.from.asn}
		if m.to != m.from {
			flips = append(flips, m)
		}
	}
	return flips, rows.Err()
}

// loadFriends returns the friends that were last set.
func loadFriends(ctx context.Context, tx *sql.Tx) (Friends, error) {
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
