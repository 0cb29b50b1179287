package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// star stands for any name, or a part of one, in the path of a pattern.
const star = "*"

// starRef is what a star stood for, as a name has it: {1}.
var starRef = regexp.MustCompile(`\{([0-9]{1,3})\}`)

// IsPattern reports whether the source stands for all files that its path matches, each of which is a source of its
// own.
func (s *Source) IsPattern() bool { return strings.Contains(s.file(), star) }

// file is the path on whichever machine.
func (s *Source) file() string {
	if s.SFTP != nil {
		return s.SFTP.Path
	}
	return s.Path
}

// Matched returns the source of a file that the pattern matches, where its stars stand for the parts. It has an error
// where that can be no name of a source; what the error quotes is escaped.
func (s *Source) Matched(file string, parts []string) (Source, error) {
	fill := func(text string) string {
		return starRef.ReplaceAllStringFunc(text, func(ref string) string {
			if n, err := strconv.Atoi(ref[1 : len(ref)-1]); err == nil && n >= 1 && n <= len(parts) {
				return parts[n-1]
			}
			return ref
		})
	}
	one := *s
	one.Name, one.Log = fill(s.Name), fill(s.Log)
	if !goodName(one.Name) || !utf8.ValidString(one.Name) {
		return Source{}, fmt.Errorf("%s is no name of 1 to 40 printable characters", strconv.QuoteToASCII(cut(one.Name)))
	}
	if s.SFTP == nil {
		one.Path = file
		return one, nil
	}
	remote := *s.SFTP
	remote.Path = file
	one.SFTP = &remote
	return one, nil
}

// cut is the beginning of a name that may be of any length.
func cut(name string) string {
	const most = 60
	if len(name) > most {
		return name[:most] + "…"
	}
	return name
}

// checkPattern validates the name of a source, and what goes together with a path that is a pattern.
func (r *reader) checkPattern(section string, s *Source) {
	name := section + ".name"
	if !s.IsPattern() {
		if ref := starRef.FindString(s.Name); ref != "" && s.file() != "" {
			r.mistake(name, "has %s, which is what a star in the path stands for, and the path has none", ref)
		}
		return
	}
	file := section + ".path"
	if s.SFTP != nil {
		file = section + ".sftp"
	}
	if strings.Contains(s.file(), star+star) {
		r.mistake(file, "a star stands for a name within one directory, and there is no **")
		return
	}
	stars := strings.Count(s.file(), star)
	if err := checkRefs(s.Name, stars, true); err != nil {
		r.missing(name, file, "%v", err)
	}
	if s.Log != "" {
		if err := checkRefs(s.Log, stars, false); err != nil {
			r.mistake(section+".log", "%v", err)
		}
	}
	if s.Act != "" && s.Act != "none" {
		r.mistake(section+".act", "acts on one server, and a pattern is of many: give that server a [[source]] of its own")
	}
}

// checkRefs checks that a text says which file of a pattern it means, if all by every star.
func checkRefs(text string, stars int, all bool) error {
	used := map[int]bool{}
	for _, m := range starRef.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		if n < 1 || n > stars {
			return fmt.Errorf("has %s, and the path has %d of the stars that it could stand for", m[0], stars)
		}
		used[n] = true
	}
	if len(used) == 0 {
		return errors.New("needs {1}, what the star in the path stands for: without it, all files would be of one server")
	}
	for n := 1; all && n <= stars; n++ {
		if !used[n] {
			return fmt.Errorf("needs {%d} as well: files that differ in that star alone would be of one server", n)
		}
	}
	return nil
}
