package bot

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// refusedLong is how long a registry must refuse before the chats are told: limits on queries often end before that.
const refusedLong = time.Hour

func (h *Health) registries(ctx context.Context, now time.Time) error {
	all, err := h.Store.Registries(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r := all[name]
		begun := headed(r.Server+" has refused to answer", " since "+h.Words.moment(r.RefusedSince, now))
		if r.Trouble != "" { // the registry's own text
			begun = append(begun, msg.Run{Text: " and says "}, msg.Run{Text: r.Trouble, Style: msg.Code})
		}
		begun = append(begun, msg.Run{Text: ". Until it answers, the table alone says where its addresses are."})
		over := msg.Text{{Text: r.Server + " answers again", Style: msg.Bold}}
		err := errors.Join(h.unreachable(ctx, r, now),
			h.tellSince(ctx, "whois/"+r.Server, r.RefusedSince, refuses(r, now), h.Chats, begun, over))
		if err != nil {
			return err
		}
	}
	return nil
}

// refuses reports whether the registry has refused for long. A single refusal, after which nobody asked again, says
// little.
func refuses(r store.Registry, now time.Time) bool {
	return !r.RefusedSince.IsZero() && r.Troubles > 1 && now.Sub(r.RefusedSince) >= refusedLong
}

// unreachableKey is where it is kept since when a registry is out of reach.
func unreachableKey(server string) string { return "whois/unreachable/" + server }

// unreachable keeps since when a registry is out of reach.
func (h *Health) unreachable(ctx context.Context, r store.Registry, now time.Time) error {
	kept, err := h.Store.Value(ctx, unreachableKey(r.Server))
	away := r.Troubles > 0 && r.RefusedSince.IsZero()
	if err != nil || away == (kept != "") {
		return err
	}
	if kept = ""; away {
		kept = stamp(now)
	}
	return h.Store.SetValue(ctx, unreachableKey(r.Server), kept)
}

// whoisLine says how the registries are doing: which do not answer since when, and how many addresses wait for them.
func (h *Health) whoisLine(ctx context.Context, now time.Time) (string, error) {
	if !h.Whois {
		return "off", nil
	}
	backlog, err := h.Store.Backlog(ctx)
	if err != nil {
		return "", err
	}
	registries, err := h.Store.Registries(ctx)
	if err != nil {
		return "", err
	}
	asked, refusing, away, since := 0, []string(nil), []string(nil), now
	today := now.Unix() / 86_400 // in UTC, as the registries' limits are counted
	for _, name := range slices.Sorted(maps.Keys(registries)) {
		r := registries[name]
		if r.Day == today {
			asked += r.Asked
		}
		switch {
		case !r.RefusedSince.IsZero():
			refusing = append(refusing, name+" refuses since "+h.Words.moment(r.RefusedSince, now))
		case r.Troubles > 0:
			kept, err := h.Store.Value(ctx, unreachableKey(name))
			if err != nil {
				return "", err
			}
			if t, err := time.Parse(time.RFC3339, kept); err == nil && t.Before(since) {
				since = t
			}
			away = append(away, name)
		}
	}
	const most = 2 // worth naming; if there are more, port 43 is blocked for all
	var parts []string
	switch {
	case len(away) > most:
		parts = append(parts, "unreachable since "+h.Words.moment(since, now))
	case len(away) > 0:
		parts = append(parts, list(away)+" unreachable since "+h.Words.moment(since, now))
	}
	parts = append(parts, refusing[:min(most, len(refusing))]...)
	if n := len(refusing) - most; n > 0 {
		parts = append(parts, "and so do "+number(n)+" more")
	}
	waits := plural(backlog, "address") + " wait"
	switch backlog {
	case 0:
		waits = "no address waits"
	case 1:
		waits = "1 address waits"
	}
	return strings.Join(append(parts, waits, number(asked)+" asked today"), ", "), nil
}
