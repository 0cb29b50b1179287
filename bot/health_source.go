package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// watched returns all sources: those of the configuration, and those that patterns have found so far.
func (h *Health) watched() []Watched {
	if h.Found == nil {
		return h.Sources
	}
	return slices.Concat(h.Sources, h.Found())
}

// Names returns the names of all sources.
func (h *Health) Names() []string {
	all := h.watched()
	names := make([]string, len(all))
	for i, w := range all {
		names[i] = w.Name
	}
	return names
}

// round is one look at all sources. It asks the store once for what it has kept of them all, and keeps what is new at
// once: thousands of sources cost little more than one.
type round struct {
	*Health
	now     time.Time
	created time.Time         // when the database was
	kept    map[string]string // values of health, by key
	zones   map[string]string // observed zones, by key
	fresh   map[string]string // values to keep
	changes []change

	wellRelays map[string]bool // of those that are of several hosts
}

// change is trouble of a source that has begun or is over, and was not told yet.
type change struct {
	kind, source string
	wrong        bool
	began        time.Time       // zero: now
	detail       string          // what else those have in common that are told together
	says         func() msg.Text // of this one alone
}

// sources looks at all servers.
func (h *Health) sources(ctx context.Context, all servers, now time.Time) error {
	created, err := h.Store.CreatedAt(ctx)
	if err != nil {
		return err
	}
	r := &round{Health: h, now: now, created: created, fresh: map[string]string{}, wellRelays: map[string]bool{}}
	if r.kept, err = h.Store.Values(ctx, "health/"); err != nil {
		return err
	}
	if r.zones, err = h.Store.Values(ctx, store.ZoneKey("")); err != nil {
		return err
	}
	var errs []error
	for _, w := range all.watched {
		s := all.find(w.Name)
		if s.Relay != "" {
			errs = append(errs, r.relayed(ctx, s, all.find(s.Relay)))
			continue
		}
		if w.Stream != "" && r.outOfReach(all.find(w.Stream)) {
			continue
		}
		errs = append(errs, r.source(ctx, w, s))
		if w.relays {
			r.wellRelays[w.Name] = r.well(s) && !r.wrong("bans", w.Name)
		}
		errs = append(errs, r.zone(w.Name))
	}
	logins, err := h.loginSources(ctx)
	errs = append(errs, err, r.logins(ctx, logins), h.Store.SetValues(ctx, r.fresh),
		r.tellAll(ctx, max(len(all.watched), len(logins))))
	return joinedFew(errs)
}

// joinedFew is errors.Join of the first few.
func joinedFew(errs []error) error {
	const most = 5
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if n := len(errs) - most; n > 0 {
		errs = append(errs[:most], fmt.Errorf("and %d more", n))
	}
	return errors.Join(errs...)
}

// tell notes that a source is in trouble, or is not any more. The texts are asked for where that is new.
func (r *round) tell(kind, source, detail string, began time.Time, wrong bool, begun, over func() msg.Text) {
	if wrong == (r.kept["health/"+kind+"/"+source] != "") {
		return
	}
	says := begun
	if !wrong {
		says = over
	}
	r.changes = append(r.changes, change{kind, source, wrong, began, detail, says})
}

// wrong reports whether something is wrong with the source in such a way, be it told or not.
func (r *round) wrong(kind, source string) bool {
	for _, c := range slices.Backward(r.changes) {
		if c.source != source {
			break
		}
		if c.kind == kind {
			return c.wrong
		}
	}
	return r.kept["health/"+kind+"/"+source] != ""
}

// source tells of everything that may be wrong with a source.
func (r *round) source(ctx context.Context, w Watched, s store.SourceStatus) error {
	r.unreadable(s)
	r.silence(w, s)
	if r.now.Sub(r.Started) <= time.Minute && !r.Once {
		return nil // what waits in the file has not been read yet
	}
	if err := r.lines(s); err != nil {
		return err
	}
	return r.pause(ctx, s, nil)
}

// well reports whether there is nothing that would explain that a source has no bans.
func (r *round) well(s store.SourceStatus) bool {
	return s.FailingSince.IsZero() && !r.wrong("source", s.Name) && !r.wrong("strange", s.Name) && !r.wrong("muted", s.Name)
}

// goneAfter is how long a file must be missing before the chats are told: an editor may replace it. Log rotation leaves
// it under another name, and then it is not missing.
const goneAfter = 20 * time.Second

// unreadable tells of a source that cannot be read.
func (r *round) unreadable(s store.SourceStatus) {
	const kind = "unreadable"
	if s.FailingSince.IsZero() {
		r.tell(kind, s.Name, "", time.Time{}, false, nil, func() msg.Text {
			return headed(s.Name+" can be read again", ": "+r.lastLine(s, r.now))
		})
		return
	}
	patience, detail := downAfter, ""
	if s.Gone() {
		patience, detail = goneAfter, store.NoFile
	}
	if r.now.Sub(s.FailingSince) <= patience {
		return
	}
	r.tell(kind, s.Name, detail, s.FailingSince, true, func() msg.Text {
		reason := ReasonOf(s.Error)
		begun := headed(s.Name+" cannot be read", " since "+r.Words.moment(s.FailingSince, r.now)+": "+reason.Says)
		if s.Gone() {
			begun = append(append(begun, msg.Run{Text: ". Is the path right? "}), serverAdvice(s.Name)...)
		}
		return append(begun, reason.advice()...)
	}, nil)
}

// silence tells of a source that brings nothing for longer than it may.
func (r *round) silence(w Watched, s store.SourceStatus) {
	last := s.LastLineAt
	if last.IsZero() { // nothing ever came: silence began with the database
		last = r.created
	}
	silent := w.SilentAfter > 0 && r.now.Sub(last) > w.SilentAfter && r.now.Sub(r.Started) > time.Minute
	r.tell("source", w.Name, "", last, silent, func() msg.Text {
		begun := headed(w.Name+" is silent", ": nothing for "+roughly(r.now.Sub(last))+", "+r.lastLine(s, r.now)+
			". Does Fail2Ban run there, and does its file still grow? ")
		return append(begun, serverAdvice(w.Name)...)
	}, func() msg.Text { return headed(w.Name+" is back", ": "+r.lastLine(s, r.now)) })
}

// zone tells of a source whose lines are written in another zone than the configured one. They are read rightly
// meanwhile, so that nothing is missed; old lines may be off.
func (r *round) zone(source string) error {
	key := store.ZoneKey(source)
	text := r.zones[key]
	if text == "" {
		r.tell("zone", source, "", time.Time{}, false, nil, func() msg.Text {
			return headed(source+" is in its zone", ": times are right again")
		})
		return nil
	}
	var z store.ObservedZone
	if err := json.Unmarshal([]byte(text), &z); err != nil {
		return fmt.Errorf("value of %s: %w", key, err)
	}
	r.tell("zone", source, "", time.Time{}, true, func() msg.Text {
		return headed(source+" is in another time zone", " than "+z.Instead+". "+
			ZoneAdvice(z.Offset, z.Since, r.Words.Zone)+
			" Until then I shift its times, so that no alert is missed; older bans of it may be off.")
	}, nil)
	return nil
}
