package discordtest

import (
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// bucket is the window of a route, which begins with its first request.
type bucket struct {
	used int
	ends time.Time
}

// limit enforces the limits of the bot and of the route, and sets the headers that describe them.
func (s *Server) limit(h http.Header, q Request) *refusal {
	now, route := time.Now(), q.Method+" "+q.Path
	for _, held := range []string{"", route} {
		if left := s.held[held].Sub(now); left > 0 {
			tooMany(h, left, map[bool]string{true: "global", false: "user"}[held == ""])
			return &refusal{Status: http.StatusTooManyRequests}
		}
	}
	s.global = slices.DeleteFunc(s.global, func(t time.Time) bool { return now.Sub(t) >= time.Second })
	if len(s.global) >= s.GlobalLimit {
		tooMany(h, time.Second-now.Sub(s.global[0]), "global")
		return &refusal{Status: http.StatusTooManyRequests}
	}
	s.global = append(s.global, now)

	b := s.buckets[route]
	if b == nil || !now.Before(b.ends) {
		b = &bucket{ends: now.Add(s.Window)}
		s.buckets[route] = b
	}
	b.used++
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(route))
	h.Set("X-RateLimit-Bucket", fmt.Sprintf("%x", hash.Sum64()))
	h.Set("X-RateLimit-Limit", strconv.Itoa(s.Limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(s.Limit-b.used, 0)))
	h.Set("X-RateLimit-Reset", strconv.FormatFloat(float64(b.ends.UnixMilli())/1000, 'f', 3, 64))
	h.Set("X-RateLimit-Reset-After", asSeconds(b.ends.Sub(now)))
	if b.used > s.Limit {
		tooMany(h, b.ends.Sub(now), "user")
		return &refusal{Status: http.StatusTooManyRequests}
	}
	return nil
}

// tooMany sets the headers of a 429.
func tooMany(h http.Header, after time.Duration, scope string) {
	h.Set("Retry-After", asSeconds(after))
	h.Set("X-RateLimit-Scope", scope)
	if scope == "global" {
		h.Set("X-RateLimit-Global", "true")
	}
}

// asSeconds formats a duration like Discord, with milliseconds.
func asSeconds(d time.Duration) string {
	return strconv.FormatFloat(math.Ceil(float64(d)/1e6)/1000, 'f', 3, 64)
}
