package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// trouble is one thing that is wrong now.
type trouble struct {
	with string // "web1"
	says string // "web1 is silent (last line read 05:12)"
}

// troubles is everything that is wrong now, and the messages of the last day that were given up.
func (h *Health) troubles(ctx context.Context, now time.Time) (all []trouble, err error) {
	all, err = h.sourceTroubles(ctx, now)
	if err != nil {
		return nil, err
	}
	logins, err := h.loginTroubles(ctx, now)
	if err != nil {
		return nil, err
	}
	all = append(all, logins...)
	for _, chat := range h.Chats {
		status, err := h.Store.ChatStatus(ctx, chat)
		if err != nil {
			return nil, err
		}
		dead, err := h.Store.DeadLetters(ctx, chat, now.Add(-24*time.Hour), "")
		if err != nil {
			return nil, err
		}
		name := chat.String()
		if dead.Count > 0 {
			all = append(all, trouble{name, plural(dead.Count, "message") + " to " + name + " given up"})
		}
		if !status.FailingSince.IsZero() {
			what := cmp.Or(chatReason(status).Does, "out of reach")
			all = append(all, trouble{name, name + " " + what + " since " + h.Words.moment(status.FailingSince, now)})
		}
	}
	all = append(append(all, h.hearingTroubles(now)...), h.voiceTroubles(now)...)
	if h.Whois {
		registries, err := h.Store.Registries(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(registries)) {
			if r := registries[name]; refuses(r, now) {
				since := h.Words.moment(r.RefusedSince, now)
				all = append(all, trouble{name, name + " refuses to answer since " + since})
			}
		}
	}
	if d := h.Clock.Doubt(); d != nil && (d.Witness != "" || d.Ahead().Abs() > absence) {
		all = append(all, trouble{"the clock", strings.TrimSuffix(h.Words.doubt(d, h.Clock.Remote()).String(), ".")})
	}
	disk, err := h.diskTroubles(ctx)
	return append(all, disk...), err
}

func (h *Health) sourceTroubles(ctx context.Context, now time.Time) (all []trouble, err error) {
	sources, err := h.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	kept, err := h.Store.Values(ctx, "health/")
	if err != nil {
		return nil, err
	}
	states := statusByName(sources)
	for _, w := range h.watched() {
		s := states.find(w.Name)
		if !s.FailingSince.IsZero() {
			all = append(all, trouble{w.Name, w.Name + " cannot be read since " + h.Words.moment(s.FailingSince, now)})
		}
		if kept["health/source/"+w.Name] != "" {
			all = append(all, trouble{w.Name, w.Name + " is silent (" + h.lastLine(s, now) + ")"})
		}
		for _, t := range sourceTells {
			if kept["health/"+t.kind+"/"+w.Name] != "" {
				all = append(all, trouble{w.Name, w.Name + " " + t.says})
			}
		}
	}
	if h.Patterns != nil {
		for _, p := range h.Patterns() {
			for _, problem := range p.Problems {
				all = append(all, trouble{p.Name, p.Name + ": " + problem.Finding()})
			}
		}
	}
	return all, nil
}

func (h *Health) diskTroubles(ctx context.Context) (all []trouble, err error) {
	if _, last := h.full.period(); !last.IsZero() && time.Since(last) < calm {
		return []trouble{{"the disk", "the disk is full"}}, nil
	}
	low, err := h.Store.Value(ctx, "health/disk")
	if err != nil || low == "" || h.Free == nil {
		return nil, err
	}
	free, _, err := h.space(ctx)
	return []trouble{{"the disk", "the disk is nearly full (" + Size(free) + " free)"}}, err
}

// lately is what Post told the chats in the last day: what happened, but does not last.
func (h *Health) lately(ctx context.Context, now time.Time) (all []msg.Text, err error) {
	for _, kind := range []string{"clock", "damage", "was-full"} {
		n, err := h.Store.LatestNotice(ctx, "health/"+kind+"/")
		if err != nil {
			return nil, err
		}
		var body Body
		if n.ID != 0 && now.Sub(n.CreatedAt).Abs() < 24*time.Hour && json.Unmarshal([]byte(n.Body), &body) == nil {
			all = append(all, body.Text)
		}
	}
	return all, nil
}

// Digest sums up in one line how things are.
func (h *Health) Digest(ctx context.Context, now time.Time) (string, error) {
	sources, err := h.Store.Sources(ctx)
	if err != nil {
		return "", err
	}
	troubles, err := h.troubleLine(ctx, now)
	if troubles == "" {
		return h.newestBans(sources, now) + "; all sources healthy", err
	}
	return h.newestBans(sources, now) + ". " + troubles, err
}

// troubleLine is "Trouble: …", "" if there is none.
func (h *Health) troubleLine(ctx context.Context, now time.Time) (string, error) {
	all, err := h.troubles(ctx, now)
	if err != nil || len(all) == 0 {
		return "", err
	}
	says := make([]string, len(all))
	for i, t := range all {
		says[i] = t.says
	}
	const most = 6 // the digest must fit into one message with its list
	if n := len(says) - most; n > 0 {
		says = append(says[:most], "and "+number(n)+" more: /status lists them")
	}
	return "Trouble: " + strings.Join(says, "; "), nil
}

// newestBans says how old the newest ban of each source is.
func (h *Health) newestBans(sources []store.SourceStatus, now time.Time) string {
	const most = 3 // as for trouble
	all, states := h.watched(), statusByName(sources)
	if len(all) >= fleetFrom {
		return h.fleetLine(all, states, now)
	}
	var says []string
	for _, w := range all[:min(most, len(all))] {
		says = append(says, w.Name+": "+h.lastBan(states.find(w.Name), now))
	}
	if n := len(all) - most; n > 0 {
		says = append(says, "and "+plural(n, "other source")+": /status lists them")
	}
	return strings.Join(says, "; ")
}
