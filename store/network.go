package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"time"
)

// Network is what one registry says about one network.
type Network struct {
	ID         int64        // 0: not in the database
	Prefix     netip.Prefix // or only the part that was asked about, where the offline table contradicted the answer
	Country    Country      // "" if the registry's answer has none
	Name       string       // cleaned
	Server     string       // that answered
	AnsweredAt time.Time
}

// Networks returns for each address the smallest known network that contains it, among those answered at since or
// later; the zero Network if there is none.
func (s *Store) Networks(ctx context.Context, since time.Time, addrs ...netip.Addr) ([]Network, error) {
	found := make([]Network, len(addrs))
	err := networksAround(ctx, s.r, addrs, func(i int, n Network) {
		if n.Prefix.Bits() >= found[i].Prefix.Bits() && !n.AnsweredAt.Before(since) {
			found[i] = n
		}
	})
	return found, err
}

// networksAroundQuery takes a JSON list of addresses. One step in the index finds the last network that begins at or
// before an address. Since networks are either nested or disjoint, that one and those around it are the only
// candidates.
const networksAroundQuery = `WITH RECURSIVE up (i, id) AS (
		SELECT k.key, (SELECT id FROM networks
			WHERE length(prefix) = k.value ->> 'n' AND prefix <= unhex(k.value ->> 'a')
			ORDER BY prefix DESC, bits DESC LIMIT 1)
		FROM json_each(?) k
		UNION ALL
		SELECT up.i, n.parent FROM up JOIN networks n ON n.id = up.id WHERE n.parent IS NOT NULL)
	SELECT up.i, n.id, n.prefix, n.bits, n.country, n.name, n.server, n.answered_at
	FROM up JOIN networks n ON n.id = up.id`

// networksAround calls yield with every known network that contains an address, and the index of that address in addrs.
func networksAround(ctx context.Context, db querier, addrs []netip.Addr, yield func(i int, n Network)) error {
	type key struct {
		Length int    `json:"n"`
		Bytes  string `json:"a"`
	}
	keys := make([]key, len(addrs))
	for i, a := range addrs {
		b := a.Unmap().AsSlice()
		keys[i] = key{len(b), hex.EncodeToString(b)}
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	rows, err := db.QueryContext(ctx, networksAroundQuery, string(list))
	if err != nil {
		return err
	}
	_, err = collect(rows, func(rows *sql.Rows) (n Network, err error) {
		var i, bits int
		var first []byte
		var at int64
		if err := rows.Scan(&i, &n.ID, &first, &bits, &n.Country, &n.Name, &n.Server, &at); err != nil {
			return n, err
		}
		n.Prefix, n.AnsweredAt = prefixOf(first, bits), time.Unix(at, 0)
		if n.Prefix.Contains(addrs[i].Unmap().WithZone("")) {
			yield(i, n)
		}
		return n, nil
	})
	return err
}

// saveNetwork inserts or updates the network, and returns its id and whether an update changed its country.
func saveNetwork(ctx context.Context, tx *sql.Tx, n Network) (id int64, changed bool, err error) {
	p := n.Prefix.Masked()
	first := p.Addr().AsSlice()
	var country Country
	err = tx.QueryRowContext(ctx,
		"SELECT id, country FROM networks WHERE length(prefix) = ? AND prefix = ? AND bits = ?",
		len(first), first, p.Bits()).Scan(&id, &country)
	if errors.Is(err, sql.ErrNoRows) {
		id, err = insertNetwork(ctx, tx, p, n)
		return id, false, err
	}
	if err != nil {
		return 0, false, err
	}
	_, err = tx.ExecContext(ctx, "UPDATE networks SET country = ?, name = ?, server = ?, answered_at = ? WHERE id = ?",
		n.Country, n.Name, n.Server, n.AnsweredAt.Unix(), id)
	return id, country != n.Country, err
}

// insertNetwork inserts a network between the one around it and those within it.
func insertNetwork(ctx context.Context, tx *sql.Tx, p netip.Prefix, n Network) (id int64, err error) {
	var parent Network
	err = networksAround(ctx, tx, []netip.Addr{p.Addr()}, func(_ int, n Network) {
		if n.Prefix.Bits() < p.Bits() && n.Prefix.Bits() >= parent.Prefix.Bits() {
			parent = n
		}
	})
	if err != nil {
		return 0, err
	}
	first := p.Addr().AsSlice()
	outer := sql.Null[int64]{V: parent.ID, Valid: parent.ID != 0}
	err = tx.QueryRowContext(ctx, `INSERT INTO networks (prefix, bits, country, name, server, answered_at, parent)
		VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		first, p.Bits(), n.Country, n.Name, n.Server, n.AnsweredAt.Unix(), outer).Scan(&id)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE networks SET parent = ?
		WHERE length(prefix) = ? AND prefix BETWEEN ? AND ? AND bits > ? AND parent IS ?`,
		id, len(first), first, lastAddress(p), p.Bits(), outer)
	return id, err
}

// lastAddress is the last address of a network, as bytes.
func lastAddress(p netip.Prefix) []byte {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return b
}

// prefixOf makes a prefix from the columns prefix and bits; the zero Prefix from NULL.
func prefixOf(first []byte, bits int) netip.Prefix {
	a, ok := netip.AddrFromSlice(first)
	if !ok {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(a, bits)
}

// cidr is prefixOf as text, "" for NULL.
func cidr(first []byte, bits int) string {
	if p := prefixOf(first, bits); p.IsValid() {
		return p.String()
	}
	return ""
}
