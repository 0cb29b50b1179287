package bot

import (
	"cmp"
	"context"
	"slices"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// friendGroup is the bans of one address by one jail, or those of a network where addresses are too many to be named.
type friendGroup struct {
	latest      store.EnrichedBan
	shown       string // the address, or the network
	bans        int
	addresses   []string
	first, last time.Time
}

// add adds a ban to the group.
func (f *friendGroup) add(g store.EnrichedBan) {
	if f.bans++; f.bans == 1 || g.Time.After(f.last) {
		f.latest, f.last = g, g.Time
	}
	if f.bans == 1 || g.Time.Before(f.first) {
		f.first = g.Time
	}
	if !slices.Contains(f.addresses, g.Address) {
		f.addresses = append(f.addresses, g.Address)
	}
}

// groupFriends groups bans by jail, server and address or, if that makes more than most groups, by network. They are
// ordered by their latest bans, newest first.
func (w Words) groupFriends(bans []store.EnrichedBan, most int) []*friendGroup {
	groups := grouped(bans, w.address)
	if len(groups) <= most {
		return groups
	}
	return grouped(bans, func(address string) string {
		network, ok := around(address)
		if !ok {
			return w.address(address)
		}
		return network
	})
}

func grouped(bans []store.EnrichedBan, shown func(address string) string) (all []*friendGroup) {
	groups := map[[3]string]*friendGroup{}
	for _, g := range bans {
		key := [3]string{g.Jail, g.Source, shown(g.Address)}
		if groups[key] == nil {
			groups[key] = &friendGroup{shown: key[2]}
			all = append(all, groups[key])
		}
		groups[key].add(g)
	}
	slices.SortStableFunc(all, func(a, b *friendGroup) int { return cmp.Compare(b.last.Unix(), a.last.Unix()) })
	return all
}

// line is the group in one line: "🇧🇪 198.51.100.7 ×10, sshd on web1, 01:00–10:00: 4th ban in 9 days".
func (w Words) groupLine(f *friendGroup, layout string) msg.Text {
	flag, _ := w.friend(f.latest)
	shown := f.shown
	if len(f.addresses) == 1 {
		shown = w.address(f.addresses[0])
	}
	t := msg.Text{{Text: flag + " "}, {Text: shown, Style: msg.Code}}
	switch {
	case len(f.addresses) > 1 && !w.Mask:
		t = append(t, msg.Run{Text: " " + plural(len(f.addresses), "address")})
		if f.bans > len(f.addresses) {
			t = append(t, msg.Run{Text: " " + times(f.bans)})
		}
	case f.bans > 1:
		t = append(t, msg.Run{Text: " ×" + number(f.bans)})
	}
	t = append(append(t, msg.Run{Text: ", "}), w.where(f.latest.Ban)...)
	when := f.first.In(w.Zone).Format(layout)
	if until := f.last.In(w.Zone).Format(layout); until != when {
		when += "–" + until
	}
	t = append(t, msg.Run{Text: ", " + when})
	if n := f.latest.Lately + 1; len(f.addresses) == 1 && n >= often && n > f.bans {
		t = append(t, msg.Run{Text: ": " + w.again(f.latest)})
	}
	return t
}

// again is "4th ban in 9 days".
func (w Words) again(g store.EnrichedBan) string {
	return ordinal(g.Lately+1) + " ban in " + roughly(g.Time.Sub(g.LatelySince))
}

// friendsListed is how many bans one page has: even with the longest names, they fit into one message of any platform.
const friendsListed = 10

// friends lists the latest friendly bans of a period, or with "often" the addresses that are banned again and again.
// A number turns the pages.
func (c *Commands) friends(ctx context.Context, args []string) (msg.Message, error) {
	page, again := 1, false
	args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		n, ok := pageNumber(arg)
		if ok {
			page = n
		}
		again = again || arg == "often"
		return ok || arg == "often"
	})
	since := "7d"
	if again {
		since = "30d"
	}
	a := asked{since: since}
	if err := a.read(args, false); err != nil {
		return msg.Message{}, err
	}
	since = a.since
	window, err := c.Reporter.window(ctx, since, time.Now())
	if err != nil {
		return msg.Message{}, err
	}
	total, err := c.Store.Totals(ctx, window)
	if err != nil {
		return msg.Message{}, err
	}
	w := c.Reporter.Words
	period := w.periodIn(since, window)
	switch {
	case total.Bans == 0:
		return msg.Message{Text: headed("No bans", "\n"+period)}, nil
	case total.Friendly == 0:
		return msg.Message{Text: headed("No friendly bans",
			" among "+plural(total.Bans, "ban")+".\n"+period+". Friendly: "+w.friends())}, nil
	case again:
		return c.often(ctx, window, since, period, page)
	}
	bans, err := c.Store.FriendlyBans(ctx, window, friendsListed, (page-1)*friendsListed)
	if err != nil {
		return msg.Message{}, err
	}
	t := headed(plural(total.Friendly, "friendly ban"),
		" of "+number(total.Bans)+" ("+percent(total.Friendly, total.Bans)+")\n"+period)
	for i := range bans {
		g := &bans[i]
		t = append(t, append(msg.Text{{Text: "\n"}}, w.line(*g, time.Now())...)...)
		if err := w.recallLogins(ctx, c.Store, g); err != nil {
			return msg.Message{}, err
		}
		v, err := c.Reporter.judge().verdict(ctx, *g)
		if err != nil {
			return msg.Message{}, err
		}
		t = append(t, msg.Run{Text: inLine(v) + loginsIn(*g)})
	}
	t = append(t, msg.Run{Text: loginNote(bans)})
	earlier := total.Friendly - int64((page-1)*friendsListed+len(bans))
	return pages(t, "/friends "+since, page, max(earlier, 0), "earlier"), nil
}

// often lists the friendly addresses with the most bans of the period.
func (c *Commands) often(
	ctx context.Context, window store.Window, since, period string, page int,
) (msg.Message, error) {
	all, total, err := c.Store.OftenBanned(ctx, window, often, friendsListed, (page-1)*friendsListed)
	if err != nil {
		return msg.Message{}, err
	}
	w := c.Reporter.Words
	if len(all) == 0 && page == 1 {
		return msg.Message{Text: headed("No friend was banned "+times(often)+" or more", "\n"+period)}, nil
	}
	t := headed(plural(total, "friend")+" banned "+times(often)+" or more", "\n"+period)
	for _, o := range all {
		flag := cmp.Or(o.Country.Flag(), "🤝")
		t = append(t,
			msg.Run{Text: "\n" + flag + " "}, msg.Run{Text: w.address(o.Address), Style: msg.Code},
			msg.Run{Text: " ×" + number(o.Bans) + ", " + w.dates(o.First, o.Last, time.Now())})
	}
	rest := total - (page-1)*friendsListed - len(all)
	return pages(t, "/friends often "+since, page, int64(max(rest, 0)), "others"), nil
}
