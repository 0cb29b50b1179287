package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// facts are what the signs look at.
type facts struct {
	e Evidence
	c Context

	clusters    int      // people whose names were tried; names that are alike are one person's
	missing     int      // of these, that do not exist and stand in no dictionary
	guessed     []string // names of attackers' dictionaries, that do not exist as far as is known
	roles       []string // names of accounts that systems or companies have, such as root and info, or that exist
	roleMissing bool
	guesswork   int  // how much the names look like a dictionary's
	allExist    bool // several people's, no role's and no guess
	only        string
	onlyExists  bool
	onlyMissing bool
	onlyUnsaid  bool
	capsLock    bool
	repeated    bool // more than one attempt, or all there were
	fleet       string
	named       []string // texts that may stand in reasons
	otherJail   string

	paced       bool          // slowly
	every       time.Duration // the time between attempts, if it is slow
	hurried     bool          // without a pause where people type
	burst       bool          // in a row, as a mail program does
	again       bool          // all names again and again, as devices do, and no list
	application bool          // a web application, whose names are not public
	loginBefore bool
	loginAfter  bool // the ban, or amid the failures: it may have been guessed
}

// amid is how long before a ban a login may have been among the failures.
const amid = time.Hour

// before reports whether the login came before the failures, all that are known.
func (l Login) before() bool { return l.Since >= amid && !l.Guessable }

func gather(e Evidence, c Context) *facts {
	f := &facts{e: e, c: c}
	names := slices.Clone(e.Names)
	for _, earlier := range c.Earlier {
		names = append(names, earlier.Names...)
	}
	if len(e.Names) == 0 && len(e.Marks) == 0 { // of the jail recidive: what it is for stands in the bans before
		if i := slices.IndexFunc(c.Earlier, func(e Evidence) bool { return len(e.Names) > 0 }); i >= 0 {
			f.e = c.Earlier[i]
			f.e.Failures, f.e.Lasted = e.Failures, e.Lasted
			f.c.Failures = 0
		}
	}
	own := clustersOf(names[:min(len(names), maxNames)])
	f.pacing()
	f.count(own)
	f.compare(own)
	for _, c := range own {
		f.named = append(f.named, c.text)
	}
	if f.fleet != "" {
		f.named = append(f.named, f.fleet)
	}
	for _, l := range c.Logins {
		f.loginBefore = f.loginBefore || l.before()
		f.loginAfter = f.loginAfter || !l.before()
	}
	return f
}

func (f *facts) count(own []cluster) {
	g := guesswork{burst: f.burst}
	exist := 0
	for _, c := range own {
		name := c.names[0]
		system := systemNames[name] && !f.mail()
		switch {
		case system, guess(name) && c.exists != Exists:
			f.guessed = append(f.guessed, c.text)
			g.guess(name, c.exists, system)
		case role(name), guess(name):
			f.roles = append(f.roles, c.text)
			f.roleMissing = f.roleMissing || c.exists == Missing
			g.role(name, c.exists)
		case c.exists == Missing:
			f.missing++
		case c.exists == Exists:
			exist++
		}
	}
	f.clusters = len(own)
	f.again = len(f.guessed) == 0 && f.clusters > 1 && f.e.Turns >= max(2, 2*f.clusters-2)
	g.again = f.again
	g.missing, g.people, g.once = f.missing, exist, f.e.Attempts == len(own)
	f.guesswork = g.sum()
	f.allExist = len(own) > 1 && exist == len(own)
	if len(own) == 1 && len(f.guessed)+len(f.roles) == 0 {
		only := own[0].exists
		f.only = own[0].text
		f.onlyExists, f.onlyMissing, f.onlyUnsaid = only == Exists, only == Missing, only == Unsaid
	}
	f.capsLock = f.only != "" && !f.onlyExists && len(f.only) >= 3 && f.only == strings.ToUpper(f.only) &&
		f.only != strings.ToLower(f.only)
	f.repeated = f.e.Attempts > 1 || f.c.Failures == 1
	for _, s := range f.e.Services {
		f.application = f.application || slices.Contains([]string{"nextcloud", "roundcube", "nginx", "apache"}, s)
	}
}

// compare looks at what else is known of the names.
func (f *facts) compare(own []cluster) {
	const often = 3
	for _, c := range own {
		for _, name := range c.names {
			if n := f.c.Fleet[name]; c.exists == Missing && !role(name) && n >= often && n > f.c.Fleet[f.fleet] {
				f.fleet = name
			}
		}
	}
	for _, o := range f.c.Others {
		for _, n := range o.Evidence.Names {
			name := Fold(n.Text)
			listed := guess(name) || role(name)
			known := slices.ContainsFunc(own, func(c cluster) bool { return c.holds(name) || !listed && c.alike(name) })
			if !known && len(own) > 0 && (guess(name) || n.Exists == Missing) {
				f.otherJail = o.Jail
			}
		}
	}
}

// Paces. Whoever types a password needs seconds, and not always as many; within Fail2Ban's usual findtime of ten
// minutes, an attacker who paces himself stays just below maxretry, so that he takes more than a minute.
const (
	slowGap  = 90 * time.Second
	slowType = 65 * time.Second // where a person types: devices ask for mail once a minute
	fastGap  = 2 * time.Second

	// A mail program asks for all its accounts in a row. Dovecot answers each failure two seconds later.
	burstGap = 5 * time.Second
)

func (f *facts) pacing() {
	gaps := slices.Clone(f.e.Gaps)
	for _, earlier := range f.c.Earlier {
		gaps = append(gaps, earlier.Gaps...)
	}
	slices.Sort(gaps)
	if len(gaps) == 0 {
		return
	}
	median := gaps[len(gaps)/2]
	typed := slices.Contains(f.e.Services, "sshd") || slices.Contains(f.e.Services, "wordpress")
	slow := slowGap
	if typed {
		slow = slowType
	}
	if f.paced = median >= slow; f.paced {
		f.every = median
	}
	f.burst = f.mail() && gaps[(len(gaps)-1)/2] <= burstGap
	f.hurried = len(gaps) >= 2 && median <= fastGap && typed && !slices.Contains(f.e.Methods, "publickey")
}

// dictionary says which names are a dictionary's, or could be.
func (f *facts) dictionary() string {
	names := slices.Concat(f.guessed, f.roles)
	switch {
	case len(names) == 0:
		return ""
	case len(names) > 1 && f.guesswork >= strong:
		return "tried " + listNames(names) + ", as attackers do"
	case len(names) > 1:
		return "tried " + listNames(names)
	case len(f.guessed) == 1:
		return names[0] + " is a name that attackers try"
	}
	return names[0] + " does not exist"
}

// plausible reports whether the attempts may be of somebody who types, by their number, pace and origin.
func (f *facts) plausible() bool {
	return f.repeated && !f.paced && !f.hurried && f.c.Network != Hosting
}

func (f *facts) mail() bool {
	return slices.ContainsFunc(f.e.Services, func(s string) bool {
		return slices.Contains([]string{"dovecot", "postfix", "exim", "courier", "roundcube"}, s)
	})
}

func (f *facts) exists() string {
	if f.onlyExists {
		return ", who exists"
	}
	return ""
}

// seen says when the lines show less than was counted.
func (f *facts) seen() string {
	if f.c.Failures > f.e.Attempts && f.e.Attempts > 0 {
		return fmt.Sprintf(" (%d of %d failures seen)", f.e.Attempts, f.c.Failures)
	}
	return ""
}

// pace is "5 failures in 4 min".
func (f *facts) pace() []string {
	if s := f.e.Pace(); s != "" {
		return []string{s}
	}
	n, span := max(f.e.Attempts, f.c.Failures), f.e.Span()
	if n < 2 || span <= 0 || f.c.Failures > f.e.Attempts {
		return nil
	}
	return []string{fmt.Sprintf("%d failures in %s", n, words(span))}
}

// Pace is "5 failures in 4 min", where that is known beside the lines; else "".
func (e *Evidence) Pace() string {
	if e.Failures == 0 {
		return ""
	}
	return fmt.Sprintf("%d failures in %s", e.Failures, words(e.Lasted))
}

func words(d time.Duration) string {
	switch {
	case d < time.Second:
		return "a second"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()+0.5))
	}
	return fmt.Sprintf("%d h", int(d.Hours()+0.5))
}

// loggedIn says of a login before the ban, and warns of one after it.
func (f *facts) loggedIn() string {
	var before, after string
	for _, l := range f.c.Logins {
		where := "from here"
		if l.Near {
			where = "from its neighbourhood"
		}
		switch {
		case l.Since < 0:
			after = ", and after the ban as well"
		case before == "" && l.before():
			before = "logged in " + where + " " + words(l.Since) + " before"
			if l.Since > 36*time.Hour {
				before = fmt.Sprintf("logged in %s %d days before", where, int(l.Since.Hours()/24+0.5))
			}
		}
	}
	return before + after
}

// loggedInAfter says of a login that is of the user, or of whoever has guessed his password.
func (f *facts) loggedInAfter() string {
	for _, l := range f.c.Logins {
		if l.Since >= amid {
			return "logged in from here after an earlier ban: its user, or a guessed password"
		}
		if l.Since >= 0 {
			return "logged in from here amid the failures: its user, or a guessed password"
		}
	}
	return "logged in from here after the ban: its user, or a guessed password"
}

// gapsInEvidence says why there is no answer.
func (f *facts) gapsInEvidence() []string {
	switch {
	case f.e.Lines == 0:
		return append(f.pace(), "no log lines are known")
	case f.e.Unknown == f.e.Lines:
		return []string{"the log lines are of no known form"}
	case f.e.Attempts == 0 && f.e.Silent > 0:
		return []string{"no login was tried"}
	case len(f.e.Names) == 0 && len(f.e.Jails) == 0:
		return []string{"no names in the log lines"}
	case f.onlyMissing:
		return []string{f.only + " does not exist" + f.seen()}
	case f.allExist:
		return []string{"an office, or stolen names"}
	case f.only != "" && f.paced:
		return []string{"an attempt every " + words(f.every)}
	case len(f.roles) == 1 && f.clusters == 1 && !f.roleMissing:
		return []string{"only " + f.roles[0] + ", which people and attackers use alike" + f.seen()}
	}
	return nil
}

// listNames is "a, b and 3 others".
func listNames(names []string) string {
	switch n := len(names); {
	case n == 1:
		return names[0]
	case n <= 3:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	default:
		return fmt.Sprintf("%s, %s and %d others", names[0], names[1], n-2)
	}
}
