package bot

import (
	"context"
	"slices"
	"time"

	"friendlyfire/store"
)

// forgetAfter is how long after it was told a server of a relay counts as unwell: whoever took it away knows by then. A
// file of its own that is gone is forgotten after as long.
const forgetAfter = 7 * 24 * time.Hour

// servers are all that are watched: the sources, and the servers that are heard only within the file of one that is of
// several hosts.
type servers struct {
	watched []Watched // sources first
	states  map[string]store.SourceStatus
}

// find returns the state of one.
func (s servers) find(name string) store.SourceStatus {
	if state, ok := s.states[name]; ok {
		return state
	}
	return store.SourceStatus{Name: name}
}

// count is how many servers there are: the file of several is none by itself.
func (s servers) count() (n int) {
	for _, w := range s.watched {
		if !w.relays {
			n++
		}
	}
	return n
}

// servers returns all that are watched. One of a relay is left out if it has not been heard of for so long that no past
// is left to judge by, or if that has been told and it was forgotten since.
func (h *Health) servers(ctx context.Context, now time.Time) (all servers, err error) {
	sources, err := h.Store.Sources(ctx)
	if err != nil {
		return all, err
	}
	relayed, err := h.Store.Relayed(ctx, now.AddDate(0, 0, -pauseDays))
	if err != nil {
		return all, err
	}
	all.watched, all.states = h.watched(), make(map[string]store.SourceStatus, len(sources)+len(relayed))
	for _, s := range sources {
		all.states[s.Name] = s
	}
	if len(relayed) == 0 {
		return all, nil
	}
	kept, err := h.Store.Values(ctx, "health/bans/")
	if err != nil {
		return all, err
	}
	places := make(map[string]int, len(all.watched))
	watched := make([]Watched, len(all.watched), len(all.watched)+len(relayed))
	for i, w := range all.watched {
		watched[i], places[w.Name] = w, i
	}
	for _, s := range relayed {
		relay, read := places[s.Relay]
		if _, itself := places[s.Name]; itself || !read || forgotten(kept["health/bans/"+s.Name], s, now) {
			continue
		}
		watched[relay].relays = true
		watched = append(watched, Watched{Name: s.Name})
		all.states[s.Name] = s
	}
	all.watched = watched
	return all, nil
}

// forgotten reports whether it was told long ago that a server is quiet, and it has been so since.
func forgotten(kept string, s store.SourceStatus, now time.Time) bool {
	told, err := sinceTold(kept)
	return err == nil && !told.IsZero() && now.Sub(told) > forgetAfter && s.LastBanAt.Before(told)
}

// relayed tells of a server of a relay that is unusually quiet, by the rule for sources.
func (r *round) relayed(ctx context.Context, s, relay store.SourceStatus) error {
	if relay.Offset < relay.Size || r.now.Sub(r.Started) <= time.Minute && !r.Once {
		return nil
	}
	return r.pause(ctx, s, &relay)
}

// relayMemo is when a relay had bans of any of its servers.
type relayMemo struct {
	hours []store.BanHour
	at    time.Time
}

// unheard is for how much of the time since a server's newest ban nothing was heard of any server of the relay, so that
// it says nothing of this one: since the relay's last line and, of the time before, what was unusually quiet for the
// relay. That is one trouble, and the relay's own.
func (r *round) unheard(ctx context.Context, relay store.SourceStatus, newest time.Time) (time.Duration, error) {
	const recent = 10 * time.Minute
	heard := minTime(relay.LastLineAt, r.now)
	m := r.relayHours[relay.Name]
	if r.now.Sub(m.at) >= recent || r.now.Before(m.at) {
		var err error
		m.at = r.now
		m.hours, err = r.Store.BanHours(ctx, relay.Name, store.Window{From: r.now.AddDate(0, 0, -pauseDays), To: r.now})
		if err != nil {
			return 0, err
		}
		if r.relayHours == nil {
			r.relayHours = map[string]relayMemo{}
		}
		r.relayHours[relay.Name] = m
	}
	after, _ := slices.BinarySearchFunc(m.hours, newest, func(h store.BanHour, t time.Time) int {
		return time.Unix(h.Hour, 0).Compare(t)
	})
	most := leastPause
	if usual, ok := newUsualPause(m.hours[:after]); ok {
		most = usual.limit()
	}
	long, last := r.now.Sub(heard), newest
	for _, h := range m.hours[after:] {
		at := time.Unix(h.Hour, 0)
		if pause := at.Sub(last); pause > most {
			long += pause
		}
		last = at
	}
	return long, nil
}
