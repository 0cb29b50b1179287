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

// Amid is how long before a ban a login may have been one of the attempts that led to it: with the longest findtime
// that is usual. AfterEnd is how long after the end of a ban a login says that it was wrong, and BeforeBan how long
// before it.
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

// RecallLogins fills in the logins from the addresses of bans, as LoginsOf returns them. It is one query, and another
// one if networks were banned.
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
