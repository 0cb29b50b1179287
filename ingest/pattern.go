package ingest

import (
	"path"
	"regexp"
	"strings"
)

// Pattern is the path of many files: each star stands for any name, or for a part of one, within one directory. No
// other character has a meaning.
type Pattern struct {
	Path string // with at least one star, and nowhere two in a row

	levels []level
}

// level is a part of a pattern's path: names that lead from a directory into another, or the stars of one name.
type level struct {
	names string   // "log/remote"; "": a name with stars
	stars []string // what is before, between and behind the stars of the name
}

// NewPattern parses the path of a pattern.
func NewPattern(file string) Pattern {
	p := Pattern{Path: path.Clean(file)}
	for name := range strings.SplitSeq(p.Path, "/") {
		last := len(p.levels) - 1
		switch {
		case strings.Contains(name, "*"):
			p.levels = append(p.levels, level{stars: strings.Split(name, "*")})
		case last >= 0 && p.levels[last].stars == nil:
			p.levels[last].names += "/" + name
		default:
			p.levels = append(p.levels, level{names: name})
		}
	}
	return p
}

// top returns the directory above all stars, and what is below it.
func (p Pattern) top() (dir string, below []level) {
	switch first := p.levels[0]; {
	case first.stars != nil:
		return ".", p.levels
	case first.names == "": // directly in the root
		return "/", p.levels[1:]
	default:
		return first.names, p.levels[1:]
	}
}

// match returns what the stars stand for in a name.
func (l level) match(name string) (parts []string, ok bool) {
	last := len(l.stars) - 1
	rest, before := strings.CutPrefix(name, l.stars[0])
	rest, behind := strings.CutSuffix(rest, l.stars[last])
	if !before || !behind {
		return nil, false
	}
	for _, between := range l.stars[1:last] {
		part, after, found := strings.Cut(rest, between)
		if !found {
			return nil, false
		}
		parts, rest = append(parts, part), after
	}
	return append(parts, rest), true
}

// match returns what the stars stand for in the path of a file.
func (p Pattern) match(file string) (parts []string, ok bool) {
	names, wanted := strings.Split(path.Clean(file), "/"), strings.Split(p.Path, "/")
	if len(names) != len(wanted) {
		return nil, false
	}
	for i, name := range names {
		here, ok := level{stars: strings.Split(wanted[i], "*")}.matchOrEqual(name)
		if !ok {
			return nil, false
		}
		parts = append(parts, here...)
	}
	return parts, true
}

// matchOrEqual is match, also of a name without stars.
func (l level) matchOrEqual(name string) (parts []string, ok bool) {
	if len(l.stars) == 1 {
		return nil, l.stars[0] == name
	}
	return l.match(name)
}

// starInFile reports whether the last name has stars, so that they could stand for what rotation adds to it.
func (p Pattern) starInFile() bool { return p.levels[len(p.levels)-1].stars != nil }

// datedName is a name with a date at its end, or in front of its last part.
var datedName = regexp.MustCompile(`[-._]20[0-9]{2}([-._]?)[01][0-9]([-._]?)[0-3][0-9][-._:T0-9]*(\.[A-Za-z]+)?$`)

// isRotated reports whether a file whose name has stars in its pattern is a rotated one rather than one of another
// server: it is compressed, has a date, or has an age added to the name of one that exists.
func isRotated(name string, exists func(name string) bool) bool {
	if unpackedName(name) != name || datedName.MatchString(name) {
		return true
	}
	ext := path.Ext(name)
	for i, c := range name {
		if !strings.ContainsRune("-._", c) {
			continue
		}
		for _, live := range []string{name[:i], name[:i] + ext} {
			if live != name && exists(live) && Rotation(live, name) != "" {
				return true
			}
		}
	}
	return false
}
