package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"friendlyfire/store"
)

// What is wrong with the machine of a bot that stands by, the one that speaks tells: nobody else would know before it
// is too late.

// ownKinds are what a bot tells the other one of its machine, with what is said when it is over.
var ownKinds = []struct{ kind, over string }{
	{"disk", "its disk has room again"},
	{"clock", "its clock is right again"},
	{"table", "its tables are in order again"},
	{"sources", "it can read its sources again"},
}

// OwnTroubles is what is wrong with this bot's machine, by kind: "its disk is nearly full: 80 MB free".
func (h *Health) OwnTroubles(ctx context.Context) (map[string]string, error) {
	now := time.Now()
	disk, err1 := h.ownDisk(ctx, now)
	table, err2 := h.ownTable(ctx)
	sources, err3 := h.ownSources(ctx, now)
	all := map[string]string{}
	for kind, says := range map[string]string{"disk": disk, "clock": h.ownClock(), "table": table, "sources": sources} {
		if says != "" {
			all[kind] = says
		}
	}
	return all, errors.Join(err1, err2, err3)
}

func (h *Health) ownDisk(ctx context.Context, now time.Time) (string, error) {
	if _, last := h.full.period(); !last.IsZero() && now.Sub(last) < calm {
		return "its disk is full, and it keeps nothing new", nil
	}
	if h.Free == nil {
		return "", nil
	}
	free, used, err := h.space(ctx)
	if err != nil {
		return "", err
	}
	enough := room(used)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.low {
		enough += enough / 5 // as in disk
	}
	if h.low = free < enough; !h.low {
		return "", nil
	}
	return "its disk is nearly full: " + Size(free) + " free", nil
}

func (h *Health) ownClock() string {
	d := h.Clock.Doubt()
	if d == nil || d.Witness == "" && d.Ahead().Abs() <= absence {
		return ""
	}
	off := " ahead"
	if d.Ahead() < 0 {
		off = " behind"
	}
	return "its clock is " + humanDuration(d.Ahead().Abs()) + off
}

func (h *Health) ownTable(ctx context.Context) (string, error) {
	for _, of := range []struct {
		table store.OfflineTable
		name  string
	}{{store.CountryTable, "country table"}, {store.SystemTable, "table of networks"}} {
		t, err := h.Store.TableTrouble(ctx, of.table)
		switch {
		case err != nil:
			return "", err
		case t.Damaged != "":
			return "its " + of.name + " is damaged", nil
		case t.Refused != "":
			return "it refuses its new " + of.name, nil
		}
	}
	return "", nil
}

// ownSources is "it cannot read web1 and web2".
func (h *Health) ownSources(ctx context.Context, now time.Time) (string, error) {
	servers, err := h.servers(ctx, now)
	if err != nil {
		return "", err
	}
	var names []string
	for _, w := range servers.watched {
		if s := servers.find(w.Name); !s.FailingSince.IsZero() && now.Sub(s.FailingSince) > downAfter {
			names = append(names, w.Name)
		}
	}
	if names == nil {
		return "", nil
	}
	return "it cannot read " + fewNames(names), nil
}

// standing tells of what is wrong with a bot that stands by, as it says itself, and of what is over.
func (h *Health) standing(ctx context.Context, p Partner) error {
	var errs []error
	for _, of := range ownKinds {
		says := p.Troubles[of.kind]
		if of.kind == "sources" && says != "" {
			own, err := h.ownSources(ctx, time.Now())
			if err != nil || own != "" { // told already, and hardly the fault of its machine
				errs = append(errs, err)
				continue
			}
		}
		errs = append(errs, h.tell(ctx, strings.Join([]string{"standby", p.Name, of.kind}, "/"), says != "", h.Chats,
			headed(p.Name+", which stands by", ": "+says), headed(p.Name, ": "+of.over)))
	}
	return errors.Join(errs...)
}

// wrong is what is wrong with the machine of a bot that stands by.
func (p Partner) wrong() (all []string) {
	for _, of := range ownKinds {
		if says := p.Troubles[of.kind]; says != "" {
			all = append(all, says)
		}
	}
	return all
}
