// Package webhook is friendlyfire as a sender of webhooks: it posts every message as one JSON document to URLs, signed
// as Standard Webhooks are, or in the form that Slack, Mattermost and Teams take. It hears no commands. It owns the
// section [webhook] of the configuration and its checks.
//
// A URL is a secret, since whoever has it can post. It stands in requests only; elsewhere a webhook goes by the name
// that the file of URLs gives it, or by an alias. Nothing is sent to addresses of this machine or of private networks,
// unless the configuration names them: an address is looked at when it is dialled, so that no name can point there.
package webhook

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/post"
)

const platform = "webhook"

// One message a second, and a few at once, is what Slack takes: https://docs.slack.dev/apis/web-api/rate-limits/.
const (
	postEvery = time.Second
	postBurst = 3
)

// client posts to webhooks. It is safe for concurrent use.
type client struct {
	form   form
	charts bool
	key    []byte // of the signature; nil: there is none
	hooks  map[string]*hook
	http   *post.Client
	guard  *guard
}

// hook is one webhook.
type hook struct {
	target
	pace *rate.Limiter

	mu       sync.Mutex
	held     time.Time // no request before, by a 429
	refusals post.Refusals
}

var _ msg.Connection = (*client)(nil)

// Platform is "webhook".
func (c *client) Platform() string { return platform }

// Me returns "": there is no account.
func (c *client) Me(context.Context) (string, error) { return "", nil }

// Fits reports whether the form has room for the text of m.
func (c *client) Fits(m msg.Message) bool { return c.form.fits(m.Text) }

// CanPost checks that the webhook's host is one that messages are sent to. Whether it takes them shows when one is
// sent.
func (c *client) CanPost(ctx context.Context, chat string) (string, error) {
	h := c.hooks[chat]
	title := fmt.Sprintf("line %d of urls_file", h.line)
	if _, err := c.guard.addresses(ctx, h.url.Hostname()); err != nil {
		if refused, ok := errors.AsType[*post.RefusedAddressError](err); ok {
			return title, &msg.ReachError{
				Reason: strings.TrimPrefix(refused.Reason, "because "), Advice: "If that is meant, name its network in [webhook] private.",
			}
		}
		return title, &msg.ReachError{Reason: "the name of its host is not found"}
	}
	return title, &msg.ReachError{
		Reason: "whether it takes messages shows when one is sent", Advice: "To send one: friendlyfire check --send", Unsure: true,
	}
}

// Send posts m to the webhook. Where it carries no picture, the fallback takes the picture's place if there is one and
// it fits.
func (c *client) Send(ctx context.Context, chat string, m msg.Message) error {
	h := c.hooks[chat]
	if err := h.checkHeld(); err != nil {
		return err
	}
	if h.pace.Wait(ctx) != nil {
		return &msg.NotSentError{Reason: "stopped before it was sent", Unreached: true}
	}
	if m.Photo != nil && !c.charts {
		m = m.InWords(c.Fits)
	}
	err := c.post(ctx, h, m)
	h.mu.Lock()
	defer h.mu.Unlock()
	if limit, ok := errors.AsType[*msg.RetryAfterError](err); ok {
		h.held = time.Now().Add(limit.After)
	}
	h.refusals.Learn(err)
	return err
}

// checkHeld returns an error while a 429 is not over.
func (h *hook) checkHeld() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if after := time.Until(h.held); after > 0 {
		return &msg.RetryAfterError{After: after, Scope: msg.ThisChat}
	}
	return nil
}

// post makes the request.
func (c *client) post(ctx context.Context, h *hook, m msg.Message) error {
	now, id := time.Now(), m.Nonce
	if id == "" {
		id = rand.Text()[:20]
	}
	body := c.form.body(m, id, now)
	// Without a context: the client gives it one that outlives a stop.
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, h.url.String(), strings.NewReader(string(body)))
	if err != nil {
		return errors.New("webhook: the URL is not one")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "friendlyfire")
	if h.url.User != nil {
		password, _ := h.url.User.Password()
		r.SetBasicAuth(h.url.User.Username(), password)
	}
	sign(r.Header, c.key, id, now, body)
	answer, err := c.http.Do(ctx, r)
	if answer.Status == 0 {
		return err
	}
	return classify(answer)
}
