package bot

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Access says who may give commands: a listed user in a listed chat, and nobody else.
type Access struct {
	Store *store.Store        // knows which chats have been given a new id since they were listed
	Chats map[string][]string // platform → chats
	Users map[string][]string // platform → users
	Log   *slog.Logger

	mu       sync.Mutex
	stranger msg.Throttle
}

// Allowed reports whether the request is to be answered. Refusals are logged, once a minute for each user, without a
// word of what was asked.
func (a *Access) Allowed(r msg.Request) bool {
	here := func(listed string) bool {
		return base(listed) == base(r.Chat) || a.moved(store.Chat{Platform: r.Platform, ID: listed}, r.Chat)
	}
	if slices.Contains(a.Users[r.Platform], r.User) && slices.ContainsFunc(a.Chats[r.Platform], here) {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stranger.Every = time.Minute
	if a.stranger.Allow(r.Platform + " " + r.User) {
		a.Log.Warn("command of a stranger ignored", "platform", r.Platform, "chat", r.Chat, "user", r.User)
	}
	return false
}

// moved reports whether the listed chat has become this one. Only its platform can have said so, in answer to a post.
func (a *Access) moved(listed store.Chat, chat string) bool {
	status, err := a.Store.ChatStatus(context.Background(), listed)
	if err != nil {
		a.Log.Error("whether a chat has moved cannot be read", "chat", listed.String(), "error", err)
		return false
	}
	return status.MovedTo != "" && status.MovedTo == base(chat)
}

// base is the chat of a topic: "-100123" of "-100123/45".
func base(chat string) string {
	b, _, _ := strings.Cut(chat, "/")
	return b
}
