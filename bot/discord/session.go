package discord

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"friendlyfire/bot/msg"
)

// session is a gateway session that can be resumed. It outlives the process, so that a restart costs no identify.
type session struct {
	ID        string `json:"id"`  // "": there is none to resume
	URL       string `json:"url"` // where to resume it; "": the URL that the API returns
	App       string `json:"app"` // id of the application, whose commands are registered
	Seq       int64  `json:"seq"` // of the last event
	TokenHash string `json:"for"` // of the token that it belongs to
}

// Keys in the store.
const (
	sessionKey    = "discord/session"
	identifiesKey = "discord/identifies"
	commandsKey   = "discord/commands"
)

// The budget of identifies. Discord resets the token after a thousand in 24 hours, and refuses the second of two within
// five seconds: https://discord.com/developers/docs/events/gateway#identifying
const (
	identifyWindow = 24 * time.Hour
	identifyLimit  = 100
	identifyGap    = 5 * time.Second
)

// BudgetError says that the day's identifies are used up.
type BudgetError struct{ until time.Time }

func (e *BudgetError) Error() string {
	return fmt.Sprintf("%d identifies in a day are enough, the next is at %s",
		identifyLimit, msg.Stamp(e.until.UTC(), time.Now())+" UTC")
}

// spendIdentify waits until an identify may be sent, and stores that it was. It returns a *BudgetError if none may.
func (c *Client) spendIdentify(ctx context.Context) error {
	text, err := c.Store.Value(ctx, identifiesKey)
	if err != nil {
		return err
	}
	var spent []int64 // unix seconds, oldest first
	if text != "" {
		if err := json.Unmarshal([]byte(text), &spent); err != nil {
			return fmt.Errorf("%s: %w", identifiesKey, err)
		}
	}
	now := time.Now()
	spent = slices.DeleteFunc(spent, func(at int64) bool { return now.Sub(time.Unix(at, 0)) > identifyWindow })
	if len(spent) >= identifyLimit {
		return &BudgetError{until: time.Unix(spent[len(spent)-identifyLimit], 0).Add(identifyWindow + time.Second)}
	}
	if len(spent) > 0 {
		// The bound is for a clock that was set back.
		wait := min(time.Unix(spent[len(spent)-1], 0).Add(identifyGap+time.Second).Sub(now), identifyGap+time.Second)
		if !msg.Sleep(ctx, wait) {
			return ctx.Err()
		}
	}
	encoded, err := json.Marshal(append(spent, time.Now().Unix()))
	if err != nil {
		return err
	}
	return c.Store.SetValue(ctx, identifiesKey, string(encoded))
}

func (c *Client) readSession(ctx context.Context) (session, error) {
	var s session
	text, err := c.Store.Value(ctx, sessionKey)
	if err != nil || text == "" {
		return s, err
	}
	_ = json.Unmarshal([]byte(text), &s) // what cannot be read belongs to no token
	if s.TokenHash != c.tokenHash() {
		return session{}, nil
	}
	return s, nil
}

func (c *Client) writeSession(ctx context.Context, s session) error {
	s.TokenHash = c.tokenHash()
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return c.Store.SetValue(ctx, sessionKey, string(text))
}

func (c *Client) tokenHash() string {
	sum := sha256.Sum256([]byte(c.token))
	return hex.EncodeToString(sum[:8])
}
