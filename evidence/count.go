package evidence

import (
	"slices"
	"time"
)

// kind is what a line tells of an attempt. Lines of different kinds may tell of the same attempt, lines of the same
// kind do not.
type kind uint8

const (
	noted    kind = iota // no attempt is told of
	failed               // the service refused a login
	refused              // a name that does not exist, or may not log in: once for each connection
	asked                // the module that was asked (PAM, a database) refused
	keyed                // keys were offered: once for each connection
	closed               // the connection ended before a login: once for each connection
	silent               // it ended without any attempt
	accepted             // a login succeeded
	kinds
)

// statement is what one line says.
type statement struct {
	service  string
	kind     kind
	user     string // as it stands in the line; "": none
	exists   Existence
	method   string
	conn     string // tells connections of the service apart; "": the line does not say
	count    int    // attempts, if more than one
	at       time.Time
	password string // a wrong one, or its hash
	jail     string
	mark     string
}

// groupKey is what lines on the same attempts have in common.
type groupKey struct{ service, conn, user string }

// group is the attempts under one name in one connection; or, where lines name no connection, all under one name.
type group struct {
	first  int // statement
	counts [kinds]int
	times  [kinds][]moment
	name   string
	exists Existence
}

// moment is when the statement with this number was made, and under which name.
type moment struct {
	nth  int
	at   time.Time
	name string
}

// account adds up statements.
type account struct {
	groups    map[groupKey]*group
	order     []*group
	keys      []groupKey
	nth       int
	passwords map[string][]string // folded names for which each was wrong
	again     bool                // one was wrong twice for the same name
}

func (a *account) add(s statement) {
	a.nth++
	if s.kind == noted || s.kind == accepted {
		return
	}
	user := cleanName(s.user)
	key := groupKey{s.service, s.conn, user}
	g := a.groups[key]
	if g == nil {
		g = &group{first: a.nth, name: user}
		a.groups[key] = g
		a.order, a.keys = append(a.order, g), append(a.keys, key)
	}
	if g.exists == Unsaid || s.exists == Exists {
		g.exists = s.exists
	}
	n := min(max(1, s.count), maxCount)
	if once := s.kind == refused || s.kind == keyed || s.kind == closed; once && s.conn != "" && g.counts[s.kind] > 0 {
		return
	}
	g.counts[s.kind] += n
	g.times[s.kind] = append(g.times[s.kind], moment{a.nth, s.at, user})
	if s.password != "" {
		a.wrong(s.password, Fold(user))
	}
}

func (a *account) wrong(password, user string) {
	if a.passwords == nil {
		a.passwords = map[string][]string{}
	}
	if names := a.passwords[password]; slices.Contains(names, user) {
		a.again = true
	} else {
		a.passwords[password] = append(names, user)
	}
}

// attempts is how many attempts a group tells of: as many as its most talkative kind of line.
func (g *group) attempts() (n int, best kind) {
	for k := failed; k < silent; k++ {
		if g.counts[k] > n {
			n, best = g.counts[k], k
		}
	}
	return n, best
}

// settle puts the sums into the evidence, and returns the moments of the attempts, in the order of the lines.
func (a *account) settle(e *Evidence) (all []moment) {
	conns := map[groupKey]bool{}
	tried := map[groupKey]int{} // attempts under a name, by connection
	for i, g := range a.order {
		n, _ := g.attempts()
		key := groupKey{service: a.keys[i].service, conn: a.keys[i].conn}
		if g.name != "" {
			tried[key] += n
		}
		switch {
		case key.conn != "":
			conns[key] = true
		case n > 0:
			e.Connections += n
		default:
			e.Connections += g.counts[silent]
		}
	}
	e.Connections += len(conns)
	for i, g := range a.order {
		n, best := g.attempts()
		key := groupKey{service: a.keys[i].service, conn: a.keys[i].conn}
		if g.name == "" && key.conn != "" { // lines without a name are of the attempts under a name, if there are any
			if n <= tried[key] {
				n = 0
			} else {
				n -= tried[key]
			}
		}
		if n == 0 {
			e.Silent += silentOnly(g, tried[key])
			continue
		}
		e.Attempts += n
		all = append(all, g.times[best]...)
		e.name(g, n)
	}
	e.gaps(all)
	e.SamePassword = a.again
	for _, names := range a.passwords {
		if len(names) > 1 {
			e.SharedPassword, e.SamePassword = true, false
		}
	}
	return all
}

// silentOnly counts the silent connections of a group without attempts.
func silentOnly(g *group, tried int) int {
	if tried > 0 || g.counts[silent] == 0 {
		return 0
	}
	return g.counts[silent]
}

// name adds attempts under a name.
func (e *Evidence) name(g *group, attempts int) {
	if g.name == "" {
		return
	}
	i := slices.IndexFunc(e.Names, func(n Name) bool { return n.Text == g.name })
	if i < 0 {
		if len(e.Names) == maxNames {
			return
		}
		e.Names = append(e.Names, Name{Text: g.name, Exists: g.exists, Attempts: attempts})
		return
	}
	n := &e.Names[i]
	n.Attempts += attempts
	if n.Exists == Unsaid || g.exists == Exists {
		n.Exists = g.exists
	}
}

// gaps fills in the times between attempts, and the turns.
func (e *Evidence) gaps(all []moment) {
	slices.SortFunc(all, func(a, b moment) int { return a.nth - b.nth })
	for i := 1; i < len(all); i++ {
		if last := all[i-1].name; last != "" && all[i].name != "" && Fold(last) != Fold(all[i].name) {
			e.Turns++
		}
		if gap, ok := all[i].since(all[i-1]); ok {
			e.Gaps = append(e.Gaps, gap)
		}
	}
}

// since is the time from one moment to a later one; false where it is not known, or a clock ran back.
func (m moment) since(earlier moment) (gap time.Duration, ok bool) {
	from, to := earlier.at, m.at
	if from.IsZero() || to.IsZero() || from.Year() != to.Year() && min(from.Year(), to.Year()) == noYear {
		return 0, false
	}
	if from.Year() == noYear && from.Month() == time.December && to.Month() == time.January {
		to = to.AddDate(1, 0, 0)
	}
	return to.Sub(from), !to.Before(from)
}
