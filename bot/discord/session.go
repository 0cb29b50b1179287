package discord

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// session is what a connection of the gateway is resumed with. It outlives the process, so that a restart costs no
// identify.
type session struct {
	ID  string `json:"id"`  // "": there is none to resume
	URL string `json:"url"` // where it is resumed; "": wherever the API says
	App string `json:"app"` // id of the application, whose commands are registered
	Seq int64  `json:"seq"` // of the last event
	For string `json:"for"` // which token it belongs to: a hash
}

// Keys in the store.
const (
	sessionKey    = "discord/session"
	identifiesKey = "discord/identifies"
	commandsKey   = "discord/commands"
)

// A thousand identifies in 24 hours and Discord resets the token; two within five seconds and the second is refused:
// https://discord.com/developers/docs/events/gateway#identifying
const (
	identifyWindow = 24 * time.Hour
	identifyLimit  = 100
	identifyGap    = 5 * time.Second
)

// budgetError is an identify that must wait.
type budgetError struct{ until time.Time }

func (e *budgetError) Error() string {
	return fmt.Sprintf("%d identifies in a day are enough, the next is at %s", identifyLimit, e.until.UTC().Format(time.DateTime+" UTC"))
}

// spendIdentify returns when an identify may be sent, having counted it for good. A *budgetError says that none may.
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
		return &budgetError{until: time.Unix(spent[len(spent)-identifyLimit], 0).Add(identifyWindow + time.Second)}
	}
	if len(spent) > 0 {
		// A clock that was set back must not make this wait for long.
		wait := min(time.Unix(spent[len(spent)-1], 0).Add(identifyGap+time.Second).Sub(now), identifyGap+time.Second)
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
	}
	kept, err := json.Marshal(append(spent, time.Now().Unix()))
	if err != nil {
		return err
	}
	return c.Store.SetValue(ctx, identifiesKey, string(kept))
}

func (c *Client) loadSession(ctx context.Context) (session, error) {
	var s session
	text, err := c.Store.Value(ctx, sessionKey)
	if err != nil || text == "" {
		return s, err
	}
	_ = json.Unmarshal([]byte(text), &s) // what cannot be read is nobody's
	if s.For != c.tokenHash() {
		return session{}, nil
	}
	return s, nil
}

func (c *Client) saveSession(ctx context.Context, s session) error {
	s.For = c.tokenHash()
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
