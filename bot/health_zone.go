package bot

import "context"

// loginZone is zone for a file of logins.
func (h *Health) loginZone(ctx context.Context, name, what string) error {
	z, err := h.Store.ObservedLoginZone(ctx, name)
	if err != nil {
		return err
	}
	key := "login zone/" + name
	if z == nil {
		return h.tell(ctx, key, false, h.Chats, nil, headed(what+" are in their zone", ": times are right again"))
	}
	return h.tell(ctx, key, true, h.Chats, headed(what+" are in another time zone", " than "+z.Instead+
		". I shift their times. The timezone of the source of that name is theirs, too."), nil)
}
