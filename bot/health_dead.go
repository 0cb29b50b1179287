package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// ownDead begins the keys of notices about dead letters. If such a notice becomes one itself, nobody is told: it might
// never end.
const ownDead = "health/dead/"

// dead tells the chats of messages that were given up since it last did so, once an hour at most.
func (h *Health) dead(ctx context.Context, chat store.Chat, now time.Time) error {
	d, err := h.Store.DeadLetters(ctx, chat, time.Time{}, ownDead)
	if err != nil {
		return err
	}
	key := ownDead + chat.Platform + "/" + chat.ID
	kept, err := h.Store.Value(ctx, key)
	if err != nil {
		return err
	}
	var told int
	var at int64 // unix seconds
	if kept != "" {
		if _, err := fmt.Sscan(kept, &told, &at); err != nil {
			return fmt.Errorf("value of %s: %w", key, err)
		}
	}
	fresh := d.Count - told
	if pause := now.Sub(time.Unix(at, 0)); fresh == 0 || fresh > 0 && pause >= 0 && pause < time.Hour {
		return nil
	}
	var news []store.Notice // none if the number fell because some were purged
	if fresh > 0 {
		news = notices(h.Chats, key+"/"+d.Key, Body{Text: deadLetters(fresh, chat, d)}, now)
	}
	setting(news, store.Values{key: fmt.Sprint(d.Count, now.Unix())})
	posted, err := h.Store.PostAndSet(ctx, key, fmt.Sprint(d.Count, now.Unix()), news...)
	if err == nil && posted > 0 {
		h.Next()
	}
	return err
}

func deadLetters(fresh int, chat store.Chat, d store.DeadLetters) msg.Text {
	verb := "was"
	if fresh > 1 {
		verb = "were"
	}
	kind, advice := noticeKind(d.Key)
	return red(headed(plural(fresh, "message")+" to "+chat.String()+" "+verb+" given up",
		". The latest, "+kind+": "+ReasonOf(store.Clean(d.Reason, 200)).Says+advice))
}

// noticeKind says in words what kind of notice has the key, and where else its contents can be read.
func noticeKind(key string) (kind, advice string) {
	switch head, _, _ := strings.Cut(key, "/"); head {
	case "ban":
		return "an alert", ". /friends lists the bans themselves."
	case "digest":
		return "a digest", ". /report has the numbers."
	case "history":
		return "a summary of old bans", ". /report has the numbers."
	case "health":
		return "news of trouble", ". /status knows more."
	}
	return "a notice", ""
}
