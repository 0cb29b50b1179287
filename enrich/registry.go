package enrich

import (
	"strings"
	"time"

	"friendlyfire/store"
)

// registry is the query format and the rate limit of one whois server.
//
// On average there is at most one query in each period of `every`. Bursts are reserved for news: the backlog waits
// until the average is met again, so that it never delays news. In any minute there are at most burst + 60 s/every - 1
// queries. Of the queries of a UTC day, the backlog leaves the last fifth to news. Since our day may begin in the
// middle of a registry's, perDay is less than half of a known limit.
type registry struct {
	before, after string // flags around the address in a query
	every         time.Duration
	burst         int
	perDay        int // 0: no limit
}

// maxInflight is how many queries one server may have in flight. RIPE refuses more than 3 connections (its error 306);
// the others are treated alike.
const maxInflight = 2

// rpsl asks RIPE's software only for networks; -r omits the contacts, whose number is limited by the acceptable use
// policies of RIPE (1,000 sets of personal data a day) and AFRINIC (5,000 a day).
const rpsl = "-r -T inetnum,inet6num "

const (
	iana = "whois.iana.org"
	arin = "whois.arin.net"
)

// registries are all servers that are ever queried, always on port 43.
var registries = map[string]registry{
	// Names the registry of a block; queried once for each, about 220 IPv4 /8 and 40 IPv6 blocks in total. It publishes
	// no limit.
	iana: {every: 2 * time.Second, burst: 5, perDay: 1_000},
	// No limit except for personal data, 1,000 sets a day (acceptable use policy).
	"whois.ripe.net": {before: rpsl, every: time.Second, burst: 5, perDay: 20_000},
	// The library puts "n + " before the address, for the full text of every network around it. It publishes no limit.
	arin: {every: time.Second, burst: 5, perDay: 20_000},
	// It publishes no limit.
	"whois.apnic.net": {before: rpsl, every: time.Second, burst: 5, perDay: 20_000},
	// 10 a minute according to its notice, in practice fewer, then no answers for 5 minutes: at most 8 in any minute.
	"whois.lacnic.net": {every: 10 * time.Second, burst: 3, perDay: 4_000},
	// 5,000 a day for each address, then a block of 24 hours; after ten blocks, one of a year (AFRINIC's FAQ).
	"whois.afrinic.net": {before: rpsl, every: 5 * time.Second, burst: 5, perDay: 2_400},

	// National registries publish no limits. APNIC and LACNIC know their networks, so that they are seldom queried.
	"whois.registro.br": {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.mx":          {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.nic.ad.jp":   {after: "/e", every: 10 * time.Second, burst: 3, perDay: 1_000}, // /e: in English
	"whois.kisa.or.kr":  {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.krnic.net":   {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.twnic.net":   {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.cnnic.cn":    {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.idnic.net":   {before: rpsl, every: 10 * time.Second, burst: 3, perDay: 1_000},
}

// mirror is a server of the user's own, which replaces all others.
var mirror = registry{every: 100 * time.Millisecond, burst: 10}

func registryOf(server string) registry {
	if r, ok := registries[server]; ok {
		return r
	}
	return mirror
}

// registryHost returns the server that a reply refers to ("whois://whois.apnic.net", "whois.ripe.net:43"), if it is one
// of the registries on port 43.
func registryHost(refer string) (string, bool) {
	refer = strings.ToLower(strings.TrimSpace(refer))
	refer = strings.TrimPrefix(refer, "whois://")
	refer = strings.TrimSuffix(strings.TrimSuffix(refer, "/"), ":43")
	_, ok := registries[refer]
	return refer, ok
}

const day = 24 * time.Hour

// wait returns how long not to query the server, 0 if it may be queried now.
func (reg registry) wait(r store.Registry, news bool, now time.Time) time.Duration {
	burst, perDay := 1, reg.perDay*4/5
	if news {
		burst, perDay = reg.burst, reg.perDay
	}
	// Cap the times, which were saved when the clock may have been wrong.
	silent := min(r.SilentTill.Sub(now), day)
	spaced := min(max(0, r.Spaced.Sub(now)), time.Duration(reg.burst)*reg.every) - time.Duration(burst-1)*reg.every
	var tomorrow time.Duration
	if perDay > 0 && r.Day == dayOf(now) && r.Asked >= perDay {
		tomorrow = time.Unix((r.Day+1)*int64(day/time.Second), 0).Sub(now)
	}
	return max(0, silent, spaced, tomorrow)
}

// asked counts a query.
func (reg registry) asked(r *store.Registry, now time.Time) {
	if r.Day != dayOf(now) {
		r.Day, r.Asked = dayOf(now), 0
	}
	r.Asked++
	spaced := r.Spaced
	if spaced.Before(now) || spaced.Sub(now) > time.Duration(reg.burst)*reg.every {
		spaced = now
	}
	r.Spaced = spaced.Add(reg.every).Truncate(time.Millisecond)
}

func dayOf(t time.Time) int64 { return t.Unix() / int64(day/time.Second) }

// Backoff from a server, by its troubles in a row.
var (
	refusalBackoff = []time.Duration{15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour, day}
	silenceBackoff = []time.Duration{30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
)

// retryDelays is the backoff for an address, by its queries without an answer.
var retryDelays = []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, day, 7 * day}

// nth returns the n-th step of a ladder, counted from 1, or the last one if it has fewer.
func nth(ladder []time.Duration, n int) time.Duration { return ladder[max(0, min(n, len(ladder))-1)] }
