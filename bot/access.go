package bot

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Access says who may command: a listed user in a listed chat, and nobody else.
type Access struct {
	Chats map[string][]string // platform → chats
	Users map[string][]string // platform → users
	Log   *slog.Logger

	mu       sync.Mutex
	stranger Hush
}

// Allowed reports whether the request is to be answered. One that is not is logged, once a minute for each user,
// without a word of what it said.
func (a *Access) Allowed(r Request) bool {
	if slices.ContainsFunc(a.Chats[r.Platform], func(c string) bool { return base(c) == base(r.Chat) }) &&
		slices.Contains(a.Users[r.Platform], r.User) {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stranger.Every = time.Minute
	if a.stranger.Speak(r.Platform + " " + r.User) {
		a.Log.Warn("command of a stranger ignored", "platform", r.Platform, "chat", r.Chat, "user", r.User)
	}
	return false
}

// base is the chat of a topic: "-100123" of "-100123/45".
func base(chat string) string {
	b, _, _ := strings.Cut(chat, "/")
	return b
}
