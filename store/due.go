package store

import (
	"context"
	"database/sql"
	"time"
)

const (
	ofChat      = "n.platform = ?1 AND n.chat = ?2 AND "
	unsent      = "n.sent_at IS NULL AND n.dead_at IS NULL"
	noticesOpen = "SELECT n.id, n.key, n.body, n.created_at, n.nonce, n.maybe_sent, n.alone, n.uploads FROM notices n " +
		"WHERE " + ofChat + unsent + " AND n.claimed_at IS NULL AND "

	// inWords are notices without a picture. Those that continue one with a picture, under a key below its own, wait
	// until it has been sent, which becomes words before long.
	inWords = `n.uploads = 0 AND NOT EXISTS (SELECT 1 FROM notices p WHERE p.platform = n.platform AND p.chat = n.chat
		AND p.uploads > 0 AND p.sent_at IS NULL AND p.dead_at IS NULL AND substr(n.key, 1, length(p.key) + 1) = p.key || '/')`
)

// Due returns up to limit of the chat's oldest unsent notices that are sent in words; none while the chat is held.
func (s *Store) Due(ctx context.Context, chat Chat, now time.Time, limit int) ([]Notice, error) {
	return s.due(ctx, chat, now, noticesOpen+inWords+" ORDER BY n.id LIMIT ?3", limit)
}

// DuePicture returns the chat's oldest unsent notice that is sent with its picture, if any; none while the chat is held
// or has words to be sent.
func (s *Store) DuePicture(ctx context.Context, chat Chat, now time.Time) ([]Notice, error) {
	return s.due(ctx, chat, now, noticesOpen+"n.uploads > 0 AND NOT EXISTS (SELECT 1 FROM notices n WHERE "+
		ofChat+unsent+" AND "+inWords+") ORDER BY n.id LIMIT 1")
}

func (s *Store) due(ctx context.Context, chat Chat, now time.Time, query string, args ...any) ([]Notice, error) {
	held, err := s.HeldFor(ctx, chat, now)
	if err != nil || held > 0 {
		return nil, err
	}
	rows, err := s.r.QueryContext(ctx, query, append([]any{chat.Platform, chat.ID}, args...)...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (Notice, error) {
		n := Notice{Chat: chat}
		var created int64
		err := rows.Scan(&n.ID, &n.Key, &n.Body, &created, &n.Nonce, &n.MaybeSent, &n.Alone, &n.Uploads)
		n.CreatedAt = time.Unix(created, 0)
		return n, err
	})
}
