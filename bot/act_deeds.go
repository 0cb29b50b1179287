package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"friendlyfire/act"
	"friendlyfire/store"
)

// Who is marked, and how acts have ended, the other bot learns from this one: it tells of them once it speaks.

// deeds begins the keys of what the other bot is to learn. A mark has the name of its ban after it, an act that of its
// question and a number.
const deeds = "deed/"

// deed is what the other bot is to learn.
type deed struct {
	Ref  string      `json:"ref,omitempty"` // of the ban, which has another row there; "": it is about none
	Act  *store.Act  `json:"act,omitempty"` // nil: the ban was marked
	Mark *store.Mark `json:"mark,omitempty"`
	At   time.Time   `json:"at"`
}

// unread is how long a deed waits for its ban to be read.
const unread = 24 * time.Hour

// shareMark lets the other bot know of a mark, before it is made here.
func (a *Acting) shareMark(ctx context.Context, g store.EnrichedBan, m *store.Mark) error {
	ref := g.Ref()
	if err := voiceOr(a.Voice).Keep(ctx, deeds+ref, encode(deed{Ref: ref, Mark: m, At: time.Now()})); err != nil {
		a.Log.Warn("not marked", "error", err)
		return usageError("I may not note that just now: the other bot may be the one that speaks. Press again in a while.")
	}
	return nil
}

// share lets the other bot know how acts have ended, once of each.
func (a *Acting) share(ctx context.Context, acts ...store.Act) error {
	for _, one := range acts {
		_, known := a.shared.Load(one.ID)
		if known || one.DoneAt.IsZero() || one.Token == "" || voiceOr(a.Voice).Status().Name == "" {
			continue
		}
		d := deed{Act: &one, At: one.DoneAt}
		g, ok, err := a.Store.Ban(ctx, one.Ban)
		if err != nil {
			return err
		}
		if ok {
			d.Ref = g.Ref()
		}
		if err := a.Voice.Keep(ctx, deeds+one.Token+"/"+strconv.FormatInt(one.ID, 10), encode(d)); err != nil {
			return err
		}
		a.shared.Store(one.ID, nil)
	}
	return nil
}

// shareTyped lets the other bot know what was done at a source on this machine's command line, as long as that may
// matter.
func (a *Acting) shareTyped(ctx context.Context, source string) error {
	if voiceOr(a.Voice).Status().Name == "" {
		return nil
	}
	acts, err := a.Store.ActsTyped(ctx, source, time.Now().Add(-act.MaxTrust))
	if err != nil {
		return err
	}
	return a.share(ctx, acts...)
}

// Learn keeps what the other bot has let this one know. What is about a ban that is not read yet waits for it.
func (a *Acting) Learn(ctx context.Context) error {
	values, err := a.Store.Values(ctx, deeds)
	if err != nil {
		return err
	}
	var learned []store.Deed
	var errs []error
	for key, value := range values {
		var d deed
		if err := json.Unmarshal([]byte(value), &d); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err), a.Store.SetValue(ctx, key, ""))
			continue
		}
		g, ok, err := a.Store.BanByRef(ctx, d.Ref)
		switch {
		case err != nil:
			errs = append(errs, err)
		case ok || d.Act != nil && (d.Ref == "" || time.Since(d.At) > unread):
			learned = append(learned, store.Deed{Key: key, Ban: g.ID, Act: d.Act, Mark: d.Mark})
		case time.Since(d.At) > unread:
			errs = append(errs, a.Store.SetValue(ctx, key, ""))
		}
	}
	return errors.Join(append(errs, a.Store.Learn(ctx, learned...))...)
}
