package bot

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// An act that was confirmed is known to the other bot until its answer is told, so that it can say, if it speaks by
// then, that nobody knows how it ended. It does not act itself: an act is tried once.

// actings begins the keys of such acts; the name of their question follows.
const actings = "acting/"

// acting is what the other bot knows of an act.
type acting struct {
	Bot  string     `json:"bot"` // which acts
	Chat store.Chat `json:"chat"`
	Acts []string   `json:"acts"` // the first of them, such as "unban 203.0.113.7, sshd on web1"
	More int        `json:"more,omitempty"`
}

// named is an act as the other bot knows it.
func (a *Acting) named(one store.Act) string { return one.Verb + " " + a.Words.object(one).String() }

// undertake lets the other bot know of acts that are about to be confirmed, if who confirms them may.
func (a *Acting) undertake(ctx context.Context, acts []store.Act, r msg.Request) (undertaken bool, err error) {
	v := voiceOr(a.Voice)
	chat := store.Chat{Platform: r.Platform, ID: r.Chat}
	if v.Status().Name == "" || len(acts) == 0 || acts[0].Chat != chat || acts[0].User != r.User || !acts[0].ConfirmedAt.IsZero() {
		return false, nil
	}
	shown := min(len(acts), actsShown)
	one := acting{Bot: v.Status().Name, Chat: acts[0].Chat, More: len(acts) - shown}
	for _, act := range acts[:shown] {
		one.Acts = append(one.Acts, a.named(act))
	}
	if err := v.Keep(ctx, actings+acts[0].Token, encode(one)); err != nil {
		a.Log.Warn("not acted", "error", err)
		return false, usageError("I may not act just now: the other bot may be the one that speaks. Nothing was done; ask again in a while.")
	}
	return true, nil
}

// rest lets the other bot know that the answer to a question is told, or will be, and how its acts have ended.
func (a *Acting) rest(ctx context.Context, token string) {
	v := voiceOr(a.Voice)
	if v.Status().Name == "" {
		return
	}
	acts, err := a.Store.ActsByToken(ctx, token)
	if err == nil {
		err = a.share(ctx, acts...)
	}
	if err == nil {
		err = v.Keep(ctx, actings+token, "")
	}
	if err != nil {
		a.Log.Warn("the other bot does not know that an act has ended", "error", err)
		return
	}
	for _, one := range acts {
		a.shared.Delete(one.ID)
	}
}

// TellInterrupted tells where they were asked for the acts that another bot has not told of when it stopped speaking.
func (a *Acting) TellInterrupted(ctx context.Context) error {
	v := voiceOr(a.Voice)
	if err := a.Learn(ctx); err != nil {
		return err
	}
	all, err := a.Store.Values(ctx, actings)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		var one acting
		if err := json.Unmarshal([]byte(all[key]), &one); err != nil || one.Bot == v.Status().Name {
			continue // its own it knows better
		}
		if home, ok := homeOf(a.Chats, one.Chat); ok {
			token := strings.TrimPrefix(key, actings)
			ended, err := a.Store.ActsByToken(ctx, token)
			if err != nil {
				return err
			}
			open := a.interrupted(one, ended)
			body := Body{Text: lines(a.Words.acts(ended), open), Silent: open == nil && allDone(ended)}
			if _, err := a.Store.Post(ctx, notices([]store.Chat{home}, "act/"+token, body, time.Now())...); err != nil {
				return err
			}
			a.Next()
		}
		if err := v.Keep(ctx, key, ""); err != nil {
			return err
		}
		if err := a.Store.SetValues(ctx, map[string]string{key: ""}); err != nil {
			return err
		}
	}
	return nil
}

// interrupted says which acts may not have been done; nil: all have ended.
func (a *Acting) interrupted(one acting, ended []store.Act) msg.Text {
	left := len(one.Acts) + one.More - len(ended)
	if left <= 0 {
		return nil
	}
	known := make([]string, len(ended))
	for i := range ended {
		known[i] = a.named(ended[i])
	}
	open := slices.DeleteFunc(slices.Clone(one.Acts), func(name string) bool { return slices.Contains(known, name) })
	text := headed("Perhaps not done", ": "+one.Bot+" stopped while it was to ")
	if len(open) > 0 {
		text = append(text, msg.Run{Text: strings.Join(open, "; "), Style: msg.Code})
	}
	switch more := left - len(open); {
	case more > 0 && len(open) > 0:
		text = append(text, msg.Run{Text: ", and " + number(more) + " more"})
	case more > 0:
		text = append(text, msg.Run{Text: "do " + number(more) + " more"})
	}
	return append(text, msg.Run{Text: ". Whether it was done is not known. Ask again if need be."})
}
