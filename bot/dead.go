package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"friendlyfire/store"
)

// ownDead begins the keys of notices that tell of dead letters. When these die themselves, nobody is told: that might
// never end.
const ownDead = "health/dead/"

// dead tells of messages that were given up since it last told of any, once an hour at most.
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
	switch pause := now.Sub(time.Unix(at, 0)); {
	case fresh == 0 || fresh > 0 && pause >= 0 && pause < time.Hour:
		return nil
	case fresh > 0:
		verb := "was"
		if fresh > 1 {
			verb = "were"
		}
		kind, advice := noticeKind(d.Key)
		err := h.Post(ctx, strings.TrimPrefix(key, "health/")+"/"+d.Key, Text{
			{Text: plural(fresh, "message") + " to " + chat.String() + " " + verb + " given up", Style: Bold},
			{Text: ". The latest, " + kind + ": "},
			{Text: strings.TrimRight(store.Clean(d.Reason, 200), ": "), Style: Code},
			{Text: advice},
		})
		if err != nil {
			return err
		}
	}
	return h.Store.SetValue(ctx, key, fmt.Sprint(d.Count, now.Unix()))
}

// noticeKind says in words what a notice of that key tells of, and where else that can be read.
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
