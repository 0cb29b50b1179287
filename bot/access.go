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

	mu   sync.Mutex
	told map[string]time.Time // stranger → when last logged
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
	who, now := r.Platform+" "+r.User, time.Now()
	if now.Sub(a.told[who]) < time.Minute {
		return false
	}
	if a.told == nil || len(a.told) > 1000 { // a crowd of strangers costs no memory
		a.told = map[string]time.Time{}
	}
	a.told[who] = now
	a.Log.Warn("command of a stranger ignored", "platform", r.Platform, "chat", r.Chat, "user", r.User)
	return false
}

// base is the chat of a topic: "-100123" of "-100123/45".
func base(chat string) string {
	b, _, _ := strings.Cut(chat, "/")
	return b
}
