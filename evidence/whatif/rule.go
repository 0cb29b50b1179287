// Package whatif says what another maxretry or findtime would have done, from the lines of fail2ban.log.
//
// It counts as Fail2Ban does, and gives bounds where nobody can know: what a banned address would have tried meanwhile
// is in no log. It knows neither files nor the database.
package whatif

import "math"

// Rule is how strict a jail is.
type Rule struct {
	MaxRetry int   // failures that bring a ban
	FindTime int64 // seconds within which they count
}

// Stock is the rule that Fail2Ban comes with (jail.conf).
var stock = Rule{MaxRetry: 5, FindTime: 600}

// counter counts the failures of one address as Fail2Ban does (server/failmanager.py, addFailure and cleanup;
// server/ticket.py, adjustTime, of 0.10 to 1.1). That is no sliding window: failures that are too old make the count
// shrink at the rate they came in. Its zero value has seen none. Times are seconds.
type counter struct {
	first, last int64
	retry       int32
}

// add counts n failures at a time. Times that run back count as the latest one.
func (c *counter) add(at int64, n int32, findTime int64) {
	switch {
	case c.retry == 0 || c.last <= at-findTime:
		*c = counter{first: at, last: at, retry: n}
		return
	case at > c.last:
		if c.first < at-findTime {
			rate := float64(c.retry) / float64(at-c.first)
			c.retry = int32(math.RoundToEven(rate * float64(findTime)))
			c.first = at - findTime
		}
		c.last = at
	}
	c.retry = min(c.retry+n, math.MaxInt32/2)
}

// addUnsure counts failures of an address of which others may not have been seen. Where it begins anew, one that was
// not seen may have kept the count alive, and then it would shrink sooner.
func (c *counter) addUnsure(at int64, n int32, findTime int64) {
	anew := c.retry == 0 || c.last <= at-findTime
	c.add(at, n, findTime)
	if anew {
		c.first = at - findTime
	}
}
