package store

import (
	"context"
	"time"
)

// Reading says in which zones the local times of a source were read, so that its bans are recognized after a change.
type Reading struct {
	Zone    string `json:"zone"`              // of now
	Earlier []Span `json:"earlier,omitempty"` // the oldest first
}

// Span are the bans that were read in another zone: those up to an id.
type Span struct {
	Zone string `json:"zone"`
	UpTo int64  `json:"up_to"`

	// Time turns the time of a ban as it is read now into that as it was read then.
	Time func(time.Time) time.Time `json:"-"`
}

// LastBan returns the highest id of a ban.
func (s *Store) LastBan(ctx context.Context) (id int64, err error) {
	err = s.r.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM bans").Scan(&id)
	return id, err
}

// reading is a way in which a ban may have been read: its key, and the ids that it may have.
type reading struct {
	banKey
	after, upTo int64
}

// readings returns the ways in which a ban may have been read before, the oldest first. A ban whose line gave its zone
// was always read as it is now.
func (b *Batch) readings(r *banRow) []reading {
	const all = 1<<63 - 1
	if !r.Local || len(b.Earlier) == 0 {
		return []reading{{r.banKey, 0, all}}
	}
	var ways []reading
	after := int64(0)
	for _, s := range b.Earlier {
		k := r.banKey
		k.time = s.Time(r.Time).Unix()
		ways = append(ways, reading{k, after, s.UpTo})
		after = s.UpTo
	}
	return append(ways, reading{r.banKey, after, all})
}
