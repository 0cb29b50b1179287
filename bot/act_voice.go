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
	Acts []string   `json:"acts"` // "unban 203.0.113.7, sshd on web1"
}

// undertake lets the other bot know of acts that are about to be confirmed, if who confirms them may.
func (a *Acting) undertake(ctx context.Context, acts []store.Act, r msg.Request) (undertaken bool, err error) {
	v := voiceOr(a.Voice)
	chat := store.Chat{Platform: r.Platform, ID: r.Chat}
	if v.Status().Name == "" || len(acts) == 0 || acts[0].Chat != chat || acts[0].User != r.User || !acts[0].ConfirmedAt.IsZero() {
		return false, nil
	}
	one := acting{Bot: v.Status().Name, Chat: acts[0].Chat}
	for i := range acts[:min(len(acts), actsShown)] {
		one.Acts = append(one.Acts, acts[i].Verb+" "+a.Words.object(acts[i]).String())
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
	err := a.share(ctx, token)
	if err == nil {
		err = v.Keep(ctx, actings+token, "")
	}
	if err != nil {
		a.Log.Warn("the other bot does not know that an act has ended", "error", err)
	}
}

// TellInterrupted tells where they were asked for the acts that another bot has not ended when it stopped speaking.
func (a *Acting) TellInterrupted(ctx context.Context) error {
	v := voiceOr(a.Voice)
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
			text := append(headed("Perhaps not done", ": "+one.Bot+" stopped while it was to "), msg.Run{
				Text: strings.Join(one.Acts, "; "), Style: msg.Code,
			}, msg.Run{Text: ". Whether it was done is not known. Ask again if need be."})
			token := strings.TrimPrefix(key, actings)
			if _, err := a.Store.Post(ctx, notices([]store.Chat{home}, "act/"+token, Body{Text: text}, time.Now())...); err != nil {
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
