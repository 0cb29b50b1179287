package ingest

import (
	"bytes"
	"strings"
)

// scanner takes a time apart, from its start.
type scanner struct{ rest []byte }

func (s *scanner) end() bool { return len(s.rest) == 0 }

// next reports whether the next byte is one of these.
func (s *scanner) next(of string) bool {
	return len(s.rest) > 0 && strings.IndexByte(of, s.rest[0]) >= 0
}

// take skips the next byte if it is one of these.
func (s *scanner) take(of string) bool {
	if !s.next(of) {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) blanks() bool {
	before := len(s.rest)
	s.rest = bytes.TrimLeft(s.rest, " \t")
	return len(s.rest) < before
}

// digits takes a run of digits, of which at most so many.
func (s *scanner) digits(most int) (n, width int) {
	for width < len(s.rest) && s.rest[width] >= '0' && s.rest[width] <= '9' {
		if width == most {
			return 0, 0
		}
		n = 10*n + int(s.rest[width]-'0')
		width++
	}
	s.rest = s.rest[width:]
	return n, width
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// word takes a run of letters.
func (s *scanner) word() []byte {
	n := 0
	for n < len(s.rest) && isLetter(s.rest[n]) {
		n++
	}
	word := s.rest[:n]
	s.rest = s.rest[n:]
	return word
}
