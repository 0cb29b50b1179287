package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/netip"
	"time"
)

// Address is what a ban names, by its row.
type Address struct {
	ID   int64
	Text string // a canonical address, or whatever was banned in its place
}

// Located is the offline table's word on an address.
type Located struct {
	ID      int64
	Public  bool    // an address of the public Internet, which has a country and may be asked for
	Country Country // "" where the table has none
}

// Unlocated returns up to n addresses that no table has placed yet, first known first.
func (s *Store) Unlocated(ctx context.Context, n int) ([]Address, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT id, text FROM addresses WHERE public IS NULL ORDER BY id LIMIT ?", n)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (a Address, err error) {
		err = rows.Scan(&a.ID, &a.Text)
		return a, err
	})
}

// place is a row of addresses as Locate writes it.
type place struct {
	ID       int64   `json:"id"`
	Public   int     `json:"public"`
	Country  Country `json:"country"`
	Server   string  `json:"server"`
	Friendly int     `json:"friendly"`
}

// Locate keeps the table's words, marks friends by them, and notes whom whois is to ask for the public addresses.
func (s *Store) Locate(ctx context.Context, all []Located) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		places, err := places(ctx, tx, all)
		if err != nil {
			return err
		}
		list, err := json.Marshal(places)
		if err != nil {
			return err
		}
		// One statement for the whole batch: a call per row costs several times as much.
		_, err = tx.ExecContext(ctx, `UPDATE addresses SET public = v.public, table_country = v.country, server = v.server, friendly = v.friendly
			FROM (SELECT value ->> 'id' AS id, value ->> 'public' AS public, value ->> 'country' AS country,
				value ->> 'server' AS server, value ->> 'friendly' AS friendly FROM json_each(?)) v
			WHERE addresses.id = v.id`, string(list))
		return err
	})
}

func places(ctx context.Context, tx *sql.Tx, all []Located) ([]place, error) {
	f, err := friends(ctx, tx)
	if err != nil {
		return nil, err
	}
	r, err := newRoutes(ctx, tx)
	if err != nil {
		return nil, err
	}
	words := make(map[int64]Located, len(all))
	ids := make([]int64, 0, len(all))
	for _, l := range all {
		words[l.ID] = l
		ids = append(ids, l.ID)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT id, text, coalesce(whois_country, '') FROM addresses WHERE id IN (SELECT value FROM json_each(?))", string(list))
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (p place, err error) {
		var text string
		var whois Country
		if err := rows.Scan(&p.ID, &text, &whois); err != nil {
			return p, err
		}
		l := words[p.ID]
		p.Country = l.Country
		if a, err := netip.ParseAddr(text); err == nil && l.Public {
			p.Public, p.Server = 1, r.of(a)
		}
		if f.Has(text, l.Country, whois) {
			p.Friendly = 1
		}
		return p, nil
	})
}

// UseTable makes the table of this name the one in use: where it was another, all addresses are unlocated again.
// A name holds what tells a table from its next edition.
func (s *Store) UseTable(ctx context.Context, name string) error {
	const key = "store/table"
	if kept, err := s.Value(ctx, key); err != nil || kept == name {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		// The old words are shown until the new ones are there.
		if _, err := tx.ExecContext(ctx, "UPDATE addresses SET public = NULL WHERE public IS NOT NULL"); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, name)
		return err
	})
}

// Known is what is known of one address.
type Known struct {
	ID       int64 // 0: never banned
	Table    Country
	Whois    Country
	Answered bool      // whois has answered
	Network  Network   // whose answer that was
	Asks     int       // questions in vain
	AskAfter time.Time // whois is not asked again before; zero: at any time
	Bans     int
}

// Known returns what is known of an address, the zero Known where it was never banned.
func (s *Store) Known(ctx context.Context, address string) (Known, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT a.id, coalesce(a.table_country, ''), coalesce(a.whois_country, ''), a.whois_at IS NOT NULL,
			a.asks, a.ask_after, (SELECT count(*) FROM bans WHERE address_id = a.id), coalesce(n.id, 0), n.prefix, coalesce(n.bits, 0),
			coalesce(n.country, ''), coalesce(n.name, ''), coalesce(n.server, ''), coalesce(n.answered_at, 0)
		FROM addresses a LEFT JOIN networks n ON n.id = a.network_id WHERE a.text = ?`, address)
	if err != nil {
		return Known{}, err
	}
	all, err := collect(rows, func(rows *sql.Rows) (k Known, err error) {
		var after, at int64
		var first []byte
		var bits int
		err = rows.Scan(&k.ID, &k.Table, &k.Whois, &k.Answered, &k.Asks, &after, &k.Bans,
			&k.Network.ID, &first, &bits, &k.Network.Country, &k.Network.Name, &k.Network.Server, &at)
		k.AskAfter = when(after)
		k.Network.Prefix, k.Network.AnsweredAt = network(first, bits), when(at)
		return k, err
	})
	if err != nil || len(all) == 0 {
		return Known{}, err
	}
	return all[0], nil
}
