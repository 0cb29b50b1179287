package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Period is a duration that is longer than most: it may be written in days, "30d".
type Period time.Duration

func parsePeriod(s string) (Period, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return Period(n) * Period(day), nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf(`%s is no duration, such as "12h" or "30d"`, show(s))
	}
	return Period(d), nil
}

// Logins is a file in which the logins that succeeded are written: a [[logins]] table.
type Logins struct {
	// Name is that of the server: 1 to 40 printable characters, unique among logins. Times without a zone are in that of
	// the source of this name, if there is one.
	Name string `toml:"name"`
	// Path is a file on this machine, or a pattern as that of a Source. Logins have either Path or SFTP.
	Path string `toml:"path"`
	// SFTP is a file on another machine, as that of a Source.
	SFTP *SFTPFile `toml:"sftp"`
	// KeyFile and KnownHosts are those of SFTP.
	KeyFile    string `toml:"key_file"`
	KnownHosts string `toml:"known_hosts"`
}

// Source returns the place of the file as that of a source.
func (l *Logins) Source() Source {
	s := NewSource()
	s.Name, s.Path, s.SFTP, s.KeyFile, s.KnownHosts = l.Name, l.Path, l.SFTP, l.KeyFile, l.KnownHosts
	return s
}

// IsPattern reports whether it stands for all files that its path matches.
func (l *Logins) IsPattern() bool {
	place := l.Source()
	return place.IsPattern()
}

// Matched is Source.Matched.
func (l *Logins) Matched(file string, parts []string) (Logins, error) {
	place := l.Source()
	one, err := place.Matched(file, parts)
	if err != nil {
		return Logins{}, err
	}
	matched := *l
	matched.Name, matched.Path, matched.SFTP = one.Name, one.Path, one.SFTP
	return matched, nil
}

// LoginZone returns the zone of the times of a file of logins that do not say theirs.
func (c *Config) LoginZone(l Logins) *time.Location {
	for _, s := range c.Sources {
		if s.Name == l.Name {
			return s.Timezone
		}
	}
	return c.Timezone
}

func (r *reader) logins(n *node, into *[]Logins) {
	if n.kind == unstable.Table {
		r.mistake(n.name, "needs two brackets, [[%s]]: there may be several", n.name)
		return
	}
	if n.kind != unstable.ArrayTable && !r.expect(n, unstable.Array) {
		return
	}
	for _, item := range n.items {
		var l Logins
		if r.expect(item, unstable.Table) {
			r.section(item, reflect.ValueOf(&l).Elem())
		}
		*into = append(*into, l)
	}
}

func (r *reader) checkLogins(c *Config, purpose Purpose) {
	if within := time.Duration(c.FriendlyLogins); within != 0 {
		switch {
		case within < time.Hour || within > 365*day:
			r.mistake("friendly_logins", `expected 1h to 365d, or "0s" for none`)
		case len(c.Logins) == 0:
			r.mistake("friendly_logins", "needs a [[logins]] with a name and a path: the file where logins are written")
		case c.Privacy.KeepDays >= 1 && within > time.Duration(c.Privacy.KeepDays)*day:
			r.mistake("friendly_logins", "is longer than privacy.keep_days, for which logins are kept")
		}
	}
	names := map[string]int{}
	var places []Source
	for i := range c.Logins {
		l, number := &c.Logins[i], i+1
		section := fmt.Sprintf("logins[%d]", number)
		place := l.Source()
		places = append(places, place)
		if r.wrong[section] {
			continue
		}
		if !goodName(l.Name) {
			r.missing(section+".name", section, "expected a name of 1 to 40 printable characters")
		} else if first, taken := names[l.Name]; taken {
			r.mistake(section+".name", "is the name of logins[%d] as well", first)
		}
		names[l.Name] = number
		r.checkPattern(section, &place)
		if first := sameFile(places[:i], &place); first > 0 {
			r.missing(section+".path", section, "is the file of logins[%d] as well", first)
		}
		r.checkLocation(section, &place, purpose)
	}
}
