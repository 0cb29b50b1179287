package bot

import (
	"context"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// ip tells what is known of an address, with its timeline.
func (c *Commands) ip(ctx context.Context, args []string, platform string, width int) (msg.Message, error) {
	const listed = 5
	w := c.Reporter.Words
	const likeThis = " Like this: /ip 203.0.113.7"
	if len(args) == 0 {
		return msg.Message{}, usageError("Which address?" + likeThis)
	}
	addr, err := netip.ParseAddr(args[0])
	if err != nil {
		typed := w.foreign(store.Clean(args[0], 60), "")
		return msg.Message{}, usageError("“" + typed + "” is no address." + likeThis)
	}
	if len(args) > 1 {
		typed := w.foreign(store.Clean(strings.Join(args[1:], " "), 60), "")
		return msg.Message{}, usageError("“" + typed + "” is too much: I tell all bans of " + w.address(args[0]) + " by /ip and the " +
			"address alone.")
	}
	address := addr.Unmap().WithZone("").String()
	bans, err := c.Store.BansOf(ctx, address, timelineBans)
	if err != nil {
		return msg.Message{}, err
	}
	if len(bans) == 0 {
		return msg.Message{Text: msg.Text{
			{Text: w.address(address), Style: msg.Code}, {Text: " was never banned here."},
		}}, nil
	}
	g := bans[0]
	if err := w.recall(ctx, c.Store, &g); err != nil {
		return msg.Message{}, err
	}
	t := msg.Text{
		{Text: strings.TrimSpace(g.Country.Flag() + " " + g.Country.Name() + " ")},
		{Text: " "},
		{Text: w.address(address), Style: msg.Code},
	}
	if g.Friendly {
		t = append(t, msg.Run{Text: ", friendly"})
	}
	v, err := c.Reporter.judge().verdict(ctx, g)
	if err != nil {
		return msg.Message{}, err
	}
	logins, err := c.Reporter.loginsAround(ctx, bans, time.Now())
	if err != nil {
		return msg.Message{}, err
	}
	h := past{bans: bans, all: g.Before + 1, verdict: v, logins: logins}
	picture, drawn := c.Reporter.For(platform).timeline(h, time.Now())
	verdict := w.verdict(g.Ban, v)
	said := strings.Contains(verdict.String(), loggedIn+" from")
	t = lines(t, w.networkInFull(g), plain(w.opinions(g)), verdict, plain(w.loginLine(g, said)),
		plain("Banned "+times(g.Before+1)+besides(picture)))
	for _, b := range bans[:min(listed, len(bans))] {
		t = append(append(t, msg.Run{Text: "\n" + w.at(b.Ban, time.Now()) + "  "}), w.where(b.Ban)...)
	}
	if n := h.all - listed; n > 0 {
		t = append(t, msg.Run{Text: "\n… and " + number(n) + " earlier"})
	}
	if g.InForce(time.Now()) {
		t = lines(t, w.unban(g.Ban))
	}
	m := msg.Message{Text: t}
	if drawn && utf8.RuneCountInString(t.String()) <= captionMost {
		if m.Photo, err = picture.PNG(); err != nil {
			c.Log.Error("timeline not drawn", "error", err)
		}
		m.Fallback = picture.Text(width)
	}
	return m, nil
}
