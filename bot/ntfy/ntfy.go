// Package ntfy is friendlyfire on ntfy: it publishes messages to topics of an ntfy server, with a priority, the flags
// of the countries as tags, the picture as an attachment, and a button that copies the command of an alert. It hears no
// commands. It owns the section [ntfy] of the configuration and its checks.
//
// A topic is a secret, since whoever knows it can subscribe, and on an open server write. It stands in requests only;
// elsewhere it goes by an alias. The API is that of https://docs.ntfy.sh/publish/.
package ntfy

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/post"
	"friendlyfire/store"
)

const platform = "ntfy"

// A visitor may make 60 requests at once, and then one in five seconds: https://docs.ntfy.sh/publish/#limitations. The
// burst leaves half of them to other programs of this machine.
const (
	requestEvery = 5 * time.Second
	requestBurst = 30
)

// ntfy.sh takes 250 messages a day, until midnight in UTC: https://docs.ntfy.sh/publish/#limitations. A storm of a day
// would use them up in an hour, and what it says last would wait for the next day.
const (
	dailyServer = "https://ntfy.sh"
	dailyBurst  = 140
	dailyEvery  = 15 * time.Minute
)

// client publishes to the topics of one server. It is safe for concurrent use.
type client struct {
	server, token string
	chats         []string          // the aliases, in the order of the configuration
	topics        map[string]string // by alias
	http          *post.Client
	pace          *rate.Limiter
	day           *msg.Quota  // nil: the server has no limit of a day
	noActions     atomic.Bool // the server refuses them

	mu       sync.Mutex
	held     time.Time                 // no request before, by a 429
	refusals map[string]*post.Refusals // by alias
}

var _ msg.Connection = (*client)(nil)

func newClient(server, token string, chats []string, topics map[string]string, b msg.Bot) *client {
	c := &client{
		server: server, token: token, chats: chats, topics: topics,
		http: post.New(b.Dial, b.SawAnswer), pace: rate.NewLimiter(rate.Every(requestEvery), requestBurst),
		refusals: map[string]*post.Refusals{},
	}
	if server == dailyServer {
		c.day = msg.NewQuota(dailyBurst, dailyEvery)
	}
	return c
}

// Platform is "ntfy".
func (c *client) Platform() string { return platform }

// Me returns the name of the token's user; "" without a token, or on a server without users.
func (c *client) Me(ctx context.Context) (string, error) {
	if c.token == "" {
		return "", nil
	}
	r, err := c.request(http.MethodGet, "/v1/account", nil)
	if err != nil {
		return "", err
	}
	answer, err := c.http.Do(ctx, r)
	if err != nil {
		return "", err
	}
	switch answer.Status {
	case http.StatusOK:
		var account struct{ Username string }
		if err := json.Unmarshal(answer.Body, &account); err != nil {
			return "", errNoServer
		}
		return store.Clean(account.Username, 100), nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return "", &msg.NotSentError{Reason: fmt.Sprintf("because the token is not accepted (%d)", answer.Status)}
	}
	return "", nil // accounts are off: whether the token opens a topic, only the topic can tell
}

// CanPost checks that a server of ntfy answers. Whether it takes messages for the topic, it tells only of a message.
func (c *client) CanPost(ctx context.Context, chat string) (string, error) {
	u, err := url.Parse(c.server)
	if err != nil {
		return "", err
	}
	title := fmt.Sprintf("topics[%d] on %s", slices.Index(c.chats, chat)+1, u.Host)
	r, err := c.request(http.MethodGet, "/v1/health", nil)
	if err != nil {
		return title, err
	}
	answer, err := c.http.Do(ctx, r)
	if err != nil {
		return title, err
	}
	var health struct{ Healthy bool }
	if answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &health) != nil || !health.Healthy {
		return title, &msg.ReachError{Reason: "no ntfy server is well there (" + http.StatusText(answer.Status) + ")"}
	}
	return title, &msg.ReachError{
		Reason: "the server answers; whether it takes messages for the topic shows when one is sent",
		Advice: "To send one: friendlyfire check --send", Unsure: true,
	}
}
