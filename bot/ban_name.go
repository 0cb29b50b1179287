package bot

import (
	"cmp"
	"context"
	"strconv"

	"friendlyfire/store"
)

// nameOf is what buttons call a ban: its row or, where two bots answer, what both call it.
func (w Words) nameOf(b store.Ban) string {
	if w.Shared {
		return b.Ref()
	}
	return strconv.FormatInt(b.ID, 10)
}

// name is what buttons call the ban.
func (t Told) name() string { return cmp.Or(t.Ref, strconv.FormatInt(t.ID, 10)) }

// banID is the row of the ban that a button names; false: it names none.
func (c *Commands) banID(ctx context.Context, word string) (id int64, ok bool, err error) {
	if c.Reporter.Words.Shared {
		g, ok, err := c.Store.BanByRef(ctx, word)
		return g.ID, ok, err
	}
	id, err = strconv.ParseInt(word, 10, 64)
	return id, err == nil, nil
}

// tooOld reports whether the button is from a time in which the bot was alone: its number may be another ban's here.
func (c *Commands) tooOld(word string) bool {
	_, err := strconv.ParseInt(word, 10, 64)
	return c.Reporter.Words.Shared && err == nil
}

const errAlone = usageError("That button has ended: it is from when I was the only bot here. /friends lists the bans.")
