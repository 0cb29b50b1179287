package bot

import (
	"context"
	"strings"

	"friendlyfire/store"
)

// table tells of an offline table whose file cannot be used, or is damaged. Neither stops anything.
func (h *Health) table(ctx context.Context) error {
	err := h.tableOf(ctx, store.CountryTable, "table", "country table", "Their addresses have no country, unless whois "+
		"knows it.")
	if err != nil {
		return err
	}
	return h.tableOf(ctx, store.SystemTable, "as_table", "table of networks", "Nobody knows whose their addresses are.")
}

func (h *Health) tableOf(ctx context.Context, of store.OfflineTable, key, name, consequence string) error {
	t, err := h.Store.TableTrouble(ctx, of)
	if err != nil {
		return err
	}
	const advice = " Put a whole file in its place, and I will pick it up."
	refused := t.Refused // "is empty", or a sentence of its own
	if verb, _, _ := strings.Cut(refused, " "); verb == "is" || verb == "was" {
		refused = "it " + refused
	}
	err = h.tell(ctx, key+"/refused", t.Refused != "", h.Chats,
		headed("The new "+name+" is refused", ": "+refused+". I go on with "+t.Table+"."+advice),
		headed("The "+name+" is in order again", ": the file there is in use."))
	if err != nil {
		return err
	}
	return h.tell(ctx, key+"/damaged", t.Damaged != "", h.Chats,
		headed("The "+name+" is damaged", ": "+t.Damaged+" ("+t.Table+"). "+consequence+advice),
		headed("The "+name+" is whole again", "."))
}
