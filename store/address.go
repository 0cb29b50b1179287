package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"net/netip"
	"strings"
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

// Place says what the offline table holds of what was banned. The ID is the caller's to fill in.
type Place func(text string) (Located, error)

// known is the row of an address, and how its bans are counted.
type known struct {
	id int64
	class
}

// addressesOf returns the row of every address that the bans name. New ones are placed, if there is somebody to do so.
func addressesOf(ctx context.Context, tx *sql.Tx, b Batch) (map[string]known, error) {
	if b.addresses == nil {
		b.Prepare()
	}
	all := make(map[string]known, len(b.addresses))
	fresh, err := lookUp(ctx, tx, b.addresses, all)
	if err != nil || len(fresh) == 0 {
		return all, err
	}
	return all, addAddresses(ctx, tx, fresh, b.Place, all)
}

// lookUp fills in the addresses that there are rows of, and returns those without. All come in one answer, which is
// cheaper than rows.
func lookUp(ctx context.Context, tx *sql.Tx, texts []string, all map[string]known) (missing []string, err error) {
	list, err := json.Marshal(texts)
	if err != nil {
		return nil, err
	}
	var numbers []byte
	var countries string
	// The number is the id and, in its lowest bit, whether the address is friendly.
	err = tx.QueryRowContext(ctx, `SELECT json_group_array(coalesce(2 * a.id + a.friendly, 0)), group_concat(coalesce(a.country, ''))
		FROM json_each(?) j LEFT JOIN addresses a ON a.text = j.value`, string(list)).Scan(&numbers, &countries)
	if err != nil {
		return nil, err
	}
	var ids []int64
	if err := json.Unmarshal(numbers, &ids); err != nil {
		return nil, err
	}
	country := strings.Split(countries, ",")
	for i, text := range texts {
		if ids[i] == 0 {
			missing = append(missing, text)
			continue
		}
		all[text] = known{ids[i] / 2, class{Country(country[i]), ids[i]%2 == 1}}
	}
	return missing, nil
}

// addAddresses makes rows of addresses that are new, and fills them in.
func addAddresses(ctx context.Context, tx *sql.Tx, texts []string, place Place, all map[string]known) error {
	judge, err := newJudge(ctx, tx)
	if err != nil {
		return err
	}
	var args []any
	return inChunks(ctx, tx, texts, "INSERT OR FAIL INTO addresses (text, public, table_country, server, friendly) VALUES %s", "(?,?,?,?,?)",
		func(statement *sql.Stmt, texts []string) error {
			args = args[:0]
			for _, text := range texts {
				if place == nil {
					args = append(args, text, nil, nil, "", 0)
					continue
				}
				located, err := place(text)
				if err != nil {
					return err
				}
				p := judge.place(text, "", located)
				args = append(args, text, p.Public, p.Country, p.Server, p.Friendly)
				all[text] = known{class: class{p.Country, p.Friendly == 1}}
			}
			result, err := statement.ExecContext(ctx, args...)
			if err != nil {
				return err
			}
			last, err := result.LastInsertId()
			for i, text := range texts { // which are the only ones who write
				all[text] = known{last - int64(len(texts)-1-i), all[text].class}
			}
			return err
		})
}

// placement is a row of addresses as the table places it.
type placement struct {
	ID       int64   `json:"id"`
	Public   int     `json:"public"`
	Country  Country `json:"country"`
	Server   string  `json:"server"`
	Friendly int     `json:"friendly"`
}

// judge says who is friendly, and who is to be asked.
type judge struct {
	friends Friends
	routes  routes
}

func newJudge(ctx context.Context, tx *sql.Tx) (j judge, err error) {
	if j.friends, err = friends(ctx, tx); err != nil {
		return j, err
	}
	j.routes, err = newRoutes(ctx, tx)
	return j, err
}

func (j judge) place(text string, whois Country, l Located) placement {
	p := placement{ID: l.ID, Country: l.Country}
	if a, err := netip.ParseAddr(text); err == nil && l.Public {
		p.Public, p.Server = 1, j.routes.of(a)
	}
	if j.friends.Has(text, l.Country, whois) {
		p.Friendly = 1
	}
	return p
}

// Locate keeps the table's words, marks friends by them, counts their bans accordingly, and notes whom whois is to ask
// for the public addresses.
func (s *Store) Locate(ctx context.Context, all []Located) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		places, moves, err := places(ctx, tx, all)
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
		if err != nil {
			return err
		}
		return recountMoved(ctx, tx, moves)
	})
}

// places says how the rows of the addresses are to be, and who moves by that.
func places(ctx context.Context, tx *sql.Tx, all []Located) (places []placement, moves []moved, err error) {
	judge, err := newJudge(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	words := make(map[int64]Located, len(all))
	ids := make([]int64, 0, len(all))
	for _, l := range all {
		words[l.ID] = l
		ids = append(ids, l.ID)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, nil, err
	}
	rows, err := tx.QueryContext(ctx, `SELECT id, text, coalesce(whois_country, ''), country, friendly FROM addresses
		WHERE id IN (SELECT value FROM json_each(?))`, string(list))
	if err != nil {
		return nil, nil, err
	}
	places, err = collect(rows, func(rows *sql.Rows) (p placement, err error) {
		var text string
		var whois Country
		m := moved{}
		if err := rows.Scan(&m.id, &text, &whois, &m.from.country, &m.from.friendly); err != nil {
			return p, err
		}
		p = judge.place(text, whois, words[m.id])
		m.to = class{cmp.Or(whois, p.Country), p.Friendly == 1}
		moves = append(moves, m)
		return p, nil
	})
	return places, moves, err
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
			a.asks, a.ask_after, (SELECT count(*) FROM periods CROSS JOIN bans USING (period) WHERE address_id = a.id), coalesce(n.id, 0), n.prefix, coalesce(n.bits, 0),
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
