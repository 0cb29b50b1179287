package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"friendlyfire/act"
	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// FailServer carries out acts on the bans of one server. Its answer comes within a quarter of a minute.
type FailServer interface {
	Do(ctx context.Context, r act.Request) act.Answer
}

// Acting is what the bot may do about bans, for those who may have it done. Every act is asked for, confirmed by the
// same person, tried once and told, and each step is kept before the next.
type Acting struct {
	Store   *store.Store
	Words   Words
	Servers map[string]FailServer // by source; a source without one is only told about
	Users   []string              // who may act; empty: whoever may command
	Chats   []store.Chat
	Wake    func(source string) // called when acts of the source are to be carried out
	Next    func()              // called when something is to be told
	Log     *slog.Logger
	Voice   Voice // nil: nobody shares it

	shared sync.Map // has the rows of acts that the other bot knows the end of

	// Code makes the code that confirms a trust in that period of 30 seconds (RFC 6238); nil: none is asked for.
	Code  func(period uint64) (string, error)
	codes sync.Mutex
}

const (
	actPatience = 3 * time.Second // how long an answer waits for the acts that it tells of
	actLook     = 50 * time.Millisecond
	actFresh    = 2 * time.Minute // how long after it was confirmed an act may still be tried
)

// may reports whether who asks may act.
func (a *Acting) may(r msg.Request) bool {
	return len(a.Users) == 0 || slices.Contains(a.Users, r.User)
}

// Step carries out the confirmed acts of one source, one after the other. Another source's wait for nothing of it.
func (a *Acting) Step(ctx context.Context, source string) error {
	open, err := a.Store.OpenActs(ctx, source)
	if err != nil {
		return err
	}
	for _, one := range open {
		if err := a.carryOut(ctx, one); err != nil || ctx.Err() != nil {
			return err
		}
	}
	return errors.Join(a.shareTyped(ctx, source), a.tellLate(ctx))
}

func (a *Acting) carryOut(ctx context.Context, one store.Act) error {
	kept := context.WithoutCancel(ctx)
	late := time.Since(one.ConfirmedAt).Abs() > actFresh
	switch {
	case !late && one.Chat == (store.Chat{}):
		return nil // a command is doing it, in a process of its own
	case !one.TriedAt.IsZero():
		one.Outcome, one.Answer = store.ActUnclear, "how it ended is not known"
		return a.end(kept, one, true)
	case late:
		one.Outcome, one.Answer = store.ActRefused, "the bot was not running when it was asked for"
		return a.end(kept, one, true)
	}
	return a.try(ctx, one)
}

// try makes the one attempt at an act.
func (a *Acting) try(ctx context.Context, one store.Act) error {
	kept := context.WithoutCancel(ctx)
	if one.Chat != (store.Chat{}) && !voiceOr(a.Voice).Speaks() {
		return nil
	}
	one.TriedAt = time.Now()
	claimed, err := a.Store.TryAct(kept, one.ID, one.TriedAt)
	if err != nil || !claimed {
		return err
	}
	answer := a.do(ctx, one)
	one.Outcome, one.Answer = store.ActOutcome(answer.Outcome), store.Clean(answer.Text, 200)
	a.Log.Info("acted", "verb", one.Verb, "source", one.Source, "user", one.User, "outcome", one.Outcome)
	return a.end(kept, one, false)
}

// do asks the source's server.
func (a *Acting) do(ctx context.Context, one store.Act) act.Answer {
	server, ok := a.Servers[one.Source]
	if !ok {
		return act.Answer{Outcome: act.Refused, Text: "nobody can act on " + one.Source}
	}
	r, err := request(one)
	if err != nil {
		return act.Answer{Outcome: act.Refused, Text: err.Error()}
	}
	ctx, done := msg.WithGrace(ctx)
	defer done()
	return server.Do(ctx, r)
}

// request is the act as the helper's grammar allows it.
func request(one store.Act) (act.Request, error) {
	target, err := act.ParseTarget(one.Address)
	r := act.Request{Verb: act.Verb(one.Verb), Jail: one.Jail, Target: target, For: one.For}
	if err == nil {
		_, err = act.Parse(r.String())
	}
	return r, err
}

// end keeps what has become of an act. Left is whether nobody waits for the answer.
func (a *Acting) end(ctx context.Context, one store.Act, left bool) error {
	if left {
		if _, err := a.Store.LeaveActs(ctx, one.Token, false); err != nil {
			return err
		}
	}
	one.DoneAt = time.Now()
	defer a.Next()
	if err := a.Store.EndAct(ctx, one); err != nil {
		return err
	}
	if err := a.share(ctx, one); err != nil {
		a.Log.Warn("the other bot does not know how an act has ended", "error", err)
	}
	return nil
}

// tellLate tells, where it was asked for, the answers that nobody has waited for.
func (a *Acting) tellLate(ctx context.Context) error {
	tokens, err := a.Store.LateActs(ctx)
	if err != nil {
		return err
	}
	for _, token := range tokens {
		acts, err := a.Store.ActsByToken(ctx, token)
		if err != nil {
			return err
		}
		var told []store.Notice
		if home, ok := homeOf(a.Chats, acts[0].Chat); ok {
			body := Body{Text: a.Words.acts(acts), Silent: allDone(acts)}
			told = notices([]store.Chat{home}, "act/"+token, body, time.Now())
		}
		if err := a.Store.TellActs(ctx, token, told...); err != nil {
			return err
		}
		a.rest(ctx, token)
		a.Next()
	}
	return nil
}

// allDone reports whether nothing was refused or is unclear.
func allDone(acts []store.Act) bool {
	return !slices.ContainsFunc(acts, func(one store.Act) bool { return one.Outcome != store.ActDone })
}

// homeOf is the one of the configured chats that this chat is, or is a topic of; false: there is none, as on the
// command line.
func homeOf(chats []store.Chat, chat store.Chat) (store.Chat, bool) {
	i := slices.Index(chats, chat)
	for near := range chats {
		if i < 0 && chats[near].Platform == chat.Platform && base(chats[near].ID) == base(chat.ID) {
			i = near
		}
	}
	if i < 0 {
		i = slices.IndexFunc(chats, func(c store.Chat) bool { return c.Platform == chat.Platform })
	}
	if i < 0 {
		return store.Chat{}, false
	}
	return chats[i], true
}

// wait returns the acts of a question when all are done, or after a while as they are then; left is whether they are
// told later.
func (a *Acting) wait(ctx context.Context, token string) (all []store.Act, left bool, err error) {
	isOpen := func(one store.Act) bool { return one.DoneAt.IsZero() }
	kept := context.WithoutCancel(ctx)
	for begun := time.Now(); ctx.Err() == nil; {
		if all, err = a.Store.ActsByToken(kept, token); err != nil || !slices.ContainsFunc(all, isOpen) {
			return all, false, err
		}
		if time.Since(begun) >= actPatience || !msg.Sleep(ctx, actLook) {
			break
		}
	}
	if left, err = a.Store.LeaveActs(kept, token, ctx.Err() != nil); err != nil || left {
		return all, left, err
	}
	all, err = a.Store.ActsByToken(kept, token)
	return all, false, err
}

// newToken names a question: 40 random bits, which only the one who asked can use, in that chat and for two minutes.
func newToken() string { return strings.ToLower(rand.Text()[:8]) }

// able reports whether the ban can be lifted: its server can be asked, and names of it are as the helper takes them.
func (a *Acting) able(b store.Ban) bool {
	_, ok := a.Servers[b.Source]
	addr, err := netip.ParseAddr(b.Address)
	return ok && err == nil && addr.Zone() == "" && act.GoodJail(b.Jail)
}

// targets returns a source for each server that can act, in order of their names.
func (a *Acting) targets() (sources []string) {
	seen := map[FailServer]bool{}
	names := make([]string, 0, len(a.Servers))
	for name := range a.Servers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if s := a.Servers[name]; !seen[s] {
			seen[s] = true
			sources = append(sources, name)
		}
	}
	return sources
}
