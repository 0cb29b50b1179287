package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// markLoggedIn makes the addresses of bans friendly from which somebody logged in within Friends.Logins before the ban.
// The bans are not counted yet; earlier ones are counted anew.
func markLoggedIn(ctx context.Context, tx *sql.Tx, rows []banRow) error {
	f, err := loadFriends(ctx, tx)
	if err != nil || f.Logins == 0 || len(rows) == 0 {
		return err
	}
	known, err := loginNetworks(ctx, tx, rows, int64(f.Logins/time.Second))
	if err != nil || len(known) == 0 {
		return err
	}
	marked := map[int64]bool{}
	var moved []reclassified
	for i := range rows {
		r := &rows[i]
		low, high, ok := loginRange(r.Address)
		if !ok || r.friendly || marked[r.address] || low == high && !known[low] {
			continue
		}
		var friend bool
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM logins WHERE network BETWEEN ?1 AND ?2
			AND length(network) = length(?1) AND hour BETWEEN ?3 - ?3 % 3600 AND ?4 AND first < ?4 AND last >= ?3)`,
			[]byte(low), []byte(high), r.time-int64(f.Logins/time.Second), r.time).Scan(&friend)
		if err != nil {
			return err
		}
		if friend {
			marked[r.address] = true
			moved = append(moved, reclassified{r.address, r.class, class{r.country, true, r.asn}})
		}
	}
	for i := range rows {
		rows[i].friendly = rows[i].friendly || marked[rows[i].address]
	}
	return befriendAll(ctx, tx, moved)
}

// loginNetworks returns the networks from which somebody logged in so shortly before the bans, in seconds.
func loginNetworks(ctx context.Context, tx *sql.Tx, rows []banRow, back int64) (map[string]bool, error) {
	first, last := rows[0].time, rows[0].time
	for i := range rows {
		first, last = min(first, rows[i].time), max(last, rows[i].time)
	}
	const few = 100 // for which it is quicker to look each of them up
	if len(rows) <= few {
		all := map[string]bool{}
		for i := range rows {
			if low, _, ok := loginRange(rows[i].Address); ok {
				all[low] = true
			}
		}
		return all, nil
	}
	found, err := tx.QueryContext(ctx, "SELECT DISTINCT network FROM logins WHERE hour BETWEEN ? AND ?",
		floor(first-back, hourSeconds), last)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	_, err = collect(found, func(rows *sql.Rows) (none struct{}, err error) {
		var network []byte
		err = rows.Scan(&network)
		all[string(network)] = true
		return none, err
	})
	return all, err
}

// befriendAll makes addresses friendly for their logins, and counts their bans anew.
func befriendAll(ctx context.Context, tx *sql.Tx, moved []reclassified) error {
	if len(moved) == 0 {
		return nil
	}
	ids := make([]int64, len(moved))
	for i, m := range moved {
		ids[i] = m.id
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE addresses SET logged_in = 1, friendly = 1
		WHERE id IN (SELECT value FROM json_each(?))`, string(list))
	if err != nil {
		return err
	}
	return recount(ctx, tx, moved)
}

// befriend makes the addresses of bans friendly that were read before these logins and came after them. Those that are
// news, from that time on, become undecided again, unless they have been alerted. It returns their number.
func befriend(ctx context.Context, tx *sql.Tx, logins []loginHour, newsSince int64) (reopened int64, err error) {
	f, err := loadFriends(ctx, tx)
	if err != nil || f.Logins == 0 {
		return 0, err
	}
	within := int64(f.Logins / time.Second)
	var moved []reclassified
	for len(logins) > 0 {
		n := 0
		first, last := logins[0].first, logins[0].last
		for ; n < len(logins) && logins[n].network == logins[0].network; n++ {
			first, last = min(first, logins[n].first), max(last, logins[n].last)
		}
		network := logins[0].network
		logins = logins[n:]
		addresses, err := addressesIn(ctx, tx, network)
		if err != nil {
			return 0, err
		}
		for _, a := range addresses {
			if a.from.friendly && !a.loggedIn {
				continue // a friend anyway
			}
			bans, err := bansAfterLogins(ctx, tx, a.id, network, first, last, within)
			if err != nil {
				return 0, err
			}
			if len(bans) == 0 {
				continue
			}
			if !a.from.friendly {
				a.to = class{a.from.country, true, a.from.asn}
				moved = append(moved, a.reclassified)
			}
			again, err := reopenBans(ctx, tx, bans, newsSince)
			if err != nil {
				return 0, err
			}
			reopened += again
		}
	}
	return reopened, befriendAll(ctx, tx, moved)
}

// loginAddress is an address that was banned, and may become friendly.
type loginAddress struct {
	reclassified
	loggedIn bool
}

// addressesIn returns the addresses of the network that were banned.
func addressesIn(ctx context.Context, tx *sql.Tx, network string) (all []loginAddress, err error) {
	raw := []byte(network)
	const columns = "SELECT id, text, country, friendly, asn, logged_in FROM addresses WHERE "
	var rows *sql.Rows
	if a, ok := netip.AddrFromSlice(raw); ok {
		rows, err = tx.QueryContext(ctx, columns+"text = ?", a.String())
	} else { // texts of a /64 begin in one of two ways: with what is not zero behind it, and with a run of zeros
		var zero, ones [16]byte
		copy(zero[:], raw)
		copy(ones[:], network+"\xff\xff\xff\xff\xff\xff\xff\xff")
		short := netip.AddrFrom16(zero).String()
		long := strings.TrimSuffix(netip.AddrFrom16(ones).String(), "ffff:ffff:ffff:ffff")
		rows, err = tx.QueryContext(ctx, columns+"text >= ?1 AND text < ?1 || 'g' OR text >= ?2 AND text < ?2 || 'g'",
			short, long)
	}
	if err != nil {
		return nil, err
	}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var l loginAddress
		var text string
		err = rows.Scan(&l.id, &text, &l.from.country, &l.from.friendly, &l.from.asn, &l.loggedIn)
		if a, bad := netip.ParseAddr(text); bad == nil && keyOf(a).network == network {
			all = append(all, l)
		}
		return none, err
	})
	return all, err
}

// bansAfterLogins returns the bans of the address that came after logins from the network, within so many seconds. Of
// the bans, only those are looked at that could follow a login between first and last.
func bansAfterLogins(
	ctx context.Context, tx *sql.Tx, address int64, network string, first, last, within int64,
) ([]int64, error) {
	rows, err := tx.QueryContext(ctx, `SELECT b.id FROM bans b
		WHERE (b.period, b.address_id) IN (SELECT period, ?1 FROM periods WHERE period BETWEEN ?3 >> 21 AND (?4 + ?5) >> 21)
			AND b.time > ?3 AND b.time <= ?4 + ?5
			AND EXISTS (SELECT 1 FROM logins l WHERE l.network = ?2 AND l.hour BETWEEN (b.time - ?5) / 3600 * 3600 AND b.time
				AND l.first < b.time AND l.last >= b.time - ?5)`,
		address, []byte(network), first, last, within)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[int64])
}

// reopenBans makes those of the bans undecided again that are news, and have not been alerted. It counts those too that
// are undecided: whoever is deciding on them must look again.
func reopenBans(ctx context.Context, tx *sql.Tx, bans []int64, newsSince int64) (int64, error) {
	list, err := json.Marshal(bans)
	if err != nil {
		return 0, err
	}
	result, err := tx.ExecContext(ctx, fmt.Sprintf(`UPDATE bans SET state = %d
		WHERE id IN (SELECT value FROM json_each(?)) AND state <> %d AND time >= ?
			AND NOT EXISTS (SELECT 1 FROM notices WHERE ban_id = bans.id)`,
		stateUndecided, stateHistory), string(list), newsSince)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// setLoggedIn finds out anew which addresses logged in before a ban, for friends that have changed.
func setLoggedIn(ctx context.Context, tx *sql.Tx, f Friends) error {
	if _, err := tx.ExecContext(ctx, "UPDATE addresses SET logged_in = 0 WHERE logged_in = 1"); err != nil || f.Logins == 0 {
		return err
	}
	rows, err := tx.QueryContext(ctx, "SELECT network, min(first), max(last) FROM logins GROUP BY network")
	if err != nil {
		return err
	}
	type span struct {
		network     []byte
		first, last int64
	}
	all, err := collect(rows, func(rows *sql.Rows) (s span, err error) {
		err = rows.Scan(&s.network, &s.first, &s.last)
		return s, err
	})
	if err != nil {
		return err
	}
	var friends []int64
	for _, s := range all {
		addresses, err := addressesIn(ctx, tx, string(s.network))
		if err != nil {
			return err
		}
		for _, a := range addresses {
			bans, err := bansAfterLogins(ctx, tx, a.id, string(s.network), s.first, s.last, int64(f.Logins/time.Second))
			if err != nil {
				return err
			}
			if len(bans) > 0 {
				friends = append(friends, a.id)
			}
		}
	}
	list, err := json.Marshal(friends)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE addresses SET logged_in = 1 WHERE id IN (SELECT value FROM json_each(?))", string(list))
	return err
}
