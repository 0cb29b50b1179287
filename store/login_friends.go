package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// LoginSeen is a login from the address of a ban; the zero one is none.
type LoginSeen struct {
	At      time.Time
	Service string
	Near    bool // not from the address itself, but from its /64, or from the network that was banned
}

// Logins are the logins from a ban's address that say most about the ban.
type Logins struct {
	Before LoginSeen // the latest before the ban, by more than Amid
	Amid   LoginSeen // the latest in the time Amid before the ban: among the failures, as far as anybody knows
	After  LoginSeen // the first since the ban, until AfterEnd after its end
}

// Amid is how long before a ban a login may have been one of the attempts that led to it: with the longest findtime that
// is usual. AfterEnd is how long after the end of a ban a login says that it was wrong, and BeforeBan how long before it.
const (
	Amid      = time.Hour
	AfterEnd  = 24 * time.Hour
	BeforeBan = 7 * 24 * time.Hour
)

// Latest is the latest login before the ban.
func (l Logins) Latest() LoginSeen {
	if l.Amid.At.IsZero() {
		return l.Before
	}
	return l.Amid
}

// Friend reports whether somebody logged in before a ban of that time, within so long.
func (l Logins) Friend(ban time.Time, within time.Duration) bool {
	latest := l.Latest().At
	return !latest.IsZero() && ban.Sub(latest) <= within
}

// Prove reports whether the logins prove a ban of that time wrong, as far as logins can.
func (l Logins) Prove(ban time.Time) bool {
	latest := l.Latest().At
	return !l.After.At.IsZero() || !latest.IsZero() && ban.Sub(latest) <= BeforeBan
}

// End is when the ban ended or will end, as far as its source says; otherwise it is its beginning.
func (b Ban) End() time.Time {
	return b.Time.Add(max(0, time.Duration(b.BanTime)*time.Second))
}

// LoginsOf returns the logins from the ban's address, those before the ban at most back. It is one query, which reads
// some rows of an index.
func (s *Store) LoginsOf(ctx context.Context, b Ban, back time.Duration) (Logins, error) {
	one := []EnrichedBan{{Ban: b}}
	err := s.RecallLogins(ctx, one, back)
	return one[0].Logins, err
}

// loginSpan is where logins are looked for, as JSON: networks in hexadecimal, times in unix seconds.
type loginSpan struct {
	Low   string `json:"low"`
	High  string `json:"high"`
	Since int64  `json:"since"`
	Amid  int64  `json:"amid"`
	Ban   int64  `json:"ban"`
	Until int64  `json:"until"`

	ban *EnrichedBan
}

// RecallLogins fills in the logins from the addresses of bans, as LoginsOf returns them. It is one query, and another one
// if networks were banned.
func (s *Store) RecallLogins(ctx context.Context, bans []EnrichedBan, back time.Duration) error {
	var addresses, networks []loginSpan
	for i := range bans {
		b := &bans[i]
		b.Logins = Logins{}
		low, high, ok := loginRange(b.Address)
		span := loginSpan{
			hex.EncodeToString([]byte(low)), hex.EncodeToString([]byte(high)), b.Time.Add(-back).Unix(),
			b.Time.Add(-Amid).Unix(), b.Time.Unix(), b.End().Add(AfterEnd).Unix(), b,
		}
		switch {
		case !ok:
		case low == high:
			addresses = append(addresses, span)
		default:
			networks = append(networks, span)
		}
	}
	const one = "network = low"
	const some = "network BETWEEN low AND high AND length(network) = length(low)"
	return cmp.Or(s.recallLogins(ctx, addresses, one), s.recallLogins(ctx, networks, some))
}

// recallLogins fills in the logins of bans whose networks fulfil the condition.
func (s *Store) recallLogins(ctx context.Context, spans []loginSpan, network string) error {
	if len(spans) == 0 {
		return nil
	}
	list, err := json.Marshal(spans)
	if err != nil {
		return err
	}
	// The last login before a moment is in the last hour that begins before it, and so is the first one since a moment.
	last := func(from, before string) string {
		return fmt.Sprintf(`(SELECT json_array(at, service, hex(host)) FROM
			(SELECT iif(last < %[3]s, last, first) AS at, service, host FROM logins
				WHERE %[1]s AND hour BETWEEN %[2]s - %[2]s %% 3600 AND %[3]s AND first < %[3]s ORDER BY hour DESC, at DESC LIMIT 1)
			WHERE at >= %[2]s)`, network, from, before)
	}
	rows, err := s.r.QueryContext(ctx, fmt.Sprintf(`WITH spans AS MATERIALIZED (SELECT key AS nth,
				unhex(value ->> 'low') AS low, unhex(value ->> 'high') AS high, value ->> 'since' AS since,
				value ->> 'amid' AS amid, value ->> 'ban' AS ban, value ->> 'until' AS until
			FROM json_each(?) WHERE EXISTS (SELECT 1 FROM logins)),
		found AS MATERIALIZED (SELECT nth, %[2]s AS before, %[3]s AS amidst,
			(SELECT json_array(at, service, hex(host)) FROM
				(SELECT iif(first >= ban, first, last) AS at, service, host FROM logins
					WHERE %[1]s AND hour BETWEEN ban - ban %% 3600 AND until AND last >= ban ORDER BY hour, at LIMIT 1)
				WHERE at <= until) AS since FROM spans)
		SELECT nth, before, amidst, since FROM found WHERE coalesce(before, amidst, since) IS NOT NULL`,
		network, last("since", "amid"), last("amid", "ban")), string(list))
	if err != nil {
		return fmt.Errorf("logins near bans: %w", err)
	}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var i int
		var found [3]sql.NullString
		if err := rows.Scan(&i, &found[0], &found[1], &found[2]); err != nil {
			return none, err
		}
		b := spans[i].ban
		for n, into := range []*LoginSeen{&b.Logins.Before, &b.Logins.Amid, &b.Logins.After} {
			if found[n].Valid {
				err = cmp.Or(err, into.scan(found[n].String, b.Address))
			}
		}
		return none, err
	})
	return err
}

// scan reads a login that was found near the ban of an address: [unix seconds, service, host in hexadecimal].
func (l *LoginSeen) scan(text, address string) error {
	var unix int64
	var host string
	if err := json.Unmarshal([]byte(text), &[]any{&unix, &l.Service, &host}); err != nil {
		return err
	}
	from, err := hex.DecodeString(host)
	l.At, l.Near = time.Unix(unix, 0), true
	if a, bad := netip.ParseAddr(address); bad == nil {
		l.Near = string(from) != keyOf(a).host
	}
	return err
}

// loginRange returns the lowest and the highest network of the logins from an address, or from a network that was
// banned.
func loginRange(text string) (low, high string, ok bool) {
	p, ok := parsePrefix(text)
	if !ok {
		return "", "", false
	}
	raw := p.Addr().AsSlice()
	last := slices.Clone(raw)
	for bit := p.Bits(); bit < len(last)*8; bit++ {
		last[bit/8] |= 1 << (7 - bit%8)
	}
	n := min(len(raw), 8)
	return string(raw[:n]), string(last[:n]), true
}

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

// Proof is what logins say about bans of friends.
type Proof struct {
	Bans          int64 // of friends
	Wrong         int64 // of these, proven wrong: Before or After, or both
	Before, After int64
}

// ProvenWrong returns, by jail, which bans of friends in the window are proven wrong: of those n friendly addresses that
// were banned for the first time most recently, their latest limit bans.
func (s *Store) ProvenWrong(ctx context.Context, w Window, n, limit int) (map[string]Proof, error) {
	var some bool
	err := s.r.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM logins)").Scan(&some)
	if err != nil || !some {
		return nil, err
	}
	rows, err := s.r.QueryContext(ctx, `SELECT j.name, a.text, b.time, b.ban_time
		FROM (SELECT id, text FROM addresses WHERE friendly = 1 ORDER BY id DESC LIMIT ?4) a
			CROSS JOIN periods p CROSS JOIN bans b ON b.period = p.period AND b.address_id = a.id
			JOIN jails j ON j.id = b.jail_id
		WHERE p.period BETWEEN ?1 >> 21 AND ?2 >> 21 AND b.time >= ?1 AND b.time < ?2
		ORDER BY b.time DESC LIMIT ?3`, w.from(), w.to(), limit, n)
	if err != nil {
		return nil, err
	}
	bans, err := collect(rows, func(rows *sql.Rows) (b EnrichedBan, err error) {
		var at int64
		err = rows.Scan(&b.Jail, &b.Address, &at, &b.BanTime)
		b.Time = time.Unix(at, 0)
		return b, err
	})
	if err == nil {
		err = s.RecallLogins(ctx, bans, BeforeBan)
	}
	if err != nil {
		return nil, err
	}
	proofs := map[string]Proof{}
	for _, b := range bans {
		l := b.Logins
		p := proofs[b.Jail]
		p.Bans++
		if l.Prove(b.Time) {
			p.Wrong++
		}
		if !l.Latest().At.IsZero() {
			p.Before++
		}
		if !l.After.At.IsZero() {
			p.After++
		}
		proofs[b.Jail] = p
	}
	return proofs, nil
}
