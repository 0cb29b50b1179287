package bot

import "context"

// zone tells of a source whose lines are written in another zone than the configured one. They are read rightly
// meanwhile, so that nothing is missed; old lines may be off.
func (h *Health) zone(ctx context.Context, source string) error {
	z, err := h.Store.ObservedZone(ctx, source)
	if err != nil {
		return err
	}
	if z == nil {
		return h.tell(ctx, "zone/"+source, false, h.Chats, nil,
			headed(source+" is in its zone", ": times are right again"))
	}
	return h.tell(ctx, "zone/"+source, true, h.Chats, headed(source+" is in another time zone", " than "+z.Instead+". "+
		ZoneAdvice(z.Offset, z.Since, h.Words.Zone)+
		" Until then I shift its times, so that no alert is missed; older bans of it may be off."), nil)
}

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
