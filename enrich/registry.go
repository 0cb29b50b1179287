package enrich

import (
	"strings"
	"time"

	"friendlyfire/store"
)

// registry is how one whois server is asked, and how often at most.
//
// Questions come at most every `every` on average. A burst is for news alone: the backlog waits until the pace has
// caught up, so that news never stands behind it. In any minute there are at most burst + 60 s/every - 1 questions.
// Of the day's questions (by UTC) the backlog leaves the last fifth to news; because a day of ours may begin in the
// middle of a registry's, perDay is less than half of a limit that is known.
type registry struct {
	before, after string // what stands around the address in a question
	every         time.Duration
	burst         int
	perDay        int // 0: no limit
}

// maxInflight is how many questions one server has before it at once. RIPE refuses more than 3 connections (its error
// 306); the others are treated alike.
const maxInflight = 2

// rpsl asks RIPE's software for networks alone: -r without the contacts, whose number is what RIPE's acceptable use
// policy (1,000 sets of personal data a day) and AFRINIC's (5,000 a day) limit.
const rpsl = "-r -T inetnum,inet6num "

const (
	iana = "whois.iana.org"
	arin = "whois.arin.net"
)

// registries are all servers that are ever asked, always on port 43.
var registries = map[string]registry{
	// Says who tells of a block; asked once for each, about 220 IPv4 /8 and 40 IPv6 blocks in all. No limit is published.
	iana: {every: 2 * time.Second, burst: 5, perDay: 1_000},
	// No limit without personal data; 1,000 sets of these a day (acceptable use policy).
	"whois.ripe.net": {before: rpsl, every: time.Second, burst: 5, perDay: 20_000},
	// The library puts "n + " before the address, for the full text of every network around it. No limit is published.
	arin: {every: time.Second, burst: 5, perDay: 20_000},
	// No limit is published.
	"whois.apnic.net": {before: rpsl, every: time.Second, burst: 5, perDay: 20_000},
	// 10 a minute by its notice, in practice fewer, then silence for 5 minutes: 8 in any minute at most.
	"whois.lacnic.net": {every: 10 * time.Second, burst: 3, perDay: 4_000},
	// 5,000 a day and address, a block of 24 hours, for a year after ten of them (AFRINIC's questions and answers).
	"whois.afrinic.net": {before: rpsl, every: 5 * time.Second, burst: 5, perDay: 2_400},

	// National registries publish no limits. APNIC and LACNIC know their networks, so that they are seldom asked.
	"whois.registro.br": {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.mx":          {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.nic.ad.jp":   {after: "/e", every: 10 * time.Second, burst: 3, perDay: 1_000}, // /e: in English
	"whois.kisa.or.kr":  {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.krnic.net":   {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.twnic.net":   {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.cnnic.cn":    {every: 10 * time.Second, burst: 3, perDay: 1_000},
	"whois.idnic.net":   {before: rpsl, every: 10 * time.Second, burst: 3, perDay: 1_000},
}

// mirror is one's own server, asked in place of all others.
var mirror = registry{every: 100 * time.Millisecond, burst: 10}

func rules(server string) registry {
	if r, ok := registries[server]; ok {
		return r
	}
	return mirror
}

// host returns the server that a reply refers to ("whois://whois.apnic.net", "whois.ripe.net:43"), if it is one of
// the registries and on port 43.
func host(refer string) (string, bool) {
	refer = strings.ToLower(strings.TrimSpace(refer))
	refer = strings.TrimPrefix(refer, "whois://")
	refer = strings.TrimSuffix(strings.TrimSuffix(refer, "/"), ":43")
	_, ok := registries[refer]
	return refer, ok
}

const day = 24 * time.Hour

// wait is how long the server is to be left alone, 0 if it may be asked now.
func (g registry) wait(r store.Registry, news bool, now time.Time) time.Duration {
	burst, perDay := 1, g.perDay*4/5
	if news {
		burst, perDay = g.burst, g.perDay
	}
	// Nothing lasts longer than it can, however the clock was set when it was written down.
	silent := min(r.SilentTill.Sub(now), day)
	spaced := min(max(0, r.Spaced.Sub(now)), time.Duration(g.burst)*g.every) - time.Duration(burst-1)*g.every
	var tomorrow time.Duration
	if perDay > 0 && r.Day == dayOf(now) && r.Asked >= perDay {
		tomorrow = time.Unix((r.Day+1)*int64(day/time.Second), 0).Sub(now)
	}
	return max(0, silent, spaced, tomorrow)
}

// asked notes a question.
func (g registry) asked(r *store.Registry, now time.Time) {
	if r.Day != dayOf(now) {
		r.Day, r.Asked = dayOf(now), 0
	}
	r.Asked++
	spaced := r.Spaced
	if spaced.Before(now) || spaced.Sub(now) > time.Duration(g.burst)*g.every {
		spaced = now
	}
	r.Spaced = spaced.Add(g.every).Truncate(time.Millisecond)
}

func dayOf(t time.Time) int64 { return t.Unix() / int64(day/time.Second) }

// silences are how long a server is left alone after so many troubles in a row.
var (
	afterRefusal = []time.Duration{15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour, day}
	afterSilence = []time.Duration{30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
)

// again are how long an address is left alone after so many questions in vain.
var again = []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, day, 7 * day}

// nth is the step of a ladder after n of them in a row; the last one for ever after.
func nth(ladder []time.Duration, n int) time.Duration { return ladder[max(0, min(n, len(ladder))-1)] }
