package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// loginSources is the state of each file of logins, in the order of the configuration.
func (h *Health) loginSources(ctx context.Context) ([]store.LoginStatus, error) {
	names := h.Logins
	if h.FoundLogins != nil {
		names = slices.Concat(names, h.FoundLogins())
	}
	if len(names) == 0 {
		return nil, nil
	}
	known, err := h.Store.LoginSources(ctx)
	all := make([]store.LoginStatus, len(names))
	for i, name := range names {
		all[i] = known[name]
		all[i].Name = name
	}
	return all, err
}

// logins tells of files of logins that cannot be read, of those that are none, and of those in another zone.
func (r *round) logins(ctx context.Context, all []store.LoginStatus) error {
	if len(all) == 0 {
		return nil
	}
	zones, err := r.Store.Values(ctx, store.LoginZoneKey(""))
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range all {
		what := "The logins of " + s.Name
		r.loginsUnreadable(what, s)
		if r.now.Sub(r.Started) <= time.Minute && !r.Once {
			continue // what waits in the file has not been read yet
		}
		r.tell("no logins", s.Name, "", time.Time{}, StrangeLogins(s), func() msg.Text {
			return append(headed(what+" are in another file",
				": none of its "+plural(s.Lines, "line")+" is of sshd, Dovecot or Postfix. Is the path right? "),
				advised("To see what it has", "friendlyfire check")...)
		}, func() msg.Text { return headed(what+" are read", "") })
		errs = append(errs, r.loginZone(what, s.Name, zones[store.LoginZoneKey(s.Name)]))
	}
	return joinedFew(errs)
}

func (r *round) loginsUnreadable(what string, s store.LoginStatus) {
	const kind = "unreadable logins"
	if s.FailingSince.IsZero() {
		r.tell(kind, s.Name, "", time.Time{}, false, nil, func() msg.Text { return headed(what+" can be read again", "") })
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
		begun := headed(what+" cannot be read", " since "+r.Words.moment(s.FailingSince, r.now)+": "+reason.Says)
		if s.Gone() {
			begun = append(begun, msg.Run{Text: ". Is the path right? Where only the journal has them, rsyslog writes the file"})
		}
		return append(begun, reason.advice()...)
	}, nil)
}

// loginZone is zone for a file of logins.
func (r *round) loginZone(what, name, text string) error {
	const kind = "login zone"
	if text == "" {
		r.tell(kind, name, "", time.Time{}, false, nil, func() msg.Text {
			return headed(what+" are in their zone", ": times are right again")
		})
		return nil
	}
	var z store.ObservedZone
	if err := json.Unmarshal([]byte(text), &z); err != nil {
		return fmt.Errorf("value of %s: %w", store.LoginZoneKey(name), err)
	}
	r.tell(kind, name, "", time.Time{}, true, func() msg.Text {
		return headed(what+" are in another time zone", " than "+z.Instead+
			". I shift their times. The timezone of the source of that name is theirs, too.")
	}, nil)
	return nil
}

// StrangeLogins reports whether a file that should have logins is none that could: it has many lines, none of them is
// of a service that has logins, and most are no log at all or Fail2Ban's.
func StrangeLogins(s store.LoginStatus) bool {
	const few = 3
	known := s.Logins + s.Kinds[store.NoLogin] + s.Kinds[store.PrivateLogin] + s.Kinds[store.LoginWithoutAddress]
	foreign := s.Rejects + s.Kinds[store.Continued] + s.Kinds[store.OtherFail2Ban]
	return known == 0 && foreign >= few && foreign > s.Kinds[store.OtherProgram]
}

// loginLine says how a file of logins is doing.
func (h *Health) loginLine(s store.LoginStatus, now time.Time) string {
	line := "no login yet"
	if s.Logins > 0 {
		line = "last login " + h.Words.moment(s.LastLoginAt, now) + ", " + plural(s.Logins, "login")
	}
	if behind := s.Size - s.Offset; behind > 0 {
		line += ", " + Size(behind) + " to read"
	}
	if s.Rejects > 0 {
		line += ", " + plural(s.Rejects, "bad line")
	}
	if s.Gaps > 0 {
		line += ", " + plural(s.Gaps, "file") + " lost unread"
	}
	if !s.FailingSince.IsZero() {
		line += ", unreadable since " + h.Words.moment(s.FailingSince, now) + " (" + ReasonOf(s.Error).Says + ")"
	}
	return line
}

// loginTroubles is what is wrong with files of logins now.
func (h *Health) loginTroubles(ctx context.Context, now time.Time) (all []trouble, err error) {
	sources, err := h.loginSources(ctx)
	for _, s := range sources {
		with := loginsOf(s.Name)
		if !s.FailingSince.IsZero() {
			all = append(all, trouble{with, with + " cannot be read since " + h.Words.moment(s.FailingSince, now)})
		}
		if StrangeLogins(s) {
			all = append(all, trouble{with, with + " are in another file"})
		}
	}
	return all, err
}

// loginsOf is what troubles call the logins of a server.
func loginsOf(name string) string { return "the logins of " + name }

// loginsUnwell is "all well", or "3 unwell: web1, web7 and db2".
func loginsUnwell(all []store.LoginStatus) string {
	if len(all) == 0 {
		return "all well"
	}
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Name
	}
	return number(len(all)) + " unwell: " + someNames(names)
}
