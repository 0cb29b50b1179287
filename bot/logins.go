package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"friendlyfire/evidence"
	"friendlyfire/store"
)

// twoReadings is what a login may mean that came after failures: nobody can tell whose it was.
const twoReadings = "its user, or a guessed password"

// recall fills in the earlier bans of the address and the logins from it.
func (w Words) recall(ctx context.Context, s *store.Store, g *store.EnrichedBan) error {
	if err := s.Recall(ctx, g); err != nil {
		return err
	}
	return w.recallLogins(ctx, s, g)
}

// recallLogins fills in the logins from the address.
func (w Words) recallLogins(ctx context.Context, s *store.Store, g *store.EnrichedBan) (err error) {
	g.Logins, err = s.LoginsOf(ctx, g.Ban, max(w.Friends.Logins, store.BeforeBan))
	return err
}

// friendByLogin reports whether the ban is a friend's because he had logged in.
func (w Words) friendByLogin(g store.EnrichedBan) bool {
	return w.Friends.Logins > 0 && g.Logins.Friend(g.Time, w.Friends.Logins)
}

// loggedIn begins what is said of a login.
const loggedIn = "logged in"

// loginPlace is "logged in from there".
func loginPlace(g store.EnrichedBan, l store.LoginSeen) string {
	switch {
	case !l.Near:
		return loggedIn + " from there"
	case strings.Contains(g.Address, "/"):
		return loggedIn + " from within"
	}
	return loggedIn + " from its /64"
}

// loginLine says of the logins from the address what tells whether the ban was right; "" for nothing. If brief, a login
// before the ban is said elsewhere.
func (w Words) loginLine(g store.EnrichedBan, brief bool) string {
	l := g.Logins
	var parts []string
	switch latest := l.Latest(); {
	case !l.Amid.At.IsZero() && l.Before.At.IsZero():
		parts = append(parts, loginPlace(g, latest)+" "+gap(g.Time.Sub(latest.At))+" before, amid the failures: "+twoReadings)
	case !latest.At.IsZero() && guessable(g, latest):
		parts = append(parts, loginPlace(g, latest)+" "+gap(g.Time.Sub(latest.At))+" before, after an earlier ban: "+twoReadings)
	case !latest.At.IsZero() && !brief:
		parts = append(parts, loginPlace(g, latest)+" "+gap(g.Time.Sub(latest.At))+" before")
	}
	if !l.After.At.IsZero() {
		parts = append(parts, loginPlace(g, l.After)+" "+afterBan(g)+": "+twoReadings)
	}
	if len(parts) == 0 {
		return ""
	}
	s := strings.Join(parts, "; ")
	return strings.ToUpper(s[:1]) + s[1:]
}

// guessable reports whether a login before the ban came after an earlier ban of the address, and may be what the
// failures then were for.
func guessable(g store.EnrichedBan, l store.LoginSeen) bool {
	apart := l.At.Sub(g.LastBefore)
	return !g.LastBefore.IsZero() && apart >= 0 && apart <= store.BeforeBan
}

// afterBan is "20 min after the ban ended".
func afterBan(g store.EnrichedBan) string {
	at := g.Logins.After.At
	switch {
	case g.BanTime <= 0:
		return gap(at.Sub(g.Time)) + " after the ban"
	case at.Before(g.End()):
		return gap(at.Sub(g.Time)) + " after the ban began"
	}
	return gap(at.Sub(g.End())) + " after the ban ended"
}

// gap is how long it is between two events, at least a minute.
func gap(d time.Duration) string { return roughly(max(d, time.Minute)) }

// loginsIn is what a list says of the logins: ", logged in 3 days before"; "" for nothing.
func loginsIn(g store.EnrichedBan) string {
	s := ""
	if latest := g.Logins.Latest(); !latest.At.IsZero() {
		s = ", " + loggedIn + " " + gap(g.Time.Sub(latest.At)) + " before"
	}
	if !g.Logins.After.At.IsZero() {
		s += ", " + loggedIn + " " + afterBan(g)
	}
	return s
}

// loginNote explains a list in which somebody logged in after his ban.
func loginNote(bans []store.EnrichedBan) string {
	if slices.ContainsFunc(bans, func(g store.EnrichedBan) bool { return !g.Logins.After.At.IsZero() }) {
		return "\nA login after a ban is of " + twoReadings
	}
	return ""
}

// loginsJudged are the logins as the verdict takes them.
func loginsJudged(g store.EnrichedBan) (all []evidence.Login) {
	for _, l := range []store.LoginSeen{g.Logins.Before, g.Logins.Amid, g.Logins.After} {
		if !l.At.IsZero() {
			all = append(all, evidence.Login{
				Since: g.Time.Sub(l.At), Near: l.Near, Service: l.Service, Guessable: guessable(g, l),
			})
		}
	}
	return all
}

// provenWrong says of each jail how many of its bans of friends logins have proven wrong.
func provenWrong(rows []Row, proven map[string]store.Proof) string {
	var all []string
	for _, row := range rows {
		p := proven[row.Key]
		if p.Wrong == 0 || len(all) == 3 {
			continue
		}
		var how []string
		if p.Before > 0 {
			how = append(how, number(p.Before)+" logged in within a week before")
		}
		if p.After > 0 {
			how = append(how, number(p.After)+" by a day after the end ("+twoReadings+")")
		}
		all = append(all, fmt.Sprintf("\n%s: %s of %s proven wrong: %s",
			row.Name, number(p.Wrong), plural(p.Bans, "friendly ban"), strings.Join(how, ", ")))
	}
	return strings.Join(all, "")
}
