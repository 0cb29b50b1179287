package store

import "context"

// SharesByServer counts the bans of the window, and the friends that they hit, by jail and source. Jails and sources
// without bans are left out. Since is not filled in.
func (s *Store) SharesByServer(ctx context.Context, w Window) (map[string]map[string]Share, error) {
	type place struct{ jail, source int64 }
	type counted struct {
		bans, friendly int64
		friends        distinct
	}
	all := map[place]*counted{}
	err := s.servers(ctx, w, false, func(k rollupRow) {
		at := place{k.jail, k.source}
		c := all[at]
		if c == nil {
			c = &counted{}
			all[at] = c
		}
		c.bans += k.bans
		c.friendly += k.friendly
		c.friends.add(k.friends)
	})
	if err != nil {
		return nil, err
	}
	jails, err := s.names(ctx, "jails")
	if err != nil {
		return nil, err
	}
	sources, err := s.names(ctx, "sources")
	shares := map[string]map[string]Share{}
	for at, c := range all {
		jail := jails[at.jail]
		if shares[jail] == nil {
			shares[jail] = map[string]Share{}
		}
		shares[jail][sources[at.source]] = Share{Jail: jail, Bans: c.bans, Friendly: c.friendly, Friends: c.friends.count()}
	}
	return shares, err
}
