package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Address is an address that a ban names, or whatever text stands in its place.
type Address struct {
	ID   int64
	Text string // a canonical address, or the text that was banned instead of one
}

// Located is what the offline table holds about an address.
type Located struct {
	ID      int64
	Public  bool    // an address of the public Internet: it has a country, and whois may be asked about it
	Country Country // "" if the table has none

	ASN    ASN    // of the autonomous system, 0 if the table has none
	Holder string // of the system, "" if the table does not say

	// Others and OtherASNs are the further countries and systems of a network that was banned. It counts as of the
	// first that is friendly.
	Others    []Country
	OtherASNs []ASN
}

// Unlocated returns up to n addresses that have not been looked up in the offline table yet, oldest first.
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

// Place looks up the text of an address in the offline table. It leaves the ID to the caller.
type Place func(text string) (Located, error)

// addressRow is the row of an address, with how its bans are counted.
type addressRow struct {
	id int64
	class
}

// addressesOf returns the row of every address that the bans name. New ones are added, and located by b.Place if it is
// set.
func addressesOf(ctx context.Context, tx *sql.Tx, b Batch) (map[string]addressRow, error) {
	if b.addresses == nil {
		b.Prepare()
	}
	all := make(map[string]addressRow, len(b.addresses))
	fresh, err := existingAddresses(ctx, tx, b.addresses, all)
	if err != nil || len(fresh) == 0 {
		return all, err
	}
	return all, addAddresses(ctx, tx, fresh, b.Place, all)
}

// existingAddresses fills in the addresses that have rows, and returns those that do not. The database returns all of
// them in one row, which is cheaper than a row for each.
func existingAddresses(
	ctx context.Context, tx *sql.Tx, texts []string, all map[string]addressRow,
) (missing []string, err error) {
	list, err := json.Marshal(texts)
	if err != nil {
		return nil, err
	}
	var numbers, systems []byte
	var countries string
	// Each number is the id, shifted left by one, with the friendly flag in its lowest bit.
	err = tx.QueryRowContext(ctx, `SELECT json_group_array(coalesce(2 * a.id + a.friendly, 0)),
			group_concat(coalesce(a.country, '')), json_group_array(coalesce(a.asn, 0))
		FROM json_each(?) j LEFT JOIN addresses a ON a.text = j.value`, string(list)).Scan(&numbers, &countries, &systems)
	if err != nil {
		return nil, err
	}
	var ids []int64
	var asns []ASN
	if err := errors.Join(json.Unmarshal(numbers, &ids), json.Unmarshal(systems, &asns)); err != nil {
		return nil, err
	}
	country := strings.Split(countries, ",")
	for i, text := range texts {
		if ids[i] == 0 {
			missing = append(missing, text)
			continue
		}
		all[text] = addressRow{ids[i] / 2, class{Country(country[i]), ids[i]%2 == 1, asns[i]}}
	}
	return missing, nil
}

// addAddresses inserts the addresses, and fills in their rows.
func addAddresses(ctx context.Context, tx *sql.Tx, texts []string, place Place, all map[string]addressRow) error {
	c, err := newClassifier(ctx, tx)
	if err != nil {
		return err
	}
	var args []any
	held := holders{}
	err = inChunks(ctx, tx, texts,
		"INSERT OR FAIL INTO addresses (text, public, table_country, server, friendly, asn) VALUES %s", "(?,?,?,?,?,?)",
		func(statement *sql.Stmt, texts []string) error {
			args = args[:0]
			for _, text := range texts {
				if place == nil {
					args = append(args, text, nil, nil, "", 0, 0)
					continue
				}
				located, err := place(text)
				if err != nil {
					return err
				}
				p := c.classify(text, "", located)
				held.add(located)
				args = append(args, text, p.Public, p.Country, p.Server, p.Friendly, p.ASN)
				all[text] = addressRow{class: class{p.Country, p.Friendly == 1, p.ASN}}
			}
			result, err := statement.ExecContext(ctx, args...)
			if err != nil {
				return err
			}
			last, err := result.LastInsertId()
			for i, text := range texts { // nobody else inserts meanwhile: the ids are consecutive
				all[text] = addressRow{last - int64(len(texts)-1-i), all[text].class}
			}
			return err
		})
	if err != nil {
		return err
	}
	return held.save(ctx, tx)
}

// holders are those of autonomous systems.
type holders map[ASN]string

func (h holders) add(l Located) {
	if l.ASN != 0 {
		h[l.ASN] = l.Holder
	}
}

// save keeps the holders. It writes nothing of those that are known.
func (h holders) save(ctx context.Context, tx *sql.Tx) error {
	if len(h) == 0 {
		return nil
	}
	list, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO systems (asn, holder) SELECT CAST(key AS INTEGER), value FROM json_each(?)
		WHERE true ON CONFLICT DO UPDATE SET holder = excluded.holder WHERE holder <> excluded.holder`, string(list))
	return err
}

// classified is what a lookup in the offline table changes in a row of addresses.
type classified struct {
	ID       int64   `json:"id"`
	Public   int     `json:"public"`
	Country  Country `json:"country"`
	Server   string  `json:"server"`
	Friendly int     `json:"friendly"`
	ASN      ASN     `json:"asn"`
}

// classifier decides which addresses are friendly, and which whois server to ask about them.
type classifier struct {
	friends Friends
	routes  routes
}

func newClassifier(ctx context.Context, tx *sql.Tx) (c classifier, err error) {
	if c.friends, err = loadFriends(ctx, tx); err != nil {
		return c, err
	}
	c.routes, err = newRoutes(ctx, tx)
	return c, err
}

func (c classifier) classify(text string, whois Country, l Located) classified {
	p := classified{ID: l.ID, Country: l.Country, ASN: l.ASN}
	if a, err := netip.ParseAddr(text); err == nil && l.Public {
		p.Public, p.Server = 1, c.routes.serverFor(a)
	}
	for _, other := range l.Others {
		if !slices.Contains(c.friends.Countries, p.Country) && slices.Contains(c.friends.Countries, other) {
			p.Country = other
		}
	}
	for _, other := range l.OtherASNs {
		if !c.friends.HasASN(p.ASN) && c.friends.HasASN(other) {
			p.ASN = other
		}
	}
	if c.friends.Has(text, p.Country, whois) || c.friends.HasASN(p.ASN) {
		p.Friendly = 1
	}
	return p
}

// Locate stores what the offline table holds, reclassifies the addresses and recounts their bans accordingly, and
// queues public addresses for whois.
func (s *Store) Locate(ctx context.Context, all []Located) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		placed, moved, err := classifyAll(ctx, tx, all)
		if err != nil {
			return err
		}
		list, err := json.Marshal(placed)
		if err != nil {
			return err
		}
		// One statement for the whole batch: a call per row costs several times as much.
		_, err = tx.ExecContext(ctx, `UPDATE addresses
			SET public = v.public, table_country = v.country, server = v.server, friendly = v.friendly, asn = v.asn
			FROM (SELECT value ->> 'id' AS id, value ->> 'public' AS public, value ->> 'country' AS country,
				value ->> 'server' AS server, value ->> 'friendly' AS friendly, value ->> 'asn' AS asn FROM json_each(?)) v
			WHERE addresses.id = v.id`, string(list))
		if err != nil {
			return err
		}
		held := holders{}
		for _, l := range all {
			held.add(l)
		}
		if err := held.save(ctx, tx); err != nil {
			return err
		}
		return recount(ctx, tx, moved)
	})
}

// classifyAll returns the new state of the addresses' rows, and how the counting of their bans changes.
func classifyAll(
	ctx context.Context, tx *sql.Tx, all []Located,
) (placed []classified, moved []reclassified, err error) {
	c, err := newClassifier(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	located := make(map[int64]Located, len(all))
	ids := make([]int64, 0, len(all))
	for _, l := range all {
		located[l.ID] = l
		ids = append(ids, l.ID)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, nil, err
	}
	rows, err := tx.QueryContext(ctx, `SELECT id, text, coalesce(whois_country, ''), country, friendly, asn, logged_in
		FROM addresses WHERE id IN (SELECT value FROM json_each(?))`, string(list))
	if err != nil {
		return nil, nil, err
	}
	placed, err = collect(rows, func(rows *sql.Rows) (p classified, err error) {
		var text string
		var whois Country
		m := reclassified{}
		loggedIn := 0
		if err := rows.Scan(&m.id, &text, &whois, &m.from.country, &m.from.friendly, &m.from.asn, &loggedIn); err != nil {
			return p, err
		}
		p = c.classify(text, whois, located[m.id])
		p.Friendly = max(p.Friendly, loggedIn)
		m.to = class{cmp.Or(whois, p.Country), p.Friendly == 1, p.ASN}
		moved = append(moved, m)
		return p, nil
	})
	return placed, moved, err
}

// UseTable makes the table of this name the one in use. If it was another, all addresses are unlocated again.
// The name differs between editions of a table.
func (s *Store) UseTable(ctx context.Context, name string) error {
	const key = "store/table"
	if current, err := s.Value(ctx, key); err != nil || current == name {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		// The old countries are shown until the new ones are known.
		if _, err := tx.ExecContext(ctx, "UPDATE addresses SET public = NULL WHERE public IS NOT NULL"); err != nil {
			return err
		}
		return setMeta(ctx, tx, key, name)
	})
}

// Known is what is known about one address.
type Known struct {
	ID       int64 // 0: never banned
	Table    Country
	Whois    Country
	Answered bool      // whois has answered
	Network  Network   // the network of that answer
	Asks     int       // queries without an answer
	AskAfter time.Time // whois is not asked again before; zero: at any time
	Bans     int
}

// Known returns what is known about an address, the zero Known if it was never banned.
func (s *Store) Known(ctx context.Context, address string) (Known, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT a.id, coalesce(a.table_country, ''), coalesce(a.whois_country, ''),
			a.whois_at IS NOT NULL, a.asks, a.ask_after,
			(SELECT count(*) FROM periods CROSS JOIN bans USING (period) WHERE address_id = a.id),
			coalesce(n.id, 0), n.prefix, coalesce(n.bits, 0), coalesce(n.country, ''), coalesce(n.name, ''),
			coalesce(n.server, ''), coalesce(n.answered_at, 0)
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
		k.AskAfter = fromUnix(after)
		k.Network.Prefix, k.Network.AnsweredAt = prefixOf(first, bits), fromUnix(at)
		return k, err
	})
	if err != nil || len(all) == 0 {
		return Known{}, err
	}
	return all[0], nil
}
