package bot

import (
	"context"
	"errors"
	"time"

	"friendlyfire/store"
)

// BansInForce are acts that lift the bans of an address which may hold and can be lifted: the latest of each jail and
// source. Known is whether there was any ban of it.
func (a *Acting) BansInForce(ctx context.Context, address string) (acts []store.Act, known bool, err error) {
	const latest = 100
	bans, err := a.Store.BansOf(ctx, address, latest)
	seen := map[[2]string]bool{}
	for _, g := range bans {
		at := [2]string{g.Source, g.Jail}
		if !seen[at] && g.InForce(time.Now()) && a.able(g.Ban) {
			acts = append(acts, unbanOf(g.Ban))
		}
		seen[at] = true
	}
	return acts, len(bans) > 0, err
}

// OnAll is an act on each server that can act.
func (a *Acting) OnAll(one store.Act) (acts []store.Act) {
	for _, source := range a.targets() {
		one.Source = source
		acts = append(acts, one)
	}
	return acts
}

// Now carries acts out at once, for somebody on the command line, and returns what has become of them, also in words.
func (a *Acting) Now(ctx context.Context, user string, acts []store.Act) ([]store.Act, string, error) {
	token := newToken()
	for i := range acts {
		acts[i].Token, acts[i].AskedAt, acts[i].User, acts[i].Name = token, time.Now(), user, user
	}
	if err := a.Store.AskActs(ctx, acts...); err != nil {
		return nil, "", err
	}
	if _, err := a.Store.ConfirmActs(ctx, token, store.Chat{}, user, time.Now()); err != nil {
		return nil, "", err
	}
	confirmed, err := a.Store.ActsByToken(ctx, token)
	for _, one := range confirmed {
		err = errors.Join(err, a.try(ctx, one))
	}
	if err != nil {
		return nil, "", err
	}
	done, err := a.Store.ActsByToken(ctx, token)
	return done, a.Words.acts(done).String(), err
}
