package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"
)

// noteRelayed keeps when the servers that the bans of a source name were last heard of: its file is of several hosts.
func noteRelayed(ctx context.Context, tx *sql.Tx, relay int64, fresh []banRow) error {
	type heard struct{ bans, latest int64 }
	servers := map[int64]heard{}
	for i := range fresh {
		if r := &fresh[i]; r.source != relay {
			h := servers[r.source]
			servers[r.source] = heard{h.bans + 1, max(h.latest, r.time)}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(servers)) {
		_, err := tx.ExecContext(ctx, `INSERT INTO relayed (source_id, relay_id, bans, latest) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET relay_id = excluded.relay_id, bans = bans + excluded.bans,
				latest = max(latest, excluded.latest)`, id, relay, servers[id].bans, servers[id].latest)
		if err != nil {
			return err
		}
	}
	return nil
}

// Relayed returns the servers that have no source of their own, since their bans are in the file of another, with the
// time of the latest ban of each; those that have had one from a moment on. The other fields are those of a source that
// was never read.
func (s *Store) Relayed(ctx context.Context, since time.Time) ([]SourceStatus, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT server.name, relay.name, relayed.bans, relayed.latest
		FROM relayed JOIN sources server ON server.id = source_id JOIN sources relay ON relay.id = relay_id
		WHERE relayed.latest >= ? ORDER BY server.name`, since.Unix())
	if err != nil {
		return nil, fmt.Errorf("servers of relays: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (st SourceStatus, err error) {
		var latest int64
		err = rows.Scan(&st.Name, &st.Relay, &st.Bans, &latest)
		st.LastBanAt = fromUnix(latest)
		return st, err
	})
}

// CountOn counts the bans of one source in the window, but not their addresses; and not those of servers that are in
// its file.
func (s *Store) CountOn(ctx context.Context, source string, w Window) (c Count, err error) {
	err = s.hoursOf(ctx, source, false, w, func(k rollupRow) {
		c.Bans += k.bans
		c.Friendly += k.friendly
	})
	return c, err
}
