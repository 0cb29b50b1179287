package bot

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"friendlyfire/store"
)

// Of a jail that many servers have, one is named as stricter than the others if all of this holds in the period:
//
//   - The jail had bans on at least five servers, and on this one it banned at least three different friends.
//   - It banned there at least three times as many different friends as on the average of the others.
//   - Friends are at least three times as great a part of its bans as of those elsewhere: a server with more of everything
//     is busy, not strict.
//   - So many friends or more would be this server's by chance in less than 1 of 100 such jails, if each friend had been
//     banned by any server, in proportion to the bans of each but by one in so many at least. Every server of the jail is
//     looked at, so the chance of each must be that much smaller.
const (
	leastServers  = 5
	stricterTimes = 3
)

// strictServer is a server on which a jail bans more friends than elsewhere.
type strictServer struct {
	jail, server string
	friends      int64
	others       int   // other servers with the jail
	elsewhere    int64 // friends on all of these
}

// times is how many times as many friends it bans as the others on average; 0: these ban none.
func (s strictServer) times() float64 {
	if s.elsewhere == 0 {
		return 0
	}
	return float64(s.friends) * float64(s.others) / float64(s.elsewhere)
}

// strictServers applies the rule to the bans by jail and server, and returns those with most friends first.
func strictServers(shares map[string]map[string]store.Share) (found []strictServer) {
	for jail, servers := range shares {
		if jail == "" || len(servers) < leastServers {
			continue
		}
		var bans, friends int64
		for _, s := range servers {
			bans, friends = bans+s.Bans, friends+s.Friends
		}
		for name, s := range servers {
			one := strictServer{jail, name, s.Friends, len(servers) - 1, friends - s.Friends}
			part := max(float64(s.Bans)/float64(bans), 1/float64(len(servers)))
			if s.Friends >= leastFriends &&
				s.Friends*int64(one.others) >= stricterTimes*one.elsewhere &&
				s.Friends*(bans-s.Bans) >= stricterTimes*one.elsewhere*s.Bans &&
				byLuck(s.Friends, friends, part)*float64(len(servers)) < byChance {
				found = append(found, one)
			}
		}
	}
	slices.SortFunc(found, func(a, b strictServer) int {
		return cmp.Or(cmp.Compare(b.friends, a.friends), cmp.Compare(a.jail, b.jail), cmp.Compare(a.server, b.server))
	})
	return found
}

// byLuck is the probability that k or more of n fall to somebody who gets each with probability p.
func byLuck(k, n int64, p float64) (sum float64) {
	if p >= 1 {
		return 1
	}
	for ; k <= n; k++ {
		sum += math.Exp(lgamma(float64(n)+1) - lgamma(float64(k)+1) - lgamma(float64(n-k)+1) +
			float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	}
	return sum
}

// stricterThere is "sshd on web7 bans 9 × as many friends as elsewhere: 27, and on 12 other servers 3 each on average",
// for the first few, each after a line break.
func stricterThere(found []strictServer) (lines string) {
	const most = 3
	for _, s := range found[:min(most, len(found))] {
		if s.elsewhere == 0 {
			lines += fmt.Sprintf("\n%s on %s banned %s, and on %s none", s.jail, s.server, plural(s.friends, "friend"),
				plural(s.others, "other server"))
			continue
		}
		mean := fmt.Sprintf("%.1f", float64(s.elsewhere)/float64(s.others))
		lines += fmt.Sprintf("\n%s on %s bans %s × as many friends as elsewhere: %s, and on %s %s each on average", s.jail,
			s.server, number(int64(math.Round(s.times()))), number(s.friends), plural(s.others, "other server"), mean)
	}
	if n := len(found) - most; n > 0 {
		servers := map[string]bool{}
		for _, s := range found[most:] {
			servers[s.server] = true
		}
		lines += "\nSo do " + plural(n, "other jail") + " on " + someNames(slices.Sorted(maps.Keys(servers)))
	}
	return lines
}
