package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Position is a position in the tables that only grow: the ids of the last ban and the last notice.
type Position struct{ Ban, Notice int64 }

// Position returns the current position.
func (s *Store) Position(ctx context.Context) (p Position, err error) {
	err = s.r.QueryRowContext(ctx, `SELECT (SELECT coalesce(max(id), 0) FROM bans),
		(SELECT coalesce(max(id), 0) FROM notices)`).Scan(&p.Ban, &p.Notice)
	return p, err
}

// JailCount is the number of bans by one jail of one source.
type JailCount struct {
	Source, Jail string
	Bans         int64
}

// NewsBetween counts the bans after one position, up to a later one, that were news when they were read.
func (s *Store) NewsBetween(ctx context.Context, from, to Position) ([]JailCount, error) {
	return s.jailCounts(ctx, fmt.Sprintf(`SELECT s.name, j.name, count(*) FROM bans b
			JOIN sources s ON s.id = b.source_id JOIN jails j ON j.id = b.jail_id
		WHERE b.id > ? AND b.id <= ? AND b.state <> %d GROUP BY s.id, j.id ORDER BY min(b.id)`, stateHistory),
		from.Ban, to.Ban)
}

// AlertsBetween counts the bans for which alerts were posted after one position, up to a later one. Each counts once,
// however many chats there are.
func (s *Store) AlertsBetween(ctx context.Context, from, to Position) ([]JailCount, error) {
	return s.jailCounts(ctx, `SELECT s.name, j.name, count(DISTINCT b.id) FROM notices n
			JOIN bans b ON b.id = n.ban_id
			JOIN sources s ON s.id = b.source_id JOIN jails j ON j.id = b.jail_id
		WHERE n.id > ? AND n.id <= ? AND n.ban_id > 0 GROUP BY s.id, j.id ORDER BY min(b.id)`,
		from.Notice, to.Notice)
}

func (s *Store) jailCounts(ctx context.Context, query string, args ...any) ([]JailCount, error) {
	rows, err := s.r.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (c JailCount, err error) {
		err = rows.Scan(&c.Source, &c.Jail, &c.Bans)
		return c, err
	})
}

// Delivered is the number of notices of one kind for one chat. The kind is the part of their keys before the first
// slash.
type Delivered struct {
	Chat    Chat
	Kind    string
	Notices int64
}

// PostedBetween counts the notices posted after one position, up to a later one.
func (s *Store) PostedBetween(ctx context.Context, from, to Position) ([]Delivered, error) {
	return s.delivered(ctx, "WHERE id > ? AND id <= ?", from.Notice, to.Notice)
}

// SentBetween counts the notices to the chat that were sent, from those with an id greater than after up to the first
// that is still waiting. It also returns the last id it covered: up to that one, nothing will change.
func (s *Store) SentBetween(ctx context.Context, chat Chat, after int64) (all []Delivered, upTo int64, err error) {
	err = s.r.QueryRowContext(ctx, `SELECT coalesce(
			(SELECT min(id) - 1 FROM notices WHERE platform = ? AND chat = ? AND sent_at IS NULL AND dead_at IS NULL),
			(SELECT max(id) FROM notices), 0)`, chat.Platform, chat.ID).Scan(&upTo)
	if err != nil || upTo <= after {
		return nil, after, err
	}
	all, err = s.delivered(ctx, "WHERE id > ? AND id <= ? AND platform = ? AND chat = ? AND sent_at IS NOT NULL",
		after, upTo, chat.Platform, chat.ID)
	return all, upTo, err
}

func (s *Store) delivered(ctx context.Context, where string, args ...any) ([]Delivered, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT platform, chat, substr(key, 1, instr(key, '/') - 1) AS kind, count(*)
		FROM notices `+where+` GROUP BY platform, chat, kind`, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (d Delivered, err error) {
		err = rows.Scan(&d.Chat.Platform, &d.Chat.ID, &d.Kind, &d.Notices)
		return d, err
	})
}
