// Package bot decides what to say, when, to whom and in which words, and makes sure that it arrives.
//
// It reads the database and writes to its outbox; it does not know where bans come from, how countries are found,
// or how to talk to a platform: each platform is a package of its own below this one.
package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Announcer turns bans into alerts: one per friendly ban and chat while it is news, one summary for all history.
type Announcer struct {
	Store    *store.Store
	Chats    []store.Chat
	Words    Words
	Judge    *Judge
	InPlace  func(store.Chat) bool // messages in the chat can be changed; nil: in none
	Patience time.Duration         // how long the ban of no known friend waits for whois to say otherwise; 0: whois is off
	MaxAge   time.Duration         // older bans are history; at most one summary of them is posted in this time
	Next     func()                // called when notices were posted
	Again    func(time.Duration)   // called when a Step is due after that time
	Acting   *Acting               // nil: nobody can act
	Voice    Voice                 // nil: nobody shares it

	seen  map[int64]time.Time // when a ban that waits for whois was first looked at
	rises riseTracker
}

// Step decides what can be decided now. Bans that wait for whois are looked at again by a later Step.
func (a *Announcer) Step(ctx context.Context) error {
	const page = 100 // bounds the memory that a flood takes
	waiting := map[int64]time.Time{}
	for last := int64(0); ; {
		undecided, err := a.Store.Undecided(ctx, last, page)
		if err != nil {
			return fmt.Errorf("announce: %w", err)
		}
		if len(undecided) == 0 {
			break
		}
		last = undecided[len(undecided)-1].ID
		verdict, err := a.decide(ctx, undecided, waiting)
		if err != nil {
			return fmt.Errorf("announce: %w", err)
		}
		if err := a.record(ctx, verdict); err != nil {
			return err
		}
	}
	a.seen = waiting
	if err := a.followUp(ctx); err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	if err := a.retell(ctx); err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	return a.summarise(ctx)
}

// Pending reports whether bans still wait for the table or, within Patience, for whois.
func (a *Announcer) Pending(ctx context.Context) (bool, error) {
	undecided, err := a.Store.Undecided(ctx, 0, 1)
	return len(undecided) > 0, err
}

func (a *Announcer) record(ctx context.Context, v store.Verdict) error {
	if len(v.Decided)+len(v.Waiting) == 0 && v.Told == 0 {
		return nil
	}
	if err := a.Store.Record(ctx, v); err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	if len(v.Notices) > 0 {
		a.Next()
	}
	return nil
}

// decide judges a page of bans. Those that have to wait are noted in waiting.
func (a *Announcer) decide(
	ctx context.Context, undecided []store.EnrichedBan, waiting map[int64]time.Time,
) (v store.Verdict, err error) {
	now := time.Now()
	var risen map[string]string // a line on each jail that is stricter than usual; nil: not looked at yet
	for _, g := range undecided {
		first, ok := a.seen[g.ID]
		if !ok {
			first = now
		}
		if !g.Friendly {
			v.Strangers = append(v.Strangers, g.ID)
		}
		if g.Friendly, err = a.friend(ctx, g); err != nil {
			return v, err
		}
		switch hopeful := g.Public && a.Patience > 0 && !g.Answered; {
		case !g.Located:
			waiting[g.ID] = first
		case g.Friendly:
			if risen == nil {
				if risen, err = a.risenJails(ctx, now); err != nil {
					return v, err
				}
			}
			body, err := a.alert(ctx, g, risen)
			if err != nil {
				return v, err
			}
			told, err := a.flagRepeats(ctx, g, a.post(alertKey(g), body))
			if err != nil {
				return v, err
			}
			v.Decided, v.Notices = append(v.Decided, g.ID), append(v.Notices, told...)
			if hopeful {
				v.FollowUps = append(v.FollowUps, g.ID)
			}
		case hopeful && !g.Asked && now.Sub(first) < a.Patience:
			waiting[g.ID] = first
			a.Again(a.Patience - now.Sub(first))
		case hopeful:
			v.Waiting = append(v.Waiting, g.ID)
		default:
			v.Decided = append(v.Decided, g.ID)
		}
	}
	return v, nil
}

// friend reports whether the ban hits a friend. An address is also friendly because of logins before another ban of it.
func (a *Announcer) friend(ctx context.Context, g store.EnrichedBan) (bool, error) {
	if !g.Friendly || a.Words.Friends.Logins == 0 || a.Words.Friends.Has(g.Address, g.Country, g.Table, g.Whois) {
		return g.Friendly, nil
	}
	err := a.Words.recallLogins(ctx, a.Store, &g)
	return a.Words.friendByLogin(g), err
}

// alerts begins the keys of the notices of alerts.
const alerts = "ban/"

// alertKey is the key of the notices of an alert.
func alertKey(g store.EnrichedBan) string { return alerts + g.Ref() }

// alert is what a friendly ban's notices say.
func (a *Announcer) alert(ctx context.Context, g store.EnrichedBan, risen map[string]string) (Body, error) {
	if err := a.Words.recall(ctx, a.Store, &g); err != nil {
		return Body{}, err
	}
	who, err := a.Judge.verdict(ctx, g)
	return Body{
		Text: a.Words.Alert(g, a.Words.verdict(g.Ban, who), risen[g.Jail]), Ban: a.Words.told(g, who, risen[g.Jail]),
	}, err
}

// risenJails returns, for every jail that is stricter than usual today, the line that says so.
func (a *Announcer) risenJails(ctx context.Context, now time.Time) (map[string]string, error) {
	now = now.In(a.Words.Zone)
	rises, err := a.rises.rises(ctx, a.Store, func(back int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+1-back, 0, 0, 0, 0, now.Location())
	})
	if err != nil || len(rises) == 0 {
		return map[string]string{}, err
	}
	why, err := causes(ctx, a.Store, now.Add(time.Second)) // what happens now is one of them
	lines := map[string]string{}
	for _, r := range rises {
		lines[r.now.Jail] = r.inAlert()
		if c, ok := why[r.now.Jail]; ok {
			lines[r.now.Jail] += "\n" + a.Words.cause(c)
		}
	}
	return lines, err
}

// summarise posts a summary of history once all of it has been read.
func (a *Announcer) summarise(ctx context.Context) error {
	const at = "history/told at"
	h, err := a.Store.History(ctx)
	if err != nil {
		return fmt.Errorf("announce history: %w", err)
	}
	if h.UpTo == 0 || h.Reading {
		return nil
	}
	if v := voiceOr(a.Voice); !v.Speaks() {
		if v.Other() == "" {
			return nil
		}
		return a.record(ctx, store.Verdict{Told: h.UpTo}) // as it was news for the other bot
	}
	now := time.Now()
	last, err := a.Store.Value(ctx, at)
	if err != nil {
		return err
	}
	if t, err := time.Parse(time.RFC3339, last); err == nil && now.Sub(t) < a.MaxAge && !now.Before(t) {
		a.Again(a.MaxAge - now.Sub(t))
		return nil
	}
	if err := a.Store.SetValue(ctx, at, now.UTC().Format(time.RFC3339)); err != nil {
		return err
	}
	text := a.Words.FirstHistory(h, now)
	if last != "" {
		if text, err = a.late(ctx, h, now); err != nil {
			return fmt.Errorf("announce history: %w", err)
		}
	}
	summary := a.post(fmt.Sprintf("history/%d/%d", h.To.Unix(), h.Bans), Body{Text: text, Silent: true})
	return a.record(ctx, store.Verdict{Told: h.UpTo, Notices: summary})
}

// lateNamed is how many late friendly bans are told by name, and lateRead among how many bans they are looked for.
const lateNamed, lateRead = 10, 100_000

// late tells of bans that came too late to be news.
func (a *Announcer) late(ctx context.Context, h store.History, now time.Time) (msg.Text, error) {
	if h.Friendly == 0 || h.Bans > lateRead {
		return a.Words.Late(h, nil, now), nil
	}
	friends, err := a.Store.HistoryFriends(ctx, h, lateNamed)
	return a.Words.Late(h, friends, now), err
}

func (a *Announcer) post(key string, body Body) []store.Notice {
	return notices(a.Chats, key, body, time.Now())
}

// uploads is how many attempts to send a notice carry its picture: the second may find that the first had bad luck.
const uploads = 2

// notices addresses one body to every chat.
func notices(chats []store.Chat, key string, body Body, now time.Time) []store.Notice {
	all, text := make([]store.Notice, len(chats)), encode(body)
	for i, chat := range chats {
		all[i] = store.Notice{Key: key, Chat: chat, Body: text, CreatedAt: now}
		if body.Ban != nil {
			all[i].Topic, all[i].Ban = body.Ban.topic(), body.Ban.ID
		}
		if body.Chart != nil {
			all[i].Uploads = uploads
		}
	}
	return all
}

// encode returns a notice's body in the form that the outbox keeps.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and slices of them always marshal
	}
	return string(b)
}
