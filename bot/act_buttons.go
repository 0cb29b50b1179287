package bot

import (
	"context"
	"errors"
	"slices"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// mark notes whom a person takes a banned one for: "attacker 17", "person 17", "unsure 17".
func (c *Commands) mark(ctx context.Context, args []string, r msg.Request) (m msg.Message, err error) {
	if len(args) != 2 || !slices.Contains([]string{"attacker", "person", "unsure"}, args[0]) {
		return m, usageError("That button says nothing of a ban.")
	}
	g, err := c.friendly(ctx, args[1])
	if err != nil {
		return m, err
	}
	mark := &store.Mark{Attacker: args[0] == "attacker", Name: r.Name, At: time.Now()}
	if mark.Name == "" {
		mark.Name = r.User
	}
	if args[0] == "unsure" {
		mark = nil
	}
	if err := c.Acting.shareMark(ctx, g, mark); err != nil {
		return m, err
	}
	if err := c.Store.SetMark(ctx, g.ID, mark); err != nil {
		return m, err
	}
	c.Acting.Next()
	return c.alertMessage(ctx, args[1])
}

// friendly is the friendly ban with that number.
func (c *Commands) friendly(ctx context.Context, word string) (g store.EnrichedBan, err error) {
	id, named, err := c.banID(ctx, word)
	switch {
	case err != nil:
		return g, err
	case !named && c.tooOld(word):
		return g, errAlone
	case !named && c.Reporter.Words.Shared: // the other bot has told of it
		return g, usageError("I do not know that ban, or not yet. /friends lists those that I know.")
	case !named:
		return g, usageError("That button names no ban. /friends lists them.")
	}
	g, ok, err := c.Store.Ban(ctx, id)
	if err != nil {
		return g, err
	}
	if !ok || !g.Friendly {
		return g, usageError("I do not know that ban any more. /friends lists those that I know.")
	}
	err = c.Reporter.Words.recall(ctx, c.Store, &g)
	return g, err
}

// Buttons are those below the alert of a ban: what can be done about it now, whom it hit, and more of it. In them it
// has that name.
func (a *Acting) Buttons(ctx context.Context, ban int64, name string) ([][]msg.Button, error) {
	more := banButton("More", moreOfBan, name)
	if a == nil {
		return more, nil
	}
	g, ok, err := a.Store.Ban(ctx, ban)
	acts, err2 := a.Store.ActsOfBan(ctx, ban)
	mark, err3 := a.Store.MarkOf(ctx, ban)
	if err := errors.Join(err, err2, err3); err != nil || !ok {
		return more, err
	}
	var can, whom []msg.Button
	button := func(label, command, what string) msg.Button {
		return msg.Button{Label: label, Command: "/" + command + " " + what + " " + name}
	}
	if a.able(g.Ban) {
		lifted, trusted := false, false
		for _, one := range acts {
			switch one.Verb {
			case "unban":
				lifted = lifted || one.Outcome == store.ActDone
			case "trust":
				trusted = trusted || one.Outcome != store.ActRefused && time.Now().Before(one.TriedAt.Add(one.For))
			case "untrust":
				trusted = trusted && one.Outcome != store.ActDone
			}
		}
		if !lifted && g.InForce(time.Now()) {
			can = append(can, button("Unban", askAct, "unban"))
		}
		if trusted {
			can = append(can, button("Undo", askAct, "untrust"))
		} else {
			can = append(can, button("Trust 30 days", askAct, "trust"))
		}
	}
	if mark == nil || !mark.Attacker {
		whom = append(whom, button("Attacker", markBan, "attacker"))
	}
	if mark == nil || mark.Attacker {
		whom = append(whom, button("Person", markBan, "person"))
	}
	if mark != nil {
		whom = append(whom, button("Unsure", markBan, "unsure"))
	}
	rows := [][]msg.Button{append(whom, more[0]...)}
	if can != nil {
		rows = append([][]msg.Button{can}, rows...)
	}
	return rows, nil
}

// liftable is the ban, and whether it can be lifted and has not been.
func (a *Acting) liftable(ctx context.Context, ban int64) (g store.EnrichedBan, can bool, err error) {
	g, ok, err := a.Store.Ban(ctx, ban)
	if err != nil || !ok || !a.able(g.Ban) || !g.InForce(time.Now()) {
		return g, false, err
	}
	acts, err := a.Store.ActsOfBan(ctx, ban)
	return g, !slices.ContainsFunc(acts, hasLifted), err
}

// hasLifted reports whether the act has lifted a ban.
func hasLifted(one store.Act) bool { return one.Verb == "unban" && one.Outcome == store.ActDone }
