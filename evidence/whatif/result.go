package whatif

import (
	"maps"
	"math"
	"slices"
)

// Bounds are the least and the most that a number can be.
type Bounds [2]int

// Result is what is known of a jail.
type Result struct {
	Jail     string
	Present  Rule
	Told     bool  // the log, or Fail2Ban itself, tells the rule; else it is inferred
	Before   Rule  // the rule before it was changed, since when all else is counted; zero: it was not
	From, To int64 // times of the first and the last line that counts, in seconds of the server's local time since 1970
	Failures int   // lines that tell of one
	Banned   int   // addresses
	Friends  int   // of these, friendly ones
	Choices  []Choice
}

// Choice is what another rule would have done.
type Choice struct {
	Rule
	Banned  Bounds // addresses
	Friends Bounds

	// ExtraGuesses is how many more would have been let through before the bans that there were, at most. Whoever
	// guesses so slowly that this rule never bans him gets more: how many is in no log.
	ExtraGuesses int
}

// Jails are the names of the jails that failed or banned somebody, sorted.
func (r *Replay) Jails() []string {
	names := slices.Sorted(maps.Keys(r.jails))
	return slices.DeleteFunc(names, func(name string) bool { return len(r.jails[name].addresses) == 0 })
}

// Others are the names of jails that were not asked for, sorted.
func (r *Replay) Others() []string { return slices.Sorted(maps.Keys(r.others)) }

// Present is the rule of a jail that is in force at the end, as far as anybody tells.
func (r *Replay) Present(name string) Rule {
	if j := r.jails[name]; j != nil {
		j.catchUp(math.MaxInt64)
		return j.present()
	}
	return stock
}

// Result says what the rules would have done in a jail. Rules that are zero in part are the present one there, and
// their FindTime may else be that of the Replay.
func (r *Replay) Result(name string, friend func(address string) bool, rules ...Rule) Result {
	j := r.jails[name]
	if j == nil {
		return Result{Jail: name, Present: stock}
	}
	j.catchUp(math.MaxInt64)
	res := Result{
		Jail: name, Present: j.present(), Told: j.rule.MaxRetry > 0 && j.rule.FindTime > 0, Failures: j.seen,
		Before: j.before, From: j.first, To: j.last,
	}
	for _, rule := range rules {
		if rule.MaxRetry == 0 {
			rule.MaxRetry = res.Present.MaxRetry
		}
		if rule.FindTime == 0 {
			rule.FindTime = res.Present.FindTime
		}
		c := Choice{Rule: rule}
		c.ExtraGuesses = max(0, rule.MaxRetry-res.Present.MaxRetry) * j.episodes
		res.Choices = append(res.Choices, c)
	}
	for address, t := range j.addresses {
		friendly := -1 // not asked yet
		isFriend := func() bool {
			if friendly < 0 {
				friendly = 0
				if friend(address) {
					friendly = 1
				}
			}
			return friendly == 1
		}
		if t.banned {
			res.Banned++
			if isFriend() {
				res.Friends++
			}
		}
		for i := range res.Choices {
			c := &res.Choices[i]
			low, high := t.bannedBy(c.Rule, res.Present)
			c.Banned.add(low, high)
			if high && isFriend() {
				c.Friends.add(low, high)
			}
		}
	}
	return res
}

// bannedBy reports whether a rule would have banned the address surely, and whether it could have. An address that was
// never banned was seen whole. One that was might have tried more meanwhile.
func (t *track) bannedBy(rule, present Rule) (surely, maybe bool) {
	if rule == present {
		return t.banned, t.banned
	}
	peak := t.peak
	if rule.FindTime != present.FindTime {
		peak = t.other
	}
	surely = int(peak) >= rule.MaxRetry
	return surely, surely || t.banned
}

func (b *Bounds) add(low, high bool) {
	if low {
		b[0]++
	}
	if high {
		b[1]++
	}
}
