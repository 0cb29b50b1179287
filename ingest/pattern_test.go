package ingest

import (
	"slices"
	"testing"
)

// A star stands for a name, or a part of one, within one directory, and for nothing else.
func TestStarsStandForNames(t *testing.T) {
	for name, c := range map[string]struct {
		pattern, file string
		parts         []string // nil: no match
	}{
		"a directory":              {"/remote/*/fail2ban.log", "/remote/web1/fail2ban.log", []string{"web1"}},
		"a file":                   {"/remote/*.log", "/remote/web1.example.org.log", []string{"web1.example.org"}},
		"two":                      {"/remote/*/*/bans.csv", "/remote/ams/web1/bans.csv", []string{"ams", "web1"}},
		"two in a name":            {"/remote/*-*.log", "/remote/ams-web-1.log", []string{"ams", "web-1"}},
		"nothing":                  {"/remote/web*.log", "/remote/web.log", []string{""}},
		"no more levels":           {"/remote/*/fail2ban.log", "/remote/ams/web1/fail2ban.log", nil},
		"another end":              {"/remote/*/fail2ban.log", "/remote/web1/fail2ban.log.1", nil},
		"too short for both":       {"/remote/ab*ba", "/remote/aba", nil},
		"brackets mean nothing":    {"/remote/[a]*", "/remote/a1", nil},
		"and stand for themselves": {"/remote/[a]?*", "/remote/[a]?1", []string{"1"}},
		"relative":                 {"remote/*/bans.csv", "remote/web1/bans.csv", []string{"web1"}},
	} {
		t.Run(name, func(t *testing.T) {
			parts, ok := NewPattern(c.pattern).match(c.file)
			if ok != (c.parts != nil) || !slices.Equal(parts, c.parts) {
				t.Errorf("%s matches %s: %q, %t; want %q", c.pattern, c.file, parts, ok, c.parts)
			}
		})
	}
}

// What rotation leaves beside a file is no other server, whatever the star would match.
func TestRotatedFilesAreNoServers(t *testing.T) {
	live := map[string]bool{"web1.log": true, "web1": true, "198.51.100.7": true, "db.example.org.log": true}
	for name, want := range map[string]bool{
		"web1.log": false, "web2.log": false, "web1.example.org.log": false, "198.51.100.7": false, "198.51.100.70": false,
		"198.51.100.8": false, "db.example.org.log": false, "2001_db8__1.log": false,
		"web1.log.1": true, "web1.log.2.gz": true, "web1-20261122.log": true, "web1.1": true, "web1.old": true,
		"web9-20261122.log": true, "web9.log-20261122.gz": true, "web9.log.xz": true, "web1-2026-11-22.log": true,
		"198.51.100.7.1": true, "web9.20261122T1000": true,
	} {
		if got := isRotated(name, func(name string) bool { return live[name] }); got != want {
			t.Errorf("%s is rotated: %t, want %t", name, got, want)
		}
	}
}
