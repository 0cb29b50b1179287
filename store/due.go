package store

import (
	"context"
	"database/sql"
	"time"
)

const (
	ofChat        = "n.platform = ?1 AND n.chat = ?2 AND "
	unsent        = "n.sent_at IS NULL AND n.dead_at IS NULL"
	noticeColumns = "n.id, n.key, n.body, n.created_at, n.nonce, n.maybe_sent, n.alone, n.uploads, n.topic, n.message, " +
		"n.revision, n.edits FROM notices n "
	noticesOpen = "SELECT " + noticeColumns + "WHERE " + ofChat + unsent + " AND n.claimed_at IS NULL AND "

	// inWords are notices without a picture. Those that continue one with a picture, under a key below its own, wait
	// until it has been sent, which becomes words before long.
	inWords = `n.uploads = 0 AND NOT EXISTS (SELECT 1 FROM notices p WHERE p.platform = n.platform AND p.chat = n.chat
		AND p.uploads > 0 AND p.sent_at IS NULL AND p.dead_at IS NULL AND substr(n.key, 1, length(p.key) + 1) = p.key || '/')`
)

// Due returns up to limit of the chat's oldest unsent notices that are sent in words, of those whose keys begin with
// prefix; none while the chat is held.
func (s *Store) Due(ctx context.Context, chat Chat, now time.Time, prefix string, limit int) ([]Notice, error) {
	return s.due(ctx, chat, now, noticesOpen+inWords+
		" AND substr(n.key, 1, length(?3)) = ?3 ORDER BY n.id LIMIT ?4", prefix, limit)
}

// Kindred returns up to limit further notices that are due to the chat and go into one message with n: those of its
// topic behind the one with the id after. They have no Body.
func (s *Store) Kindred(ctx context.Context, n Notice, after int64, limit int) ([]Notice, error) {
	return s.notices(ctx, `SELECT n.id, '', '', n.created_at, '', n.maybe_sent, n.alone, n.uploads, '', '', n.revision,
		n.edits FROM notices n WHERE `+ofChat+unsent+` AND n.claimed_at IS NULL AND `+inWords+` AND n.topic = ?3
		AND n.nonce = ?4 AND n.maybe_sent = ?5 AND n.alone = 0 AND n.id > ?6 ORDER BY n.id LIMIT ?7`,
		n.Chat, n.Topic, n.Nonce, n.MaybeSent, after, limit)
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
	return s.notices(ctx, query, chat, args...)
}

// notices returns notices of the chat, which are the first two arguments of the query.
func (s *Store) notices(ctx context.Context, query string, chat Chat, args ...any) ([]Notice, error) {
	rows, err := s.r.QueryContext(ctx, query, append([]any{chat.Platform, chat.ID}, args...)...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (Notice, error) {
		n := Notice{Chat: chat}
		var created int64
		err := rows.Scan(&n.ID, &n.Key, &n.Body, &created, &n.Nonce, &n.MaybeSent, &n.Alone, &n.Uploads, &n.Topic,
			&n.Message, &n.Revision, &n.Edits)
		n.CreatedAt = time.Unix(created, 0)
		return n, err
	})
}
