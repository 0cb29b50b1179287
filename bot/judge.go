package bot

import (
	"context"
	"slices"
	"sync"
	"time"

	"friendlyfire/evidence"
	"friendlyfire/store"
)

// Judge says who was probably banned, in an alert as in a report: there is one rule, and all that is known counts. It
// keeps the names of the fleet's bans for a while, and may be shared.
type Judge struct {
	Store *store.Store
	Words Words

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

// verdict judges a ban by its log lines, by other bans of its address, by the logins from there, by the names that have
// logged in from anywhere, and by the names of the fleet's other bans.
func (j *Judge) verdict(ctx context.Context, g store.EnrichedBan) (evidence.Verdict, error) {
	near := store.Window{From: g.Time.Add(-pastJudged), To: g.Time.Add(sameTime + time.Second)}
	others, err := j.Store.BansOfAddress(ctx, g.Address, near, bansJudged)
	if err != nil {
		return evidence.Verdict{}, err
	}
	all, err := j.verdicts(ctx, []store.EnrichedBan{g}, others)
	if err != nil {
		return evidence.Verdict{}, err
	}
	return all[0], nil
}

// VerdictOf judges the newest ban of an address, and is false for one that was never banned.
func (j *Judge) VerdictOf(ctx context.Context, address string) (evidence.Verdict, bool, error) {
	bans, err := j.Store.BansOf(ctx, address, 1)
	if err != nil || len(bans) == 0 {
		return evidence.Verdict{}, false, err
	}
	v, err := j.verdict(ctx, bans[0])
	return v, true, err
}

// Friends are judged in reports: so many, and so many bans of them, which takes some milliseconds.
const friendsJudged, bansOfFriends = 300, 1500

// friends judges the bans of friends in the window, newest first: all, or of those that are the same only one, the
// newest with log lines.
func (j *Judge) friends(
	ctx context.Context, w store.Window, same func(store.EnrichedBan) [2]string,
) (bans []store.EnrichedBan, verdicts []evidence.Verdict, err error) {
	wide := w
	if !w.From.IsZero() {
		wide.From = w.From.Add(-pastJudged)
	}
	if !w.To.IsZero() {
		wide.To = w.To.Add(sameTime)
	}
	all, err := j.Store.BansOfFriends(ctx, wide, friendsJudged, bansOfFriends)
	if err != nil {
		return nil, nil, err
	}
	at := map[[2]string]int{}
	for _, b := range all {
		if b.Time.Before(w.From) || !w.To.IsZero() && !b.Time.Before(w.To) {
			continue
		}
		if same != nil {
			if i, known := at[same(b)]; known {
				if bans[i].Matches == "" && b.Matches != "" {
					bans[i] = b
				}
				continue
			}
			at[same(b)] = len(bans)
		}
		bans = append(bans, b)
	}
	verdicts, err = j.verdicts(ctx, bans, all)
	return bans, verdicts, err
}

// verdicts judges each of the bans, and fills in the logins from their addresses. others are bans of these addresses,
// newest first, and may be the bans themselves. It asks the database a few questions for all of them.
func (j *Judge) verdicts(ctx context.Context, bans, others []store.EnrichedBan) ([]evidence.Verdict, error) {
	if len(bans) == 0 {
		return nil, nil
	}
	if err := j.Store.RecallLogins(ctx, bans, max(j.Words.Friends.Logins, store.BeforeBan)); err != nil {
		return nil, err
	}
	byAddress := map[string][]store.EnrichedBan{}
	for _, o := range others {
		byAddress[o.Address] = append(byAddress[o.Address], o)
	}
	for i := range bans {
		if err := j.recallLast(ctx, &bans[i], byAddress[bans[i].Address]); err != nil {
			return nil, err
		}
	}
	fleet, err := j.fleet(ctx)
	if err != nil {
		return nil, err
	}
	k := background{fleet: fleet, read: readOnce(evidence.Read)}
	var names []string
	for _, b := range bans {
		for _, n := range k.read(b.Matches).Names {
			names = append(names, n.Text)
		}
	}
	slices.Sort(names)
	if k.users, err = j.Store.LoggedIn(ctx, slices.Compact(names)); err != nil {
		return nil, err
	}
	all := make([]evidence.Verdict, len(bans))
	for i, b := range bans {
		k.logins, k.network = loginsJudged(b), evidence.NetworkOf(b.Holder)
		all[i] = judged(b.Ban, neighbours(b.Ban, byAddress[b.Address]), k)
	}
	return all, nil
}

// recallLast fills in when the address was banned before, if somebody logged in there: it may have been guessed then.
func (j *Judge) recallLast(ctx context.Context, b *store.EnrichedBan, others []store.EnrichedBan) error {
	if b.Logins.Latest().At.IsZero() || !b.LastBefore.IsZero() {
		return nil
	}
	for _, o := range others[after(b.Time, others):] {
		if o.Time.Before(b.Time) || o.Time.Equal(b.Time) && o.ID < b.ID {
			b.LastBefore = o.Time
			return nil
		}
	}
	return j.Store.Recall(ctx, b)
}

// neighbours are the latest of the others that count for a ban, where others are newest first.
func neighbours(b store.Ban, others []store.EnrichedBan) []store.EnrichedBan {
	from, to := after(b.Time.Add(sameTime), others), after(b.Time.Add(-pastJudged-time.Second), others)
	return others[from:min(to, from+bansJudged)]
}

// after is how many of the bans, newest first, are later.
func after(t time.Time, bans []store.EnrichedBan) int {
	n, _ := slices.BinarySearchFunc(bans, t, func(o store.EnrichedBan, t time.Time) int { return t.Compare(o.Time) })
	return n
}

// readOnce reads each text once.
func readOnce(read func(string) evidence.Evidence) func(string) evidence.Evidence {
	known := map[string]evidence.Evidence{}
	return func(matches string) evidence.Evidence {
		e, ok := known[matches]
		if !ok {
			e = read(matches)
			known[matches] = e
		}
		return e
	}
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
func judged(b store.Ban, others []store.EnrichedBan, k background) evidence.Verdict {
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
func (j *Judge) fleet(ctx context.Context) (map[string]int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	if j.names != nil && now.Sub(j.namesAt).Abs() < namesFresh {
		return j.names, nil
	}
	bans, err := j.Store.RecentMatches(ctx, now.Add(-7*24*time.Hour), namedBans)
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
