package act

import (
	"errors"
	"fmt"
	"strings"
)

// Outcome is what has become of a request.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "ok"      // it is as was asked for
	Refused Outcome = "no"      // it was certainly not done
	Unclear Outcome = "unclear" // it may have been done: nobody has answered
)

// Answer is an outcome in words.
type Answer struct {
	Outcome Outcome
	Text    string // one line, without control characters
}

// String is the line of the answer.
func (a Answer) String() string { return strings.TrimSpace(string(a.Outcome) + " " + a.Text) }

// ParseAnswer parses the line of an answer. What it says is kept to printable ASCII, and to a size that a chat shows.
func ParseAnswer(line string) (Answer, error) {
	word, text, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	switch a := (Answer{Outcome(word), printable(text, maxLine)}); a.Outcome {
	case Done, Refused, Unclear:
		return a, nil
	}
	return Answer{}, errors.New("that is no answer of the helper")
}

func done(format string, args ...any) Answer { return Answer{Done, fmt.Sprintf(format, args...)} }

func refused(format string, args ...any) Answer { return Answer{Refused, fmt.Sprintf(format, args...)} }

func unclear(format string, args ...any) Answer { return Answer{Unclear, fmt.Sprintf(format, args...)} }

// printable is foreign text as one line of printable ASCII, of at most that many bytes.
func printable(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	s = strings.Map(func(r rune) rune {
		if r > '~' {
			return '?'
		}
		return r
	}, s)
	if len(s) > most {
		s = s[:most-3] + "..."
	}
	return s
}
