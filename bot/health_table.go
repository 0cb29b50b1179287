package bot

import "context"

// table tells of an offline table whose file cannot be used, or is damaged. Neither stops anything.
func (h *Health) table(ctx context.Context) error {
	t, err := h.Store.TableTrouble(ctx)
	if err != nil {
		return err
	}
	const advice = " Put a whole file in its place: I take it by myself."
	err = h.tell(ctx, "table/refused", t.Refused != "", h.Chats,
		headed("The new country table is refused", ": "+t.Refused+". I go on with "+t.Table+"."+advice),
		headed("The country table is in order again", ": the file that stands there is in force."))
	if err != nil {
		return err
	}
	return h.tell(ctx, "table/damaged", t.Damaged != "", h.Chats,
		headed("The country table is damaged", ": "+t.Damaged+" ("+t.Table+"). Their addresses are of an unknown country, "+
			"unless whois knows it."+advice),
		headed("The country table is whole again", "."))
}
