package bot

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// bansRead is how many of a period's bans are read for the names that were tried: the latest. To read log lines takes
// ten microseconds for each ban, and nobody waits longer than for other reports.
const bansRead = 5000

// usersTried are the names that were tried in a period, most bans first. A name is counted once for each ban.
type usersTried struct {
	names  []userName
	looked int64     // bans that were looked at, with log lines or not
	since  time.Time // of the first of these; zero: they are all of the period's
	named  int64     // of these, bans whose lines have names
	friend int64     // of these, bans of friends
}

// userName is a name as its bans have it: folded, and cleaned; where addresses are masked, none in it is left whole.
type userName struct {
	store.Count
	exists, missing bool // as the lines of some ban say
}

// account is what log lines say of an account: "exists", "missing", "" where they do not, and "mixed" where servers
// differ.
func (n userName) account() string {
	switch {
	case n.exists && n.missing:
		return "mixed"
	case n.exists:
		return "exists"
	case n.missing:
		return "missing"
	}
	return ""
}

// byUser counts by the user names that stand in the log lines of bans.
func byUser(ctx context.Context, r *Reporter, rep *Report) (counts store.Counts, err error) {
	if counts.Total, err = r.Store.Totals(ctx, rep.scope()); err != nil {
		return counts, err
	}
	bans, looked, since, err := r.Store.LatestMatches(ctx, rep.scope(), bansRead)
	if err != nil {
		return counts, err
	}
	tried := r.Words.tally(bans)
	tried.looked = looked
	if looked < counts.Total.Bans {
		tried.since = since
	}
	for _, n := range tried.names {
		counts.Rows = append(counts.Rows, n.Count)
	}
	rep.detail = tried
	return counts, nil
}

// tally counts the names of bans.
func (w Words) tally(bans []store.EnrichedBan) (u usersTried) {
	type sum struct {
		userName
		addresses map[string]bool
	}
	names := map[string]*sum{}
	for i, read := range readAll(bans) {
		seen := map[string]bool{}
		for _, n := range read.Names {
			name := w.foreign(evidence.Fold(n.Text), bans[i].Address)
			s := names[name]
			if s == nil {
				s = &sum{addresses: map[string]bool{}}
				s.Key, names[name] = name, s
			}
			s.exists, s.missing = s.exists || n.Exists == evidence.Exists, s.missing || n.Exists == evidence.Missing
			if seen[name] {
				continue
			}
			seen[name], s.addresses[bans[i].Address] = true, true
			if s.Bans++; bans[i].Friendly {
				s.Friendly++
			}
		}
		if len(seen) > 0 {
			if u.named++; bans[i].Friendly {
				u.friend++
			}
		}
	}
	for _, s := range names {
		s.Addresses = int64(len(s.addresses))
		u.names = append(u.names, s.userName)
	}
	slices.SortFunc(u.names, func(a, b userName) int {
		return cmp.Or(cmp.Compare(b.Bans, a.Bans), cmp.Compare(a.Key, b.Key))
	})
	return u
}

// readAll reads the log lines of bans, in two halves at a time.
func readAll(bans []store.EnrichedBan) []evidence.Evidence {
	all := make([]evidence.Evidence, len(bans))
	var halves sync.WaitGroup
	for first := range 2 {
		halves.Go(func() {
			for i := first; i < len(bans); i += 2 {
				all[i] = evidence.Read(bans[i].Matches)
			}
		})
	}
	halves.Wait()
	return all
}

func userKey(key string) string { return key }

func hasUsers(rep Report) bool { return len(rep.Rows) > 1 }

// usersChart draws a bar for each of the names that were tried most, and says whether there is such an account.
func usersChart(r *Reporter, rep Report) Picture {
	u := detail[usersTried](rep)
	rep.Before = -1 // of all bans
	c := charts.BarChart{
		Head:  r.head(rep, plural(len(u.names), "name")+" in "+u.sample(r.Words, rep)),
		Theme: r.Theme, Max: usersDrawn, Empty: "No log line has a name",
	}
	for _, n := range u.drawn() {
		if n.account() != "" {
			c.NoteLabel = "account"
		}
		c.Bars = append(c.Bars, charts.Bar{Label: n.Key, Value: n.Bans, Friends: n.Friendly, Note: n.account()})
	}
	return c
}

// usersDrawn is how many names a picture has, and usersOfFriends how many of them are of friends' bans if there are.
const usersDrawn, usersOfFriends = 10, 4

// drawn are the names tried most, and those tried most in bans of friends.
func (u usersTried) drawn() []userName {
	friends := slices.DeleteFunc(slices.Clone(u.names), func(n userName) bool { return n.Friendly == 0 })
	slices.SortStableFunc(friends, func(a, b userName) int { return cmp.Compare(b.Friendly, a.Friendly) })
	chosen := map[string]userName{}
	for _, n := range slices.Concat(friends[:min(usersOfFriends, len(friends))], u.names) {
		if len(chosen) < usersDrawn {
			chosen[n.Key] = n
		}
	}
	return slices.SortedFunc(maps.Values(chosen), func(a, b userName) int {
		return cmp.Or(cmp.Compare(b.Bans, a.Bans), cmp.Compare(a.Key, b.Key))
	})
}

// sample says of which bans the names are.
func (u usersTried) sample(w Words, rep Report) string {
	if u.since.IsZero() {
		return plural(rep.Total, "ban")
	}
	return "the latest " + plural(u.looked, "ban") + ", since " + u.since.In(w.Zone).Format(msg.DayForm)
}

// findUsers is how many bans have names, and which name was tried most.
func findUsers(rep Report) finding {
	u := detail[usersTried](rep)
	f := finding{sentence: "Names tried in " + plural(u.named, "ban")}
	if u.friend > 0 {
		f.friends = number(u.friend) + " of friends"
		f.sentence += ", " + f.friends
	}
	if u.names[0].Bans > u.names[1].Bans {
		f.sentence += "; most " + store.Clean(u.names[0].Key, 24) + ", " + number(u.names[0].Bans)
	}
	return f
}

// usersNamed is the caption's part on names, which are foreign text: in code, no client makes a link of one.
func (w Words) usersNamed(rep Report) msg.Text {
	u := detail[usersTried](rep)
	if rep.Total == 0 {
		return nil
	}
	t := plain("\nNames: in " + number(u.named) + " (" + percent(u.named, u.looked) + ") of " + u.sample(w, rep))
	t = append(t, namesTried("\nTried most: ", u.names)...)
	existing := slices.DeleteFunc(slices.Clone(u.names), func(n userName) bool { return n.account() != "exists" })
	t = append(t, namesTried("\nAccounts that exist: ", existing)...)
	missing := 0
	for _, n := range u.names {
		if n.account() == "missing" {
			missing++
		}
	}
	if missing > 0 {
		t = append(t, msg.Run{Text: "\nAccounts that do not exist: " + number(missing)})
	}
	return t
}

// namesTried lists the first names with their bans: "Tried most: root 412, admin 120 and 97 other names".
func namesTried(head string, names []userName) (t msg.Text) {
	const most, chars = 5, 32
	for i, n := range names[:min(most, len(names))] {
		t = append(t,
			msg.Run{Text: map[bool]string{true: head, false: ", "}[i == 0]},
			msg.Run{Text: store.Clean(n.Key, chars), Style: msg.Code},
			msg.Run{Text: " " + number(n.Bans)})
	}
	if n := len(names) - most; n > 0 {
		t = append(t, msg.Run{Text: " and " + strings.Replace(plural(n, "other name"), "1 other", "another", 1)})
	}
	return t
}
