package app

import (
	"context"
	"time"
)

// checkFriends logs which friendly autonomous systems the table does not know, at the start and when the table is
// another one; nil where none is friendly.
func (b *builder) checkFriends() *stage {
	if len(b.Config.Friendly.Systems) == 0 || b.once {
		return nil
	}
	checked := ""
	return newStage("friends", time.Hour).doing(func(context.Context) error {
		table := b.Table.ID()
		if table == checked {
			return nil
		}
		checked = table
		for _, system := range b.Table.Missing(b.Config.Friendly.Systems) {
			b.log.Warn("nobody is friendly by a number that the table does not know", "friendly", system.String(),
				"table", b.Table.SystemsName(), "to see what to do", "friendlyfire check")
		}
		b.memory.Touch() // the whole table was read
		return nil
	})
}
