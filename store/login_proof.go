package store

import (
	"context"
	"database/sql"
	"time"
)

// Proof is what logins say about bans of friends.
type Proof struct {
	Bans          int64 // of friends
	Wrong         int64 // of these, proven wrong: Before or After, or both
	Before, After int64
}

// ProvenWrong returns, by jail, which bans of friends in the window are proven wrong: of those n friendly addresses
// that were banned for the first time most recently, their latest limit bans.
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
