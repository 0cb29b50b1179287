package bot

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// judge says who was probably banned. It keeps the names of the fleet's bans for a while.
type judge struct {
	mu      sync.Mutex
	names   map[string]int // by folded name: how many addresses were banned for it
	namesAt time.Time
}

const (
	// pastJudged is how far back bans of the same address count: later, a provider has given it to others.
	pastJudged = 7 * 24 * time.Hour

	// sameTime is how far apart bans of an address by several jails or servers may be to be of one story.
	sameTime = 24 * time.Hour

	// bansJudged is how many bans of an address are looked at, namedBans how many of the fleet, kept for namesFresh.
	bansJudged, namedBans, namesFresh = 20, 2000, 10 * time.Minute
)

// verdict judges a ban by its log lines, by other bans of its address, by the logins from there, and by the names of the
// fleet's other bans.
func (j *judge) verdict(ctx context.Context, s *store.Store, g store.EnrichedBan) (evidence.Verdict, error) {
	all, err := s.BansOf(ctx, g.Address, bansJudged)
	if err != nil {
		return evidence.Verdict{}, err
	}
	var others []store.Ban
	network := evidence.UnknownNetwork
	for _, o := range all {
		others = append(others, o.Ban)
		network = evidence.NetworkOf(o.Holder) // the same of all
	}
	fleet, err := j.fleet(ctx, s)
	if err != nil {
		return evidence.Verdict{}, err
	}
	k := background{fleet: fleet, logins: loginsJudged(g), network: network, read: evidence.Read}
	k.users, err = s.LoggedIn(ctx, triedNames(g.Matches))
	return judged(g.Ban, others, k), err
}

// background is what is known beside the bans of an address.
type background struct {
	fleet   map[string]int // as Context.Fleet
	network evidence.Network
	logins  []evidence.Login
	users   map[string]bool                        // names that have logged in from anywhere: they exist
	read    func(matches string) evidence.Evidence // reads log lines
}

// judged judges a ban, where others are the bans of its address, newest first; they may hold the ban itself.
func judged(b store.Ban, others []store.Ban, k background) evidence.Verdict {
	c := evidence.Context{Failures: b.Failures, Bans: b.BanCount, Fleet: map[string]int{}, Logins: k.logins, Network: k.network}
	e := k.read(b.Matches)
	e.AddPace(b.Failures, b.Pace)
	e.Names = slices.Clone(e.Names)
	for i, n := range e.Names {
		if n.Exists == evidence.Unsaid && k.users[n.Text] {
			e.Names[i].Exists = evidence.Exists
		}
	}
	for _, o := range others {
		apart := b.Time.Sub(o.Time)
		switch same := o.Jail == b.Jail && o.Source == b.Source; {
		case o.Matches == "" || same && apart <= 0 || apart > pastJudged || -apart > sameTime:
		case same || apart > sameTime:
			c.Earlier = append(c.Earlier, k.read(o.Matches))
		default:
			other := k.read(o.Matches)
			c.Others = append(c.Others, evidence.Other{Jail: o.Jail, Server: o.Source, Evidence: other})
			if len(e.Names) == 0 { // the jail recidive, for one, has no lines of its own
				c.Earlier = append(c.Earlier, other)
			}
		}
	}
	for _, n := range e.Names {
		name := evidence.Fold(n.Text)
		c.Fleet[name] = k.fleet[name] - 1 // the address itself is not another
	}
	return evidence.Judge(e, c)
}

// fleet counts, by name, the addresses that were banned for it within a week.
func (j *judge) fleet(ctx context.Context, s *store.Store) (map[string]int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	if j.names != nil && now.Sub(j.namesAt).Abs() < namesFresh {
		return j.names, nil
	}
	bans, err := s.RecentMatches(ctx, now.Add(-7*24*time.Hour), namedBans)
	if err != nil {
		return nil, err
	}
	seen, names := map[[2]string]bool{}, map[string]int{}
	for _, b := range bans {
		for _, n := range evidence.Read(b.Matches).Names {
			key := [2]string{b.Address, evidence.Fold(n.Text)}
			if !seen[key] {
				seen[key] = true
				names[key[1]]++
			}
		}
	}
	j.names, j.namesAt = names, now
	return names, nil
}

// VerdictOf judges the newest ban of an address, and is false for one that was never banned.
func VerdictOf(ctx context.Context, s *store.Store, address string) (evidence.Verdict, bool, error) {
	bans, err := s.BansOf(ctx, address, 1)
	if err != nil || len(bans) == 0 {
		return evidence.Verdict{}, false, err
	}
	g := bans[0]
	if err := (Words{}).recallLogins(ctx, s, &g); err != nil {
		return evidence.Verdict{}, false, err
	}
	v, err := new(judge).verdict(ctx, s, g)
	return v, true, err
}

// verdict is the verdict on a ban as a line of its own; nil for a ban without log lines, unless something else tells who
// it was. User names are in code, so that no client makes a link of one.
func (w Words) verdict(b store.Ban, v evidence.Verdict) msg.Text {
	if b.Matches == "" && v.Who == evidence.Unclear {
		return nil
	}
	rest := strings.Join(v.Reasons, "; ")
	who := v.Who.String()
	bold := strings.TrimSuffix(who, ":")
	t := msg.Text{{Text: bold, Style: msg.Bold}, {Text: who[len(bold):] + " "}}
	names := slices.Clone(v.Names)
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for rest != "" {
		at, name := len(rest), ""
		for _, n := range names {
			if i := strings.Index(rest, n); i >= 0 && i < at {
				at, name = i, n
			}
		}
		t = append(t, msg.Run{Text: rest[:at]})
		if name != "" {
			t = append(t, msg.Run{Text: w.foreign(name, b.Address), Style: msg.Code})
		}
		rest = rest[at+len(name):]
	}
	return t
}

// inLine is the verdict in a list: ", probably a person"; nothing where it is unclear.
func inLine(v evidence.Verdict) string {
	if v.Who == evidence.Unclear {
		return ""
	}
	return ", " + strings.ToLower(strings.TrimSuffix(v.Who.String(), ":"))
}

// look counts friends by what their bans look like.
type look struct{ friends, people, attackers int }

// lookAlikes judges bans of friends, newest first: each address once in each jail, by its newest ban with log lines
// there.
func lookAlikes(bans []store.EnrichedBan) map[string]look {
	byAddress := map[string][]store.Ban{}
	for _, b := range bans {
		byAddress[b.Address] = append(byAddress[b.Address], b.Ban)
	}
	jails := map[string]look{}
	seen := map[[2]string]bool{}
	for _, b := range bans {
		key := [2]string{b.Address, b.Jail}
		if seen[key] || b.Matches == "" {
			continue
		}
		seen[key] = true
		l := jails[b.Jail]
		l.friends++
		k := background{network: evidence.NetworkOf(b.Holder), read: evidence.Read}
		switch judged(b.Ban, byAddress[b.Address], k).Who {
		case evidence.Person:
			l.people++
		case evidence.Attacker:
			l.attackers++
		case evidence.Unclear:
		}
		jails[b.Jail] = l
	}
	return jails
}

// looks is what the friends of a digest look like: "; 2 friends look like people, 1 like an attacker".
func looks(bans []store.EnrichedBan) string {
	all := slices.Clone(bans)
	for i := range all {
		all[i].Jail = "" // each address once
	}
	l := lookAlikes(all)[""]
	var parts []string
	switch {
	case l.people == 1:
		parts = append(parts, "1 friend looks like a person")
	case l.people > 1:
		parts = append(parts, plural(l.people, "friend")+" look like people")
	}
	switch {
	case l.attackers == 1:
		parts = append(parts, "1 like an attacker")
	case l.attackers > 1:
		parts = append(parts, number(l.attackers)+" like attackers")
	}
	if len(parts) == 0 {
		return ""
	}
	return "; " + strings.Join(parts, ", ")
}

// of is "19 of 31 friends banned by sshd look like people".
func (l look) of(jail string) string {
	verb := "look like people"
	if l.people == 1 {
		verb = "looks like a person"
	}
	return fmt.Sprintf("%s of %s banned by %s %s", number(l.people), plural(l.friends, "friend"), jail, verb)
}
